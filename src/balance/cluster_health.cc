#include "balance/cluster_health.h"

#include <xxhash.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "balance/slow_start.h"
#include "base/check.h"

namespace weir::balance {

namespace {

std::vector<OutlierTally*> tallies_of(const std::vector<Member*>& members) {
  std::vector<OutlierTally*> tallies;
  tallies.reserve(members.size());
  for (Member* member : members) tallies.push_back(&member->tally);
  return tallies;
}

void apply_checks(const std::optional<model::HealthCheckConfig>& check, Member& member) {
  if (!check) {
    member.active.reset();
    member.inputs.active.reset();
  } else if (member.active) {
    member.active->set_thresholds(check->rise, check->fall);
  } else {
    member.active.emplace(check->rise, check->fall);
    member.inputs.active = member.active->state();
  }
}

}  // namespace

Member::Member(std::string_view name, Duration window) : tally(window), key(XXH3_64bits(name.data(), name.size())) {}

ZoneId zone_id(std::string_view zone) {
  if (zone.empty()) return {};
  const auto hash = static_cast<uint16_t>(XXH3_64bits(zone.data(), zone.size()));
  return {hash == 0 ? uint16_t{1} : hash};
}

BalancerOptions balancer_options(const model::ClusterConfig& config, std::string_view local_zone) {
  return {.policy = config.policy,
          .choices = config.choices,
          .bounded_load_percent = config.bounded_load_percent,
          .panic_percent = config.panic_percent,
          .overprovisioning_percent = config.overprovisioning_percent,
          .slow_start = config.slow_start,
          .zone_preference = config.zone_preference,
          .local_zone = zone_id(local_zone)};
}

ClusterHealth::ClusterHealth(const model::ClusterConfig& config, std::vector<Member*> members, uint64_t seed)
    : config_(config),
      members_(std::move(members)),
      detector_(config.outlier, tallies_of(members_), seed),
      effective_(members_.size()),
      combined_(members_.size()) {
  for (Member* member : members_) {
    apply_checks(config_.health_check, *member);
    // What an earlier configuration ejected serves again when nobody judges any more.
    if (!config_.outlier.enabled) member->tally.set_state(OutlierState::serving);
  }
  recombine();
}

void ClusterHealth::take_over(const ClusterHealth& previous) {
  if (config_.outlier.enabled) {
    std::unordered_map<const Member*, size_t> before;
    for (size_t i = 0; i < previous.members_.size(); ++i) before.emplace(previous.members_[i], i);
    for (size_t i = 0; i < members_.size(); ++i) {
      const auto found = before.find(members_[i]);
      if (found != before.end()) detector_.import_state(i, previous.detector_.export_state(found->second));
    }
  }
  recombine();
}

void ClusterHealth::resume_ejection(uint32_t endpoint, const EjectionState& state) {
  if (!config_.outlier.enabled || state.state == OutlierState::serving) return;
  detector_.import_state(endpoint, state);
  recombine();
}

void ClusterHealth::recombine() {
  inputs_.clear();
  for (size_t i = 0; i < members_.size(); ++i) {
    members_[i]->inputs.outlier = detector_.state(i);
    inputs_.push_back(members_[i]->inputs);
    detector_.set_available(i, available_but_for_ejection(inputs_.back()));
  }
  combine(inputs_, combined_);
  if (combined_ == effective_) return;
  std::swap(combined_, effective_);
  generation_.fetch_add(1, std::memory_order_release);
}

uint64_t ClusterHealth::views(std::vector<EndpointView>& out) const {
  out.clear();
  for (uint32_t i = 0; i < members_.size(); ++i) {
    Member& member = *members_[i];
    out.push_back({.index = i,
                   .key = member.key,
                   .weight = effective_[i].weight,
                   .zone = member.zone,
                   .priority = member.priority,
                   .health = effective_[i].health,
                   .slow_start_from = effective_[i].slow_start_from,
                   .load = &member.load});
  }
  return generation_.load(std::memory_order_relaxed);
}

bool ClusterHealth::record(uint32_t endpoint, Outcome outcome, Duration latency, Instant now) {
  return members_[endpoint]->tally.record(outcome, latency, now) && config_.outlier.enabled;
}

std::optional<Transition> ClusterHealth::judge(uint32_t endpoint, Outcome outcome, Duration latency, Instant now) {
  const auto transition = detector_.judge(endpoint, outcome, latency, now);
  if (!transition) return std::nullopt;
  apply(*transition, now);
  recombine();
  return transition;
}

void ClusterHealth::apply(const Transition& transition, Instant now) {
  if (transition.from == OutlierState::probation && transition.to == OutlierState::serving) {
    members_[transition.endpoint]->inputs.serving_since = now;
  }
}

std::optional<uint32_t> ClusterHealth::claim_probation(bool may_repeat) {
  const auto endpoint = detector_.claim_probation(may_repeat);
  if (!endpoint) return std::nullopt;
  return static_cast<uint32_t>(*endpoint);
}

std::span<const Transition> ClusterHealth::sweep(Instant now, std::span<const Instant> oldest) {
  if (!config_.outlier.enabled) return {};
  DCHECK(oldest.size() == members_.size());
  sweep_inputs_.clear();
  for (size_t i = 0; i < members_.size(); ++i) {
    const HealthInputs& inputs = members_[i]->inputs;
    const Instant joined = std::max(inputs.joined_at, inputs.active_since);
    sweep_inputs_.push_back({.available = available_but_for_ejection(inputs),
                             .in_flight = members_[i]->load.in_flight.load(std::memory_order_relaxed),
                             .oldest_in_flight = oldest[i] == Instant::max() ? Duration{} : now - oldest[i],
                             .warming = joined > inputs.serving_since && is_ramping(now, joined, config_.slow_start)});
  }
  const std::span<const Transition> transitions = detector_.sweep(now, sweep_inputs_);
  for (const Transition& transition : transitions) apply(transition, now);
  recombine();
  return transitions;
}

bool ClusterHealth::on_probe(uint32_t endpoint, ProbeResult result, Instant now) {
  Member& member = *members_[endpoint];
  if (!member.active) return false;
  const bool first = member.active->state() == ActiveState::unknown;
  if (!member.active->on_probe(result)) return false;
  member.inputs.active = member.active->state();
  // What was healthy when we first looked need not start slowly; what comes back does.
  if (member.inputs.active == ActiveState::healthy && !first) member.inputs.active_since = now;
  recombine();
  return true;
}

bool ClusterHealth::probed() const {
  return std::none_of(members_.begin(), members_.end(), [](const Member* member) {
    return member->active && member->active->state() == ActiveState::unknown;
  });
}

void ClusterHealth::set_draining(uint32_t endpoint, bool draining, Instant now) {
  HealthInputs& inputs = members_[endpoint]->inputs;
  if (inputs.draining && !draining) inputs.joined_at = now;
  inputs.draining = draining;
  recombine();
}

void ClusterHealth::set_weight(uint32_t endpoint, uint32_t weight) {
  members_[endpoint]->inputs.weight = weight;
  recombine();
}

}  // namespace weir::balance
