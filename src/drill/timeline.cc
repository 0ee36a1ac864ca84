#include "drill/timeline.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace weir::drill {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double ms_of(uint64_t ns) { return static_cast<double>(ns) / 1e6; }

double percent_of(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

const EndpointSample* find(const Sample& sample, const std::string& name) {
  for (const EndpointSample& each : sample.endpoints) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

bool is_victim(const std::vector<std::string>& victims, const std::string& name) {
  return victims.empty() || std::find(victims.begin(), victims.end(), name) != victims.end();
}

}  // namespace

std::optional<Phase> phase_at(const PhaseSpec& phases, Duration at) {
  if (at < phases.warm_up || at >= end_of(phases)) return std::nullopt;
  if (at < begin_of(phases, Phase::during)) return Phase::before;
  return at < begin_of(phases, Phase::after) ? Phase::during : Phase::after;
}

Duration begin_of(const PhaseSpec& phases, Phase phase) {
  switch (phase) {
    case Phase::before: break;
    case Phase::during: return phases.warm_up + phases.before;
    case Phase::after: return phases.warm_up + phases.before + phases.during;
  }
  return phases.warm_up;
}

Duration end_of(const PhaseSpec& phases) { return begin_of(phases, Phase::after) + phases.after; }

std::optional<double> figure_of(const load::Interval& interval, Figure figure) {
  const uint64_t ended = interval.good + interval.failed();
  const double seconds = std::max(interval.length.seconds(), 1e-9);
  const auto percentile = [&](double percent) -> std::optional<double> {
    if (interval.response.count() == 0) return std::nullopt;
    return ms_of(interval.response.percentile(percent));
  };
  switch (figure) {
    case Figure::rate: return static_cast<double>(interval.offered) / seconds;
    case Figure::good: return static_cast<double>(interval.good) / seconds;
    case Figure::errors: return ended == 0 ? std::nullopt : std::optional(percent_of(interval.failed(), ended));
    case Figure::p50: return percentile(50);
    case Figure::p90: return percentile(90);
    case Figure::p99: return percentile(99);
    case Figure::max: return ms_of(interval.response.max());
    default: return std::nullopt;
  }
}

bool holds(const std::vector<Expectation>& hypothesis, const load::Interval& interval) {
  return std::all_of(hypothesis.begin(), hypothesis.end(), [&](const Expectation& each) {
    return examine(each, [&](const Term& term) { return figure_of(interval, term.figure); }).holds;
  });
}

Timeline::Timeline(const PhaseSpec& phases, std::vector<std::string> victims)
    : phases_(phases), victims_(std::move(victims)) {
  for (auto& each : tallies_) each = std::make_unique<PhaseTally>();
}

void Timeline::add(const load::Interval& interval) {
  seconds_.push_back({.at = interval.at,
                      .offered = interval.offered,
                      .good = interval.good,
                      .failed = interval.failed(),
                      .p50_ms = ms_of(interval.response.percentile(50)),
                      .p99_ms = ms_of(interval.response.percentile(99))});
  const auto phase = phase_at(phases_, interval.at);
  if (!phase) return;
  load::Interval& total = tallies_[static_cast<size_t>(*phase)]->total;
  if (total.length == Duration{}) total.at = interval.at;  // what follows is measured from there
  total.add_following(interval);
  if (*phase != Phase::after) return;
  after_.push_back(std::make_unique<load::Interval>());
  after_.back()->at = interval.at;
  after_.back()->add_following(interval);
}

void Timeline::add(Sample sample) {
  const auto phase = phase_at(phases_, sample.at);
  if (phase && !samples_.empty()) {
    auto& requests_at = tallies_[static_cast<size_t>(*phase)]->requests_at;
    for (const EndpointSample& each : sample.endpoints) {
      const EndpointSample* const last = find(samples_.back(), each.name);
      const uint64_t known = last == nullptr ? 0 : last->requests;
      requests_at[each.name] += each.requests > known ? each.requests - known : 0;
    }
    const uint64_t known = samples_.back().config;
    tallies_[static_cast<size_t>(*phase)]->reloads += sample.config > known ? sample.config - known : 0;
  }
  samples_.push_back(std::move(sample));
}

void Timeline::reload_asked(Duration at) {
  if (const auto phase = phase_at(phases_, at)) ++tallies_[static_cast<size_t>(*phase)]->reloads_asked;
}

std::optional<double> Timeline::moved(Phase phase) const {
  const Duration from = begin_of(phases_, phase);
  const Duration to =
      phase == Phase::after ? end_of(phases_) : begin_of(phases_, static_cast<Phase>(static_cast<int>(phase) + 1));
  return moved_percent(visits_, from, to);
}

/// Until everything is taken back: then the endpoints change again.
std::optional<double> Timeline::keys_moved() const {
  if (!endpoints_changed_) return std::nullopt;
  return keys_moved_percent(visits_, *endpoints_changed_, begin_of(phases_, Phase::after));
}

std::optional<double> Timeline::share(const PhaseTally& its) const {
  uint64_t all = 0, theirs = 0;
  for (const auto& [name, requests] : its.requests_at) {
    all += requests;
    if (is_victim(victims_, name)) theirs += requests;
  }
  return all == 0 ? std::nullopt : std::optional(percent_of(theirs, all));
}

std::optional<Duration> Timeline::recovered(const std::vector<Expectation>& hypothesis) const {
  if (!rolled_back_) return std::nullopt;
  std::optional<Duration> load_since;
  for (const auto& each : after_) {
    if (!holds(hypothesis, *each)) {
      load_since.reset();
    } else if (!load_since) {
      load_since = each->at;
    }
  }
  std::optional<Duration> healthy_since;
  for (const Sample& each : samples_) {
    if (each.at < *rolled_back_) continue;
    const bool healthy = !each.endpoints.empty() && std::all_of(each.endpoints.begin(), each.endpoints.end(),
                                                                [](const auto& one) { return one.healthy(); });
    if (!healthy) {
      healthy_since.reset();
    } else if (!healthy_since) {
      healthy_since = each.at;
    }
  }
  if (!load_since || !healthy_since) return std::nullopt;
  return std::max({Duration{}, *load_since - *rolled_back_, *healthy_since - *rolled_back_});
}

double Timeline::event(Figure figure, const std::vector<Expectation>& hypothesis) const {
  if (figure == Figure::recover) {
    const auto after = recovered(hypothesis);
    return after ? after->seconds() * 1e3 : kNever;
  }
  if (!fault_began_) return kNever;
  const Sample* last = nullptr;
  for (const Sample& each : samples_) {
    if (each.at >= *fault_began_ && last != nullptr) {
      for (const EndpointSample& one : each.endpoints) {
        if (!is_victim(victims_, one.name)) continue;
        const EndpointSample* const known = find(*last, one.name);
        const bool failed = known != nullptr && one.failures > known->failures;
        const bool found = figure == Figure::eject ? one.out() : failed || !one.healthy();
        if (found) return (each.at - *fault_began_).seconds() * 1e3;
      }
    }
    last = &each;
    if (rolled_back_ && each.at >= *rolled_back_) break;
  }
  return kNever;
}

std::optional<double> Timeline::figure(Figure figure, Phase phase, const std::vector<Expectation>& hypothesis) const {
  const PhaseTally& its = tally(phase);
  uint64_t at_endpoints = 0, busiest = 0;
  for (const auto& [name, requests] : its.requests_at) {
    at_endpoints += requests;
    busiest = std::max(busiest, requests);
  }
  switch (figure) {
    case Figure::tries:
      if (its.total.offered == 0) return std::nullopt;
      return static_cast<double>(at_endpoints) / static_cast<double>(its.total.offered);
    case Figure::share: return share(its);
    case Figure::imbalance:
      if (at_endpoints == 0) return std::nullopt;
      return static_cast<double>(busiest) * static_cast<double>(its.requests_at.size()) /
             static_cast<double>(at_endpoints);
    case Figure::moved: return moved(phase);
    case Figure::asked: return static_cast<double>(its.reloads_asked);
    case Figure::reloads: return static_cast<double>(its.reloads);
    case Figure::keys_moved: return keys_moved();
    case Figure::detect:
    case Figure::eject:
    case Figure::recover: return event(figure, hypothesis);
    default: return figure_of(its.total, figure);
  }
}

}  // namespace weir::drill
