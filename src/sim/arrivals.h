#pragma once
// When the requests of an open loop come: instants from zero on, of a rate that varies over time as stages times bursts
// times day. Poisson, evenly spaced, or recorded.
//
// Both kinds invert the integral of the rate (E. Cinlar, "Introduction to Stochastic Processes", 1975, section 4.7; P.
// Lewis and G. Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979, compare it with thinning):
// the next arrival is where the integral has grown by one, or for Poisson by an exponential draw of mean one. The rate
// is cut into straight pieces, where that is a quadratic equation; so every draw is an arrival, none is thrown away,
// and stretches without any rate are stepped over.
//
//   ArrivalProcess arrivals(client);
//   while (const std::optional<Instant> at = arrivals.next(prng)) ...
//
// Bursts begin at burst_every, twice it, and so on: a run starts calm. A day is a sinusoid, rising first; it is
// followed in 1024 chords. The spec must outlive the process (a trace stays in the spec). One thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/prng.h"
#include "base/time.h"
#include "sim/scenario.h"

namespace weir::sim {

class ArrivalProcess {
 public:
  explicit ArrivalProcess(const ClientSpec& spec);

  /// Ascending; nothing once no arrival can ever come. A trace gives its entries in order: the n-th call the n-th
  /// entry. A closed loop has no arrivals of its own.
  std::optional<Instant> next(Prng& prng);

  /// Requests per second of an open loop; 0 for a trace, whose rate nobody knows.
  [[nodiscard]] double rate_at(Instant at) const;

 private:
  /// A straight piece of the rate, in requests per second, over [begin, end) in nanoseconds.
  struct Piece {
    int64_t begin = 0, end = 0;
    double rate_begin = 0, rate_end = 0;
    [[nodiscard]] double rate(double at_ns) const;
  };
  struct Factor {
    double value = 1;
    int64_t until = INT64_MAX;  ///< first instant at which it may be another
  };

  void lay_out_stages(std::span<const StageSpec> stages);
  [[nodiscard]] const Piece& stage_at(int64_t at_ns) const;
  [[nodiscard]] Factor burst_at(int64_t at_ns) const;
  [[nodiscard]] double day_factor(int64_t at_ns) const;
  [[nodiscard]] Piece piece_at(int64_t at_ns) const;
  std::optional<Instant> next_of_trace();

  const ClientSpec& spec_;
  std::vector<Piece> stages_;  ///< without gaps, the last without end
  Piece piece_;                ///< where the process is now
  double at_ns_ = 0;           ///< of the last arrival, not rounded, or errors of rounding would add up
  size_t trace_next_ = 0;
};

}  // namespace weir::sim
