#include "balance/outlier.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace weir::balance {
namespace {

/// Up to so many endpoints every failure is weighed against the peers at once; beyond, ratios wait for the sweep,
/// because pooling the peers costs O(n) and a large cluster fails more often.
constexpr size_t kImmediateRatios = 64;

/// Jitter of an ejection, in thousandths to either side: endpoints ejected together must not come back together.
constexpr uint64_t kJitter = 100;

}  // namespace

OutlierDetector::OutlierDetector(const model::OutlierConfig& config, std::vector<OutlierTally*> tallies, uint64_t seed)
    : config_(config), prng_(seed) {
  entries_.reserve(tallies.size());
  for (OutlierTally* tally : tallies) entries_.push_back({.tally = tally, .ejection = {}});
}

void OutlierDetector::import_state(size_t endpoint, const EjectionState& state) {
  Entry& entry = entries_[endpoint];
  entry.ejection = state;
  if (state.state == OutlierState::probation) unclaimed_.fetch_add(1, std::memory_order_relaxed);
  entry.tally->set_state(state.state);
  entry.withheld = false;
  if (!entry.available) withhold_probation(endpoint);
}

void OutlierDetector::set_available(size_t endpoint, bool available) {
  Entry& entry = entries_[endpoint];
  if (entry.available == available) return;
  entry.available = available;
  if (!available) return withhold_probation(endpoint);
  if (entry.withheld) release_probation(endpoint);
}

Duration OutlierDetector::nominal_ejection(uint32_t ejections) const {
  const uint32_t doublings = std::min(ejections - 1, 30u);
  const int64_t limit = config_.max_ejection.ns() >> doublings;
  return config_.base_ejection.ns() >= limit ? std::max(config_.max_ejection, config_.base_ejection)
                                             : config_.base_ejection * (int64_t{1} << doublings);
}

bool OutlierDetector::may_eject(size_t endpoint) {
  const size_t allowed = std::max<size_t>(1, entries_.size() * config_.max_ejection_percent / 100);
  size_t ejected = 0;
  bool another_serves = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].ejection.state != OutlierState::serving) ++ejected;
    if (i != endpoint && is_peer(i)) another_serves = true;
  }
  if (another_serves && ejected < allowed) return true;
  ++withheld_;
  return false;
}

Transition OutlierDetector::change(size_t endpoint, OutlierState to, const Evidence& evidence, Instant now) {
  Entry& entry = entries_[endpoint];
  const Transition transition{endpoint, entry.ejection.state, to, evidence};
  entry.ejection.state = to;
  entry.ejection.since = now;
  entry.ejection.slow_windows = 0;
  entry.withheld = false;
  // Counted before it can be claimed, so that the count never falls below zero.
  if (to == OutlierState::probation) unclaimed_.fetch_add(1, std::memory_order_relaxed);
  if (entry.tally->set_state(to)) unclaimed_.fetch_sub(1, std::memory_order_relaxed);
  return transition;
}

Transition OutlierDetector::eject(size_t endpoint, Evidence evidence, Instant now) {
  EjectionState& ejection = entries_[endpoint].ejection;
  ++ejection.ejections;
  const Duration nominal = nominal_ejection(ejection.ejections);
  const auto jitter = static_cast<int64_t>(1000 - kJitter + prng_.below(2 * kJitter + 1));
  evidence.ejection = Duration::ns(nominal.ns() / 1000 * jitter);
  evidence.ejections = ejection.ejections;
  ejection.until = now + evidence.ejection;
  return change(endpoint, OutlierState::ejected, evidence, now);
}

std::optional<Transition> OutlierDetector::judge_serving(size_t endpoint, Instant now) {
  if (!is_peer(endpoint)) return std::nullopt;
  std::optional<Evidence> evidence = run_evidence(endpoint);
  if (!evidence && entries_.size() <= kImmediateRatios) {
    read_counts(now);
    const Counts all = pool_counts();
    const Counts own = counts_[endpoint];
    evidence = ratio_evidence(own, {all.requests - own.requests, all.failures - own.failures});
  }
  if (!evidence || !may_eject(endpoint)) return std::nullopt;
  return eject(endpoint, *evidence, now);
}

/// As whoever sends it would, we take the request that nobody has taken yet.
void OutlierDetector::withhold_probation(size_t endpoint) {
  Entry& entry = entries_[endpoint];
  if (!entry.tally->try_claim_probation()) return;
  entry.withheld = true;
  unclaimed_.fetch_sub(1, std::memory_order_relaxed);
}

