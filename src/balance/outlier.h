#pragma once
// Outlier detection: takes endpoints out of service because of what real requests experience, and works from two
// endpoints on. (Detection by standard deviation cannot: with k equally bad endpoints of n the deviation is
// sqrt((n-k)/k), below any useful threshold for n < 5 or for more than a fifth of bad ones.) An endpoint is ejected for
//   - a run of gateway failures, or, counted apart, of failed connects, while a peer's run is clearly shorter;
//   - its failure ratio over the window, when it is above an absolute floor and a one-sided Fisher exact test
//   (fisher.h) against
//     its peers pooled is significant at 0.001 divided by the number of endpoints;
//   - its median latency, when it exceeds `latency_factor` times the median of its peers' medians (and 5 ms) in
//   `latency_windows`
//     consecutive sweeps; an endpoint that answers nothing counts with the age of its oldest request. One that is new
//     is not judged by its answers while its slow start lasts; one that was ejected is.
// At most max(1, percent x N) endpoints are ejected at a time and never the last one that could serve.
//
// serving -> ejected, for base x 2^(n-1) at the n-th time, capped, +-10 % -> probation, where exactly one request is
// allowed, preferably one that can be repeated elsewhere when it fails; if none of those came for the base ejection
// time (a service that is only posted to), any: success -> serving with an empty window (and slow start); failure ->
// ejected, longer. n shrinks by one for every stretch of service as long as the ejection that n stands for. A
// successful active check does not end an ejection.
//
//   if (tally.record(outcome, latency, now)) { lock; if (auto t = detector.judge(i, outcome, latency, now)) apply(*t);
//   } every sweep_interval(): lock; for (auto& t : detector.sweep(now, inputs)) apply(t); before a pick: if (auto i =
//   detector.claim_probation(may_repeat)) send this request to i instead;
//
// Threads: claim_probation() from any; everything else single-owner (the caller's lock). The jitter comes from the
// seed, time is an argument: deterministic. `tallies` must outlive the detector; tally + export_state() carry an
// endpoint over a reload.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "balance/outlier_tally.h"
#include "base/prng.h"
#include "base/time.h"
#include "model/config.h"

namespace weir::balance {

enum class OutlierReason : uint8_t {
  gateway_run,  ///< consecutive gateway failures
  local_run,    ///< consecutive failed connects
  failure_ratio,
  latency,
  stuck,          ///< latency, told by requests that are not answered at all
  ejection_over,  ///< the time of the ejection is up
  probation_passed,
  probation_failed,
};
std::string_view name_of(OutlierReason reason);

/// The numbers behind a transition. Only those that the reason speaks of are set.
struct Evidence {
  OutlierReason reason = OutlierReason::gateway_run;
  uint32_t run = 0;
  OutlierTally::Counts own{};
  OutlierTally::Counts peers{};
  double p_value = 1.0;
  Duration median{};
  Duration peers_median{};
  Duration ejection{};     ///< how long the endpoint is (or was) ejected
  uint32_t ejections = 0;  ///< the n of base x 2^(n-1)
};

struct Transition {
  size_t endpoint = 0;
  OutlierState from = OutlierState::serving;
  OutlierState to = OutlierState::serving;
  Evidence evidence;
};

/// One line for the log, without the endpoint's name:
/// "serving -> ejected for 5.2 s (ejection 1): 12 of 24 (50.0 %) of its requests failed, 1 of 240 (0.4 %) of its peers'
/// (p = 3e-12)".
std::string describe(const Transition& transition);

/// What a reload carries over, together with the endpoint's tally.
struct EjectionState {
  OutlierState state = OutlierState::serving;
  uint32_t ejections = 0;
  Instant since{};            ///< of the present state
  Instant until{};            ///< of an ejection
  Instant decayed_at{};       ///< when `ejections` last shrank
  uint32_t slow_windows = 0;  ///< consecutive sweeps in which it was slow
};

struct SweepInput {
  bool available = true;  ///< could serve but for us: passes active checks, is not draining, has weight
  uint32_t in_flight = 0;
  Duration oldest_in_flight{};  ///< age of the oldest unanswered request (no upgraded connections)
  bool warming = false;         ///< new, and in its slow start: slow answers are its cold caches, and will pass
};

class OutlierDetector {
 public:
  OutlierDetector(const model::OutlierConfig& config, std::vector<OutlierTally*> tallies, uint64_t seed);

