#include "sim/gateway.h"

#include <algorithm>

namespace weir::sim {

namespace {

std::vector<balance::Member*> make_lanes(FixedArray<Lane>& lanes, const TierSpec& tier,
                                         std::span<const std::string> endpoints,
                                         std::span<const EndpointGroupSpec* const> specs) {
  std::vector<balance::Member*> members;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    balance::Member& member = lanes.emplace_back(endpoints[i], tier.cluster).member;
    member.zone = balance::zone_id(specs[i]->zone);
    member.priority = static_cast<uint8_t>(specs[i]->priority);
    member.inputs.weight = specs[i]->weight;
    members.push_back(&member);
  }
  return members;
}

}  // namespace

Gateway::Gateway(const TierSpec& tier, const std::string& zone, uint32_t zone_index,
                 std::span<const std::string> endpoints, std::span<const EndpointGroupSpec* const> specs, uint64_t seed)
    : prng(seed),
      circuit(tier.cluster.circuit),
      retry_budget(tier.cluster.retry_budget),
      lanes_(endpoints.size()),
      zone_(zone_index),
      health_(tier.cluster, make_lanes(lanes_, tier, endpoints, specs), seed),
      balancer_(balance::balancer_options(tier.cluster, zone)),
      oldest_(endpoints.size()) {}

std::optional<Gateway::Choice> Gateway::choose(uint64_t hash, std::span<const uint32_t> avoid, bool may_repeat,
                                               Instant now) {
  if (generation_ != health_.generation()) {
    generation_ = health_.views(views_);
    balancer_.update(views_, now);
  }
  if (const auto index = health_.claim_probation(may_repeat)) {
    return Choice{.pick = {.index = *index, .panic = false}, .probation = true};
  }
  const auto pick = balancer_.pick({.hash = hash, .avoid = avoid, .now = now}, prng);
  if (!pick) return std::nullopt;
  return Choice{.pick = *pick};
}

void Gateway::begin_attempt(Slots<Request>& requests, Request& request, Instant now) {
  lanes_[request.endpoint].member.load.in_flight.fetch_add(1, std::memory_order_relaxed);
  request.attempt_started = now;
  unanswered_.push_back(requests, request);
}

void Gateway::answered(Slots<Request>& requests, Request& request) { unanswered_.remove(requests, request); }

void Gateway::end_attempt(Request& request) {
  Lane& at = lanes_[request.endpoint];
  at.member.load.in_flight.fetch_sub(1, std::memory_order_relaxed);
  at.connections.release();
}

void Gateway::on_report(uint32_t endpoint, uint32_t load) {
  Lane& of = lanes_[endpoint];
  of.member.load.in_flight.store(std::max(load, of.own()), std::memory_order_relaxed);
}

void Gateway::prefetch(uint32_t endpoint) const {
  const Lane& lane = lanes_[endpoint];
  __builtin_prefetch(&lane.member.load, 1);
  __builtin_prefetch(&lane.member.tally, 1);
  __builtin_prefetch(&lane.connections, 1);
}

std::span<const balance::Transition> Gateway::sweep(Slots<Request>& requests, Instant now) {
  std::fill(oldest_.begin(), oldest_.end(), Instant::max());
  for (uint32_t slot = unanswered_.first(); slot != kNone; slot = requests[slot].attempt.next) {
    const Request& request = requests[slot];
    Instant& oldest = oldest_[request.endpoint];
    oldest = std::min(oldest, request.attempt_started);
  }
  return health_.sweep(now, oldest_);
}

}  // namespace weir::sim