void OutlierDetector::release_probation(size_t endpoint) {
  Entry& entry = entries_[endpoint];
  entry.withheld = !entry.available;
  if (entry.withheld) return;
  unclaimed_.fetch_add(1, std::memory_order_relaxed);
  if (!entry.tally->release_probation()) unclaimed_.fetch_sub(1, std::memory_order_relaxed);
}

std::optional<Transition> OutlierDetector::judge_probation(size_t endpoint, Outcome outcome, Duration latency,
                                                           Instant now) {
  // A request that began before the probation is a straggler; it says how the endpoint was, not how it is.
  EjectionState& ejection = entries_[endpoint].ejection;
  if (now - latency < ejection.since) return std::nullopt;
  if (outcome == Outcome::cancelled) {
    release_probation(endpoint);
    return std::nullopt;
  }
  Evidence evidence{.reason = OutlierReason::probation_failed};
  if (outcome != Outcome::success) return eject(endpoint, evidence, now);
  evidence.reason = OutlierReason::probation_passed;
  evidence.ejections = ejection.ejections;
  ejection.decayed_at = now;
  entries_[endpoint].tally->clear();
  return change(endpoint, OutlierState::serving, evidence, now);
}

std::optional<Transition> OutlierDetector::judge(size_t endpoint, Outcome outcome, Duration latency, Instant now) {
  if (!config_.enabled) return std::nullopt;
  switch (entries_[endpoint].ejection.state) {
    case OutlierState::serving: {
      const bool failure = outcome != Outcome::success && outcome != Outcome::cancelled;
      return failure ? judge_serving(endpoint, now) : std::nullopt;
    }
    case OutlierState::ejected: return std::nullopt;
    case OutlierState::probation: return judge_probation(endpoint, outcome, latency, now);
  }
  UNREACHABLE();
}

std::optional<Transition> OutlierDetector::on_result(size_t endpoint, Outcome outcome, Duration latency, Instant now) {
  if (!entries_[endpoint].tally->record(outcome, latency, now)) return std::nullopt;
  return judge(endpoint, outcome, latency, now);
}

std::optional<size_t> OutlierDetector::claim_probation(bool may_repeat) {
  if (unclaimed_.load(std::memory_order_relaxed) == 0) return std::nullopt;
  if (!may_repeat && !open_to_all_.load(std::memory_order_relaxed)) return std::nullopt;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].tally->try_claim_probation()) continue;
    unclaimed_.fetch_sub(1, std::memory_order_relaxed);
    return i;
  }
  return std::nullopt;
}

void OutlierDetector::advance_time(Instant now) {
  bool waits_in_vain = false;
  for (size_t i = 0; i < entries_.size(); ++i) {
    EjectionState& ejection = entries_[i].ejection;
    switch (ejection.state) {
      case OutlierState::serving:
        while (ejection.ejections > 0 && now - ejection.decayed_at >= nominal_ejection(ejection.ejections)) {
          ejection.decayed_at = ejection.decayed_at + nominal_ejection(ejection.ejections);
          --ejection.ejections;
        }
        break;
      case OutlierState::ejected:
        // While it fails its active checks there is no point in risking a request.
        if (now >= ejection.until && entries_[i].available) {
          const Evidence evidence{.reason = OutlierReason::ejection_over,
                                  .ejection = now - ejection.since,
                                  .ejections = ejection.ejections};
          transitions_.push_back(change(i, OutlierState::probation, evidence, now));
        }
        break;
      case OutlierState::probation:
        // Whoever took the one request never told how it ended; another one may try.
        if (now - ejection.since >= config_.max_ejection) {
          ejection.since = now;
          release_probation(i);
        }
        waits_in_vain |= now - ejection.since >= config_.base_ejection && entries_[i].tally->probation_unclaimed();
        break;
    }
  }
  open_to_all_.store(waits_in_vain, std::memory_order_relaxed);
}

std::span<const Transition> OutlierDetector::sweep(Instant now, std::span<const SweepInput> inputs) {
  transitions_.clear();
  if (!config_.enabled) return transitions_;
  DCHECK(inputs.size() == entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) set_available(i, inputs[i].available);
  advance_time(now);
  if (config_.failure_percent != 0) sweep_ratios(now);
  if (config_.latency_factor != 0) sweep_latencies(now, inputs);
  return transitions_;
}

}  // namespace weir::balance
