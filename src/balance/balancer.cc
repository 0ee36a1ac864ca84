#include "balance/balancer.h"

#include "balance/contest.h"
#include "balance/hash_walk.h"

namespace weir::balance {

void Balancer::update(std::span<const EndpointView> endpoints, Instant now) {
  policies_.clear();
  sticky_.reset();
  pools_ = distribute(endpoints, options_);
  for (const Pool& pool : pools_) {
    if (pool.share == 0) break;
    const PolicyContext context{pool.members, options_.slow_start, options_.bounded_load_percent, now,
                                options_.choices};
    policies_.push_back(make_policy(options_.policy, context));
  }
}

size_t Balancer::draw_pool(const PickRequest& request, Prng& prng) const {
  if (policies_.size() == 1) return 0;
  // A hashed request draws by its hash, or the same key would wander between the pools.
  const uint64_t drawn = is_hashing(options_.policy) ? mix(~request.hash) % kWhole : prng.below(kWhole);
  uint64_t upper = 0;
  for (size_t i = 0; i < policies_.size(); ++i) {
    upper += pools_[i].share;
    if (drawn < upper) return i;
  }
  return policies_.size() - 1;
}

Pick Balancer::chosen(const Pool& pool, uint32_t position, Instant now) {
  const EndpointView& endpoint = pool.members[position];
  endpoint.load->picked_at_ns.store(now.ns(), std::memory_order_relaxed);
  return {endpoint.index, pool.panic};
}

std::optional<Pick> Balancer::pick_elsewhere(const PickRequest& request, Prng& prng) const {
  for (const Pool& pool : pools_) {
    const auto position = scan_least_loaded(pool.members, options_.slow_start, false, request, prng);
    if (position) return chosen(pool, *position, request.now);
  }
  return std::nullopt;
}

std::optional<Pick> Balancer::pick(const PickRequest& request, Prng& prng) {
  if (request.story != nullptr) request.story->clear();
  if (policies_.empty()) return std::nullopt;
  const size_t drawn = draw_pool(request, prng);
  if (const auto position = policies_[drawn]->pick(request, prng)) return chosen(pools_[drawn], *position, request.now);
  if (request.story != nullptr) request.story->by = PickStory::By::elsewhere;
  if (const auto elsewhere = pick_elsewhere(request, prng)) return elsewhere;
  if (request.story != nullptr) request.story->by = PickStory::By::repeated;
  PickRequest again = request;
  again.avoid = {};
  const auto position = policies_[drawn]->pick(again, prng);
  return chosen(pools_[drawn], *position, request.now);
}

Balancer::Held Balancer::hold(std::string_view cluster, uint64_t token, uint32_t overflow_percent,
                              const PickRequest& request) {
  if (!sticky_) sticky_.emplace(cluster, pools_);
  const StickyTable::Found found = sticky_->find(token, overflow_percent);
  Held held{.stickiness = found.stickiness, .pick = std::nullopt};
  if (found.stickiness != Stickiness::hit) return held;
  const Pool& pool = pools_[found.pool];
  if (is_avoided(request, pool.members[found.position])) return held;
  held.pick = chosen(pool, found.position, request.now);
  return held;
}

}  // namespace weir::balance