  /// After OutlierTally::record said so.
  std::optional<Transition> judge(size_t endpoint, Outcome outcome, Duration latency, Instant now);
  /// record() and judge() in one, for callers with a single thread.
  std::optional<Transition> on_result(size_t endpoint, Outcome outcome, Duration latency, Instant now);
  /// `inputs` has one entry per endpoint. What is returned is valid until the next sweep.
  std::span<const Transition> sweep(Instant now, std::span<const SweepInput> inputs);
  [[nodiscard]] Duration sweep_interval() const { return config_.window / OutlierTally::kBuckets; }

  /// Lock-free: an endpoint in probation that is owed its one request; the caller must send it one and report the
  /// result. `may_repeat`: the caller's request can be sent to another endpoint if it fails.
  std::optional<size_t> claim_probation(bool may_repeat);

  /// Between sweeps, when an endpoint's active health, drain or weight changes. While it is not available it is not
  /// owed the request of its probation either: that would be a request to who drains or fails its checks.
  void set_available(size_t endpoint, bool available);

  [[nodiscard]] OutlierState state(size_t endpoint) const { return entries_[endpoint].ejection.state; }
  [[nodiscard]] EjectionState export_state(size_t endpoint) const { return entries_[endpoint].ejection; }
  void import_state(size_t endpoint, const EjectionState& state);
  /// Ejections that were due but would have exceeded the limit; each endpoint counts once per sweep or failure.
  [[nodiscard]] uint64_t withheld() const { return withheld_; }

 private:
  struct Entry {
    OutlierTally* tally = nullptr;
    EjectionState ejection;
    bool available = true;
    bool withheld = false;  ///< the request of its probation is with us until it is available again
  };

  using Counts = OutlierTally::Counts;
  struct SlowEndpoint {
    size_t endpoint = 0;
    Evidence evidence;
  };

  // outlier.cc: the state machine.
  Transition eject(size_t endpoint, Evidence evidence, Instant now);
  Transition change(size_t endpoint, OutlierState to, const Evidence& evidence, Instant now);
  std::optional<Transition> judge_serving(size_t endpoint, Instant now);
  std::optional<Transition> judge_probation(size_t endpoint, Outcome outcome, Duration latency, Instant now);
  void advance_time(Instant now);
  void release_probation(size_t endpoint);
  void withhold_probation(size_t endpoint);
  bool may_eject(size_t endpoint);
  [[nodiscard]] Duration nominal_ejection(uint32_t ejections) const;

  // outlier_conditions.cc: when an endpoint is bad.
  [[nodiscard]] bool is_peer(size_t endpoint) const;
  [[nodiscard]] std::optional<Evidence> run_evidence(size_t endpoint) const;
  [[nodiscard]] std::optional<Evidence> ratio_evidence(Counts own, Counts peers) const;
  void read_counts(Instant now);
  [[nodiscard]] Counts pool_counts() const;
  void sweep_ratios(Instant now);
  void sweep_latencies(Instant now, std::span<const SweepInput> inputs);
  void read_latencies(Instant now);
  std::optional<SlowEndpoint> judge_latency(size_t endpoint, const OutlierTally::LatencySample& sample,
                                            const SweepInput& input, Duration peers_median);
  [[nodiscard]] Duration slow_bar(Duration peers_median) const;

  model::OutlierConfig config_;
  std::vector<Entry> entries_;
  Prng prng_;
  uint64_t withheld_ = 0;
  /// Probations whose request nobody took: the common answer "none" costs one load.
  std::atomic<uint32_t> unclaimed_{0};
  /// As of the last sweep: a probation waits in vain for a request that may be repeated, so that any may take it.
  std::atomic<bool> open_to_all_{false};

  // Of one call, kept for their memory: a sweep over ten thousand endpoints should not allocate.
  std::vector<Counts> counts_;
  std::vector<OutlierTally::LatencySample> samples_;
  std::vector<std::optional<Duration>> medians_;  ///< of the peers that are a measure of speed
  std::vector<Duration> sorted_;                  ///< the same, ascending
  std::vector<SlowEndpoint> slow_;
  std::vector<Transition> transitions_;
};

}  // namespace weir::balance
