#pragma once
// When requests are to come: fixed by plan and seed, before and apart from anything the server does. Several workers
// walk the same schedule and each takes every n-th arrival, so that their number changes nothing of the load.
//
// The rate is cut into straight pieces and the integral inverted: arrival k is where the integral of the rate has grown
// by one since arrival k - 1, or for Poisson by an exponential draw of mean one (E. Cinlar, "Introduction to Stochastic
// Processes", 1975, section 4.7). Evenly spaced arrivals come where the integral is a half, one and a half, ...: so
// many as the integral over the run, rounded. No memory grows with the number of arrivals. Pure; one thread.
//
//   Schedule schedule(plan, worker, workers);
//   while (const Arrival* next = schedule.peek()) { ...; schedule.pop(); }

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/prng.h"
#include "base/time.h"
#include "load/plan.h"

namespace weir::load {

struct Arrival {
  Duration at{};        ///< the intended start, since the run's
  uint64_t number = 0;  ///< of all arrivals of the run, of every worker
};

class Schedule {
 public:
  /// The plan must outlive the schedule. A closed loop has no arrivals.
  explicit Schedule(const Plan& plan, uint32_t worker = 0, uint32_t workers = 1);

  /// The next arrival of this worker, or null when there are no more before the end.
  const Arrival* peek();
  /// Takes it. Only after peek() gave one.
  void pop();
  /// Arrivals of this worker before `at` that were not counted yet; takes them.
  uint64_t count_until(Duration at);

  /// From `at` on this rate and no other; arrivals that were popped stay. Workers that are told the same `at` agree.
  void set_rate(Duration at, double rate);
  /// No arrivals from `at` on.
  void end(Duration at);
  [[nodiscard]] Duration ends_at() const { return Duration::ns(end_ns_); }
  /// Arrivals per second that are planned for `at`; 0 for a log, whose rate nobody knows.
  [[nodiscard]] double rate_at(Duration at) const;

 private:
  struct Piece {
    int64_t begin = 0, end = 0;
    double rate_begin = 0, rate_end = 0;
    [[nodiscard]] double rate(double at_ns) const;
  };
  /// Where the walk stands: all that the arrivals to come depend on.
  struct Position {
    double at_ns = 0;
    uint64_t number = 0;  ///< of the next arrival
    Prng prng;
  };

  void add_stage(Duration at, double rate, Duration over);
  [[nodiscard]] size_t piece_at(int64_t at_ns) const;
  std::optional<Arrival> walk(Position& position) const;
  [[nodiscard]] std::optional<Arrival> walk_rate(Position& position) const;
  [[nodiscard]] std::optional<Arrival> walk_log(Position& position) const;

  const Plan& plan_;
  uint32_t worker_, workers_;
  int64_t end_ns_;
  std::vector<Piece> pieces_;  ///< without gaps, the last without end
  Position taken_;             ///< after the last arrival that was popped
  Position ahead_;             ///< after the one that peek shows
  std::optional<Arrival> shown_;
};

}  // namespace weir::load
