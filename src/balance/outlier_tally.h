#pragma once
// What outlier detection remembers of one endpoint's results: exact counts of requests and failures in ten time
// buckets, runs of failures, and a coarse latency histogram of the present sweep interval. Many workers record; the
// detector (outlier.h) reads. Exact counts, not an average: in an EWMA a tight burst gives each sample almost no weight
// and can hide a total outage (Linkerd).
//
// Threads: record() from any thread, lock-free, relaxed. The members under "the detector's side" belong to whoever
// holds the detector's lock. A tally belongs to an endpoint's identity and survives reloads; the detector only points
// to it.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace weir::balance {

enum class Outcome : uint8_t {
  success,
  gateway_failure,  ///< 502, 503, 504; reset, malformed answer or timeout after the connection was made
  server_error,     ///< any other 5xx: counts in the ratio, but the endpoint did answer
  local_failure,    ///< no connection: refused, unreachable, connect timeout
  cancelled,        ///< the client went away; evidence only when it had waited long
};

enum class OutlierState : uint8_t { serving, ejected, probation };
std::string_view name_of(OutlierState state);

class alignas(64) OutlierTally {
 public:
  static constexpr uint32_t kBuckets = 10;
  /// Four latency buckets per octave (a factor of 1.19), from 16 us to 4.6 minutes.
  static constexpr size_t kLatencyBuckets = 98;

  struct Counts {
    uint64_t requests = 0;
    uint64_t failures = 0;
    bool operator==(const Counts&) const = default;
  };

  explicit OutlierTally(Duration window);
  OutlierTally(const OutlierTally&) = delete;
  OutlierTally& operator=(const OutlierTally&) = delete;

  /// True when OutlierDetector::judge must be called with the same arguments: on a failure, and on any result in
  /// probation.
  bool record(Outcome outcome, Duration latency, Instant now);

  /// Exact counts of the last window (its oldest tenth may be partly over).
  [[nodiscard]] Counts counts(Instant now) const;
  [[nodiscard]] uint32_t gateway_run() const { return gateway_run_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint32_t local_run() const { return local_run_.load(std::memory_order_relaxed); }
  [[nodiscard]] OutlierState state() const;
  /// Takes the one request that an endpoint in probation is allowed. False when it is not in probation or someone else
  /// has it.
  [[nodiscard]] bool try_claim_probation();
  [[nodiscard]] Duration window() const { return Duration::ns(bucket_ns_ * kBuckets); }

  // The detector's side.
  struct LatencySample {
    uint64_t count = 0;
    Duration median{};
  };
  /// Median of what was recorded since the last reset; the midpoint of its bucket.
  [[nodiscard]] LatencySample latency() const;
  void reset_latency();
  /// Forgets counts and runs: the window of an endpoint that returns starts empty.
  void clear();
  /// True when this ended a probation whose one request nobody had taken.
  bool set_state(OutlierState state);
  [[nodiscard]] bool probation_unclaimed() const;
  /// Gives the probation's one request back, e.g. because the client went away before an answer. False when nobody had
  /// it.
  bool release_probation();
  /// Requests without a regular answer count as samples of latency only from this age on: an early abort says nothing.
  void set_slow_bar(Duration bar) { slow_bar_ns_.store(bar.ns(), std::memory_order_relaxed); }

  static size_t latency_bucket_of(Duration latency);
  static Duration latency_midpoint(size_t bucket);

 private:
  enum class Gate : uint8_t { serving, ejected, probation_open, probation_taken };

  void count(bool failure, Instant now);
  void note_latency(Duration latency);
  void note_lower_bound(Duration latency);

  int64_t bucket_ns_;
  std::atomic<Gate> gate_{Gate::serving};
  std::atomic<uint32_t> gateway_run_{0};
  std::atomic<uint32_t> local_run_{0};
  std::atomic<int64_t> slow_bar_ns_{0};
  std::array<std::atomic<uint64_t>, kBuckets> cells_{};  ///< bucket number, requests and failures in one word
  std::array<std::atomic<uint32_t>, kLatencyBuckets> latency_{};
};

}  // namespace weir::balance
