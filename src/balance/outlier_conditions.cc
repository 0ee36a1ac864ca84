// When an endpoint is bad: the conditions of OutlierDetector. Each compares the endpoint with its peers (endpoints that
// could serve and do), so that trouble which all share, such as a database behind them, ejects nobody.

#include <algorithm>
#include <optional>

#include "balance/fisher.h"
#include "balance/outlier.h"

namespace weir::balance {
namespace {

/// Significance of the ratio test before the correction for the number of endpoints (Bonferroni: n endpoints are n
/// chances to be wrong). The test is repeated as the window slides; the absolute floor on the ratio is what keeps long
/// clean runs clean.
constexpr double kAlpha = 0.001;

/// Answers in a sweep interval from which a median means something.
constexpr uint64_t kMinLatencySamples = 5;

/// Unanswered requests from which silence means something: a single one may simply be a long one.
constexpr uint32_t kMinStuckRequests = 2;

/// Medians closer than this are never an outlier, whatever their ratio: factors between microseconds are noise.
constexpr Duration kMinLatencyDifference = Duration::ms(5);

/// Median of `sorted` without one occurrence of `own`, if given. Of an even number: the mean of the middle two.
Duration median_of_others(const std::vector<Duration>& sorted, std::optional<Duration> own) {
  const size_t skipped =
      own ? static_cast<size_t>(std::lower_bound(sorted.begin(), sorted.end(), *own) - sorted.begin()) : sorted.size();
  const size_t count = sorted.size() - (own ? 1 : 0);
  if (count == 0) return Duration{};
  const auto at = [&](size_t i) { return sorted[i < skipped ? i : i + 1]; };
  return count % 2 == 1 ? at(count / 2) : (at(count / 2 - 1) + at(count / 2)) / 2;
}

}  // namespace

bool OutlierDetector::is_peer(size_t endpoint) const {
  return entries_[endpoint].available && entries_[endpoint].ejection.state == OutlierState::serving;
}

std::optional<Evidence> OutlierDetector::run_evidence(size_t endpoint) const {
  const OutlierTally& tally = *entries_[endpoint].tally;
  Evidence evidence;
  const auto reached = [&](uint32_t run, uint32_t limit, OutlierReason reason) {
    if (limit == 0 || run < limit) return false;
    evidence.reason = reason;
    evidence.run = run;
    return true;
  };
  if (!reached(tally.gateway_run(), config_.consecutive_gateway_failures, OutlierReason::gateway_run) &&
      !reached(tally.local_run(), config_.consecutive_local_failures, OutlierReason::local_run)) {
    return std::nullopt;
  }
  // Somebody must be clearly better off, or ejecting this one would only move its requests to the next one that fails.
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (i == endpoint || !is_peer(i)) continue;
    const uint32_t peer_run = std::max(entries_[i].tally->gateway_run(), entries_[i].tally->local_run());
    if (uint64_t{peer_run} * 2 <= evidence.run) return evidence;
  }
  return std::nullopt;
}

void OutlierDetector::read_counts(Instant now) {
  counts_.clear();
  for (const Entry& entry : entries_) counts_.push_back(entry.tally->counts(now));
}

OutlierTally::Counts OutlierDetector::pool_counts() const {
  Counts sum;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (!is_peer(i)) continue;
    sum.requests += counts_[i].requests;
    sum.failures += counts_[i].failures;
  }
  return sum;
}

std::optional<Evidence> OutlierDetector::ratio_evidence(Counts own, Counts peers) const {
  if (config_.failure_percent == 0 || own.failures == 0 || own.requests < config_.min_requests) return std::nullopt;
  if (own.failures * 100 < own.requests * config_.failure_percent) return std::nullopt;
  const double p_value = fisher_one_sided(own.failures, own.requests, peers.failures, peers.requests);
  if (p_value > kAlpha / static_cast<double>(entries_.size())) return std::nullopt;
  return Evidence{.reason = OutlierReason::failure_ratio, .own = own, .peers = peers, .p_value = p_value};
}

