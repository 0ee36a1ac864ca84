#include "balance/distribution.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

namespace weir::balance {
namespace {

struct Level {
  std::vector<EndpointView> healthy;
  std::vector<EndpointView> degraded;
  std::vector<EndpointView> present;  ///< all but the draining ones
  uint64_t capacity = 0;              ///< weight of all, also of the draining ones
  uint64_t healthy_weight = 0;
  uint64_t degraded_weight = 0;
  uint64_t present_weight = 0;
  uint64_t healthy_share = 0;  ///< of all traffic, in millionths
  uint64_t degraded_share = 0;
  bool panic = false;
};

std::map<uint8_t, Level> sort_by_level(std::span<const EndpointView> endpoints) {
  std::map<uint8_t, Level> levels;
  for (const EndpointView& endpoint : endpoints) {
    if (endpoint.weight == 0) continue;
    Level& level = levels[endpoint.priority];
    level.capacity += endpoint.weight;
    if (endpoint.health == Health::draining) continue;
    level.present.push_back(endpoint);
    level.present_weight += endpoint.weight;
    if (endpoint.health == Health::healthy) {
      level.healthy.push_back(endpoint);
      level.healthy_weight += endpoint.weight;
    } else if (endpoint.health == Health::degraded) {
      level.degraded.push_back(endpoint);
      level.degraded_weight += endpoint.weight;
    }
  }
  return levels;
}

/// Healthy endpoints of every level first, then degraded ones: each as far as it is available and something is left to
/// share out. Returns how much of the whole the levels can take together.
uint64_t share_out(std::map<uint8_t, Level>& levels, uint32_t overprovisioning_percent) {
  uint64_t left = kWhole;
  const uint64_t factor = std::max(overprovisioning_percent, 100u);
  const auto take = [&](uint64_t weight, uint64_t capacity) {
    // However small the healthy part, it is something: rounded to nothing it would never be used.
    const uint64_t available = weight == 0 ? 0 : std::max<uint64_t>(1, kWhole * factor * weight / (100 * capacity));
    const uint64_t taken = std::min(available, left);
    left -= taken;
    return taken;
  };
  for (auto& [priority, level] : levels) level.healthy_share = take(level.healthy_weight, level.capacity);
  for (auto& [priority, level] : levels) level.degraded_share = take(level.degraded_weight, level.capacity);
  return kWhole - left;
}

void settle_panic(std::map<uint8_t, Level>& levels, uint64_t available, uint32_t panic_percent) {
  if (available >= kWhole) return;
  bool all_panic = true;
  uint64_t present = 0;
  for (auto& [priority, level] : levels) {
    level.panic = (level.healthy_weight + level.degraded_weight) * 100 < uint64_t{panic_percent} * level.present_weight;
    // A level with nobody to turn to has no say in whether everyone panics.
    all_panic = all_panic && (level.panic || level.present.empty());
    present += level.present_weight;
  }
  if (!all_panic || present == 0) return;
  // Nobody's health means anything any more, so priorities that rest on it do not either: by capacity (Envoy: total
  // panic).
  for (auto& [priority, level] : levels) {
    level.healthy_share = kWhole * level.present_weight / present;
    level.degraded_share = 0;
  }
}

struct ZoneWeights {
  uint64_t healthy = 0;
  std::vector<EndpointView> members;
};

/// Splits a level's healthy endpoints by zone, if that is wanted and possible; see the header for the rule.
std::vector<Pool> split_by_zone(const Level& level, uint8_t priority, ZoneId local) {
  std::map<ZoneId, ZoneWeights> zones;
  for (const EndpointView& endpoint : level.present) zones[endpoint.zone];
  for (const EndpointView& endpoint : level.healthy) {
    zones[endpoint.zone].healthy += endpoint.weight;
    zones[endpoint.zone].members.push_back(endpoint);
  }
  const auto here = zones.find(local);
  if (here == zones.end()) return {{level.healthy, static_cast<uint32_t>(level.healthy_share), priority, false}};

  const uint64_t local_part =
      std::min<uint64_t>(kWhole, kWhole * here->second.healthy * zones.size() / level.healthy_weight);
  const auto spare_of = [&](const ZoneWeights& zone) {
    const uint64_t fair = zone.healthy * zones.size();
    return fair > level.healthy_weight ? fair - level.healthy_weight : 0;
  };
  uint64_t spare = 0;
  for (const auto& [zone, weights] : zones) spare += zone == local ? 0 : spare_of(weights);

  std::vector<Pool> pools;
  for (const auto& [zone, weights] : zones) {
    if (weights.members.empty()) continue;
    uint64_t part = local_part;
    if (zone != local) part = spare == 0 ? 0 : (kWhole - local_part) * spare_of(weights) / spare;
    pools.push_back({weights.members, static_cast<uint32_t>(level.healthy_share * part / kWhole), priority, false});
  }
  return pools;
}

std::vector<Pool> pools_of(const Level& level, uint8_t priority, const BalancerOptions& options) {
  if (level.panic) {
    if (level.present.empty()) return {};
    const auto share = static_cast<uint32_t>(level.healthy_share + level.degraded_share);
    return {{level.present, share, priority, true}};
  }
  std::vector<Pool> pools;
  if (!level.healthy.empty()) {
    const bool by_zone = options.zone_preference && options.local_zone != ZoneId{};
    pools = by_zone ? split_by_zone(level, priority, options.local_zone)
                    : std::vector<Pool>{{level.healthy, static_cast<uint32_t>(level.healthy_share), priority, false}};
  }
  if (!level.degraded.empty()) {
    pools.push_back({level.degraded, static_cast<uint32_t>(level.degraded_share), priority, false});
  }
  return pools;
}

/// Makes the shares sum to the whole: what the levels cannot take together is theirs in proportion nevertheless.
void normalise(std::vector<Pool>& pools) {
  uint64_t sum = 0;
  for (const Pool& pool : pools) sum += pool.share;
  if (sum == 0) return;
  uint64_t given = 0;
  for (Pool& pool : pools) {
    pool.share = static_cast<uint32_t>(uint64_t{pool.share} * kWhole / sum);
    given += pool.share;
  }
  // The largest share takes what rounding left over; it is the least distorted by a few millionths.
  const auto by_share = [](const Pool& a, const Pool& b) { return a.share < b.share; };
  std::max_element(pools.begin(), pools.end(), by_share)->share += static_cast<uint32_t>(kWhole - given);
}

}  // namespace

std::vector<Pool> distribute(std::span<const EndpointView> endpoints, const BalancerOptions& options) {
  std::map<uint8_t, Level> levels = sort_by_level(endpoints);
  settle_panic(levels, share_out(levels, options.overprovisioning_percent), options.panic_percent);
  std::vector<Pool> pools;
  for (const auto& [priority, level] : levels) {
    for (Pool& pool : pools_of(level, priority, options)) pools.push_back(std::move(pool));
  }
  normalise(pools);
  std::stable_partition(pools.begin(), pools.end(), [](const Pool& pool) { return pool.share > 0; });
  return pools;
}

}  // namespace weir::balance
