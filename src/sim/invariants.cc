#include "sim/invariants.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/read_parts.h"

namespace weir::sim {
namespace {

using balance::Health;
using balance::OutlierState;

constexpr int64_t kTenths = 10;

/// At the instants at which it begins and ends, either is right.
bool in_force(const FaultSpec& fault, Instant now) {
  Duration since = now - (Instant{} + fault.at);
  if (since <= Duration{}) return false;
  if (fault.repeat_every > Duration{}) since = Duration::ns(since.ns() % fault.repeat_every.ns());
  return since > Duration{} && (fault.length == Duration{} || since < fault.length);
}

}  // namespace

std::string describe(const Violation& violation) {
  const std::string where = violation.gateway == kNoGateway
                                ? std::string()
                                : fmt::format(", tier {}, gateway {}", violation.tier, violation.gateway);
  return fmt::format("{}, at {:.3f} s{}: {} ({} {})", kInvariants[static_cast<size_t>(violation.invariant)],
                     (violation.at - Instant{}).seconds(), where, violation.what, violation.times,
                     violation.times == 1 ? "time" : "times");
}

Invariants::Invariants(const Scenario& scenario) : scenario_(scenario) {
  for (uint32_t t = 0; t < scenario.tiers.size(); ++t) {
    const TierSpec& tier = scenario.tiers[t];
    for (uint32_t g = 0; g < tier.gateways; ++g) {
      const auto tell = [this](Fairness::Wrong wrong, const PickEvent& event, std::string what) {
        const Invariant which = wrong == Fairness::Wrong::starved ? Invariant::no_starvation : Invariant::weights;
        broken(which, event.now, event.tier, event.gateway, std::move(what));
      };
      gateways_.emplace_back(tier, endpoints_of(tier), tell);
    }
  }
}

void Invariants::broken(Invariant invariant, Instant now, uint32_t tier, uint32_t gateway, std::string what) {
  const auto known = std::find_if(violations_.begin(), violations_.end(),
                                  [&](const Violation& each) { return each.invariant == invariant; });
  if (known != violations_.end()) {
    ++known->times;
    return;
  }
  violations_.push_back({.invariant = invariant, .at = now, .tier = tier, .gateway = gateway, .what = std::move(what)});
}

bool Invariants::is_drained(const PickEvent& event) const {
  return std::any_of(scenario_.faults.begin(), scenario_.faults.end(), [&](const FaultSpec& fault) {
    return fault.kind == FaultKind::drain && fault.tier == event.tier && fault.first <= event.endpoint &&
           event.endpoint <= fault.last && in_force(fault, event.now);
  });
}

void Invariants::on_pick(const PickEvent& event) {
  const auto wrong = [&](std::string_view is) {
    broken(Invariant::eligible_only, event.now, event.tier, event.gateway,
           fmt::format("endpoint {} is {}", event.endpoint, is));
  };
  if (event.health == Health::draining) {
    wrong("draining");
  } else if (is_drained(event)) {
    wrong("drained by a fault");
  } else if (event.probation && !event.available) {
    wrong("in probation, and fails its checks or has no weight");
  } else if (event.health == Health::unhealthy && !event.panic && !event.probation) {
    wrong("unhealthy");
  }
  gateways_[event.gateway].fairness.on_pick(event);
}

void Invariants::on_transition(Instant now, uint32_t tier, uint32_t gateway, const balance::Transition& transition) {
  std::vector<OutlierState>& states = gateways_[gateway].outlier;
  if (states[transition.endpoint] != transition.from) {
    broken(Invariant::ejection_limit, now, tier, gateway,
           fmt::format("endpoint {} leaves a state that it is not in", transition.endpoint));
  }
  states[transition.endpoint] = transition.to;
  const auto out = static_cast<size_t>(
      std::count_if(states.begin(), states.end(), [](OutlierState state) { return state != OutlierState::serving; }));
  const uint32_t percent = scenario_.tiers[tier].cluster.outlier.max_ejection_percent;
  const size_t allowed = std::max<size_t>(1, states.size() * percent / 100);
  if (out > allowed) {
    broken(Invariant::ejection_limit, now, tier, gateway,
           fmt::format("{} of {} endpoints are out, {} may be", out, states.size(), allowed));
  }
}

void Invariants::on_standing(const Standing& standing) {
  if (standing.available > 0 && standing.eligible == 0) {
    broken(Invariant::some_eligible, standing.now, standing.tier, standing.gateway,
           fmt::format("none of {} available endpoints is eligible", standing.available));
  } else if (standing.found_nobody && standing.available > 0) {
    broken(Invariant::some_eligible, standing.now, standing.tier, standing.gateway,
           fmt::format("a request found nobody, though {} endpoints are available", standing.available));
  }
}

void Invariants::on_request(Instant now, uint32_t tier, uint32_t gateway, uint64_t request) {
  ++tenth_of(now, tier, gateway).requests;
  if (!open_.try_emplace(request, Open{now, tier, gateway}).second) {
    broken(Invariant::answered_once, now, tier, gateway, "a request has the number of another that is under way");
  }
}

Invariants::Tenth& Invariants::tenth_of(Instant now, uint32_t tier, uint32_t gateway) {
  const Duration window = scenario_.tiers[tier].cluster.retry_budget.window;
  const int64_t number = now.ns() / std::max<int64_t>(1, window.ns() / kTenths);
  std::deque<Tenth>& budget = gateways_[gateway].budget;
  if (budget.empty() || budget.back().number != number) budget.push_back({.number = number});
  while (budget.front().number <= number - kTenths) budget.pop_front();
  return budget.back();
}

void Invariants::on_retry(Instant now, uint32_t tier, uint32_t gateway) {
  ++tenth_of(now, tier, gateway).retries;
  uint64_t requests = 0, retries = 0;
  for (const Tenth& tenth : gateways_[gateway].budget) {
    requests += tenth.requests;
    retries += tenth.retries;
  }
  const model::RetryBudgetConfig& config = scenario_.tiers[tier].cluster.retry_budget;
  const double allowed =
      static_cast<double>(requests) * config.percent / 100 + config.window.seconds() * config.min_per_second;
  if (static_cast<double>(retries) <= allowed) return;
  broken(Invariant::retry_budget, now, tier, gateway,
         fmt::format("{} retries of {} requests, {:.2f} may be", retries, requests, allowed));
}

void Invariants::on_finish(Instant now, uint32_t tier, uint64_t request, uint16_t /*status*/) {
  const auto found = open_.find(request);
  if (found == open_.end())
    return broken(Invariant::answered_once, now, tier, kNoGateway, "an answer to nothing under way");
  const Open& asked = found->second;
  const Duration timeout = scenario_.tiers[tier].route.timeout;
  if (now - asked.since > timeout) {
    broken(Invariant::answered_in_time, now, tier, asked.gateway,
           fmt::format("answered after {} ms of {} ms", (now - asked.since).ms(), timeout.ms()));
  }
  open_.erase(found);
}

void Invariants::close(const Laws& laws) {
  const Instant end = Instant{} + scenario_.duration;
  for (const auto& [request, open] : open_) {
    if (open.since + scenario_.tiers[open.tier].route.timeout >= end) continue;
    broken(Invariant::answered_in_time, end, open.tier, open.gateway,
           fmt::format("a request of {:.3f} s is lost", (open.since - Instant{}).seconds()));
  }
  for (const std::string& law : laws.broken) broken(Invariant::laws, end, 0, kNoGateway, law);
}

}  // namespace weir::sim
