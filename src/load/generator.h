#pragma once
// Sends what a plan says, on threads of its own, and hands out what it saw as one Interval per second.
//
//   auto generator = Generator::start(plan, 1);
//   if (!generator) complain(generator.error());
//   while (!(*generator)->finished()) {
//     for (const auto& each : (*generator)->take_intervals()) draw(*each);
//     ...
//   }
//   const Summary summary = (*generator)->summary();
//
// It ends on its own, at the latest the timeout after the duration, whatever the server does. Memory does not grow
// with the length of a run: arrivals are drawn as they come (those that wait for a connection are simply not drawn
// yet), and intervals nobody takes are merged. All methods: any thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "load/interval.h"
#include "load/plan.h"
#include "load/summary.h"

namespace weir::load {

class Generator {
 public:
  /// Opens the sessions (blocking: seconds when the server hashes passwords), then begins. The error is a sentence.
  static Result<std::unique_ptr<Generator>, std::string> start(const Plan& plan, uint32_t workers);
  virtual ~Generator() = default;  ///< stops at once and joins
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  /// Intervals that are over since the last call, in order.
  virtual std::vector<std::unique_ptr<Interval>> take_intervals() = 0;
  [[nodiscard]] virtual bool finished() const = 0;
  /// Waits until finished or for so long, whichever is sooner; true when finished.
  virtual bool wait(Duration at_most) = 0;
  /// Open loop: from now on this rate, constant or Poisson as planned; the stages that were to come are off.
  virtual void set_rate(double per_second) = 0;
  /// No more arrivals; finished once those in flight have ended, at the latest after the timeout.
  virtual void stop() = 0;
  /// Of what was seen so far; final when finished.
  [[nodiscard]] virtual Summary summary() const = 0;
  /// Since the run's beginning, on the clock of Interval::at.
  [[nodiscard]] virtual Duration elapsed() const = 0;
  /// The instant (net::read_clock) at which the run began, to place other events on its time line.
  [[nodiscard]] virtual Instant began() const = 0;

 protected:
  Generator() = default;
};

}  // namespace weir::load