void OutlierDetector::sweep_ratios(Instant now) {
  read_counts(now);
  Counts all = pool_counts();
  // The worst first: its failures burden the peers' ratio that the others are measured by, and ejections are limited.
  for (;;) {
    std::optional<size_t> worst;
    Evidence worst_evidence;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!is_peer(i)) continue;
      const Counts peers{all.requests - counts_[i].requests, all.failures - counts_[i].failures};
      const std::optional<Evidence> evidence = ratio_evidence(counts_[i], peers);
      if (!evidence || (worst && evidence->p_value >= worst_evidence.p_value)) continue;
      worst = i;
      worst_evidence = *evidence;
    }
    if (!worst || !may_eject(*worst)) return;
    all = {all.requests - counts_[*worst].requests, all.failures - counts_[*worst].failures};
    transitions_.push_back(eject(*worst, worst_evidence, now));
  }
}

Duration OutlierDetector::slow_bar(Duration peers_median) const {
  return std::max(peers_median * config_.latency_factor, peers_median + kMinLatencyDifference);
}

std::optional<OutlierDetector::SlowEndpoint> OutlierDetector::judge_latency(size_t endpoint,
                                                                            const OutlierTally::LatencySample& sample,
                                                                            const SweepInput& input,
                                                                            Duration peers_median) {
  Entry& entry = entries_[endpoint];
  Evidence evidence{.reason = OutlierReason::latency, .median = sample.median, .peers_median = peers_median};
  if (sample.count == 0 && input.in_flight >= kMinStuckRequests) {
    evidence.reason = OutlierReason::stuck;
    evidence.median = input.oldest_in_flight;
  } else if (sample.count < kMinLatencySamples) {
    return std::nullopt;  // too little to judge yet: the sample keeps growing, the verdict so far stands
  }
  const bool excused = input.warming && evidence.reason == OutlierReason::latency;
  if (excused || evidence.median < slow_bar(peers_median)) {
    entry.ejection.slow_windows = 0;
    return std::nullopt;
  }
  if (++entry.ejection.slow_windows < config_.latency_windows) return std::nullopt;
  evidence.run = entry.ejection.slow_windows;
  return SlowEndpoint{endpoint, evidence};
}

void OutlierDetector::read_latencies(Instant now) {
  samples_.clear();
  medians_.assign(entries_.size(), std::nullopt);
  sorted_.clear();
  for (size_t i = 0; i < entries_.size(); ++i) {
    samples_.push_back(entries_[i].tally->latency());
    if (!is_peer(i) || samples_[i].count < kMinLatencySamples) continue;
    // An endpoint that fails is no measure of speed: errors are often the quickest answers.
    const Counts counts = entries_[i].tally->counts(now);
    if (config_.failure_percent != 0 && counts.failures * 100 > counts.requests * config_.failure_percent) continue;
    medians_[i] = samples_[i].median;
    sorted_.push_back(samples_[i].median);
  }
  std::sort(sorted_.begin(), sorted_.end());
}

void OutlierDetector::sweep_latencies(Instant now, std::span<const SweepInput> inputs) {
  read_latencies(now);
  slow_.clear();
  for (size_t i = 0; i < entries_.size(); ++i) {
    const Duration peers_median = median_of_others(sorted_, medians_[i]);
    if (is_peer(i) && peers_median > Duration{}) {
      entries_[i].tally->set_slow_bar(slow_bar(peers_median));
      if (const auto found = judge_latency(i, samples_[i], inputs[i], peers_median)) slow_.push_back(*found);
    }
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (samples_[i].count >= kMinLatencySamples) entries_[i].tally->reset_latency();
  }
  // The slowest first, of equals the first of the cluster: a total order, because a stable sort would allocate.
  std::sort(slow_.begin(), slow_.end(), [](const SlowEndpoint& a, const SlowEndpoint& b) {
    if (a.evidence.median != b.evidence.median) return a.evidence.median > b.evidence.median;
    return a.endpoint < b.endpoint;
  });
  for (const SlowEndpoint& found : slow_) {
    if (may_eject(found.endpoint)) transitions_.push_back(eject(found.endpoint, found.evidence, now));
  }
}

}  // namespace weir::balance
