#pragma once
// What happened in one stretch of a run, by the time at which it ended. Three histograms in nanoseconds:
//   response  from the intended start to the last byte: what somebody who came at that time waited (G. Tene's
//             "coordinated omission" is the error of leaving out the part before the send). A request that timed out
//             counts with the time it waited, because it took at least that long; one that failed at once does not.
//   service   from the send to the last byte, connecting included when it took a new connection; whole responses only.
//   lateness  from the intended start to the send: the generator's own delay and the waiting for a connection.
// Intervals add up (merge), over time and over workers. Values; one writer, any thread may read a finished one.

#include <array>

#include "base/histogram.h"
#include "base/time.h"
#include "load/failure.h"

namespace weir::load {

struct Interval {
  Duration at{};      ///< its beginning, since the run's
  Duration length{};  ///< the last one includes the wait for those still in flight
  bool warm_up = false;
  uint64_t offered = 0;    ///< arrivals whose intended start lies in it
  uint64_t started = 0;    ///< sent
  uint64_t completed = 0;  ///< whole responses, of any status
  uint64_t good = 0;       ///< of these, below 400
  std::array<uint64_t, kFailures> failures{};
  uint64_t connects = 0;       ///< new connections asked for
  uint64_t bytes_read = 0;     ///< of response bodies
  uint32_t in_flight_max = 0;  ///< of one instant; merged over workers their sum, over time the largest
  Histogram response;
  Histogram service;
  Histogram lateness;

  [[nodiscard]] uint64_t failed() const;
  [[nodiscard]] uint64_t count_of(Failure failure) const { return failures[static_cast<size_t>(failure)]; }
  [[nodiscard]] Duration end() const { return at + length; }

  /// The same stretch, seen by another worker.
  void add_worker(const Interval& other);
  /// The stretch that follows.
  void add_following(const Interval& next);

 private:
  void add_counts(const Interval& other);
};

}  // namespace weir::load
