#pragma once
// A run as a whole: its intervals after the warm-up added up, what the generator itself used and whether it could keep
// its schedule, and which thresholds held. Pure; any thread.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/interval.h"

namespace weir::load {

/// Counted by one worker, read by whoever asks for a summary while it runs; as the cells of Histogram.
class Count {
 public:
  Count& operator++() { return *this += 1; }
  Count& operator+=(uint64_t more) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    return *this;
  }
  operator uint64_t() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

/// One kind of request over the whole run after the warm-up. `name` does not change once a worker has it.
struct RouteTally {
  std::string name;
  Count completed, good, failed;
  Histogram response;

  void add(const RouteTally& other) {
    name = other.name;
    completed += other.completed;
    good += other.good;
    failed += other.failed;
    response.merge(other.response);
  }
};

/// Did the generator hold its own schedule? When it did not, what was measured is the generator.
struct Verdict {
  bool limited = false;     ///< one of the two rules of judge() was broken
  std::string reason;       ///< which, in words; says so, too, when all is well
  Duration lateness_p99{};  ///< of the schedule; waiting for a connection is the server's doing and is not in it
  double cpu_percent = 0;   ///< of the cores its workers could use
};

struct Summary {
  Duration measured{};                               ///< planned duration without warm-up, or what there was of it
  std::unique_ptr<Interval> total;                   ///< never null
  std::vector<std::unique_ptr<Interval>> intervals;  ///< warm-up included; at most kIntervalsKept, pairs merged beyond
  std::vector<std::unique_ptr<RouteTally>> routes;
  Verdict verdict;
  bool aborted = false;  ///< ended before its time
  uint64_t unfinished = 0;

  /// Per second of `measured`.
  [[nodiscard]] double per_second(uint64_t count) const {
    return measured > Duration{} ? static_cast<double>(count) / measured.seconds() : 0;
  }
};
inline constexpr size_t kIntervalsKept = 600;

/// A percentile, or nothing when fewer than kBeyondMin samples lie beyond it: then one of them more or less would move
/// it, and it would be a number without meaning. p99 wants 1,000 samples, p99.99 wants 100,000.
std::optional<Duration> percentile_of(const Histogram& histogram, double percent);
inline constexpr uint64_t kBeyondMin = 10;

/// "generator-limited": p99 of lateness above a tenth of p99 of response, or more than 80 % of the cores' time used.
/// Where p99 is not known, the highest percentile that is: one late request of a hundred says nothing.
/// `schedule_lateness`: of requests that had not to wait for a connection.
Verdict judge(const Histogram& schedule_lateness, const Histogram& response, double cpu_percent);

}  // namespace weir::load
