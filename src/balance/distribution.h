#pragma once
// Which endpoints may take traffic, and how much of it: health, priorities, degraded endpoints, zones and panic,
// settled once per change instead of once per request. The result is a list of pools; a request draws a pool by share,
// then a policy chooses in it.
//
// Priorities (Envoy, overprovisioning.rst): a level is available to min(100 %, 1.4 x its healthy share), so it stays
// whole until less than 72 % of it is healthy; what it cannot take goes to the next level. Degraded endpoints come
// after the healthy ones of every level. Shares are by weight, because weight is how capacity is stated; a draining
// endpoint counts as lost capacity here. Panic (panic_threshold.rst): when all levels together are not fully available,
// a level whose healthy share is below the threshold ignores health: spreading over everyone beats crushing the few
// survivors. Draining is not ill health: draining endpoints never get anything new and do not count towards panic.
// Zones (Envoy, zone_aware.rst, assuming callers spread evenly over the zones): each of Z zones brings 1/Z of the
// traffic, so the local zone with the share c of the healthy capacity keeps min(1, c x Z) of its callers' requests; the
// rest goes to the zones with capacity to spare, in proportion to what they can spare. No zones in panic.
//
// Pure functions; deterministic; integer arithmetic in millionths.

#include <cstdint>
#include <span>
#include <vector>

#include "balance/endpoint.h"
#include "base/time.h"
#include "model/config.h"

namespace weir::balance {

struct BalancerOptions {
  model::PolicyKind policy = model::PolicyKind::p2c;
  uint32_t choices = 2;                 ///< p2c: how many endpoints are drawn and compared
  uint32_t bounded_load_percent = 125;  ///< ring_hash and maglev; 0: unbounded
  uint32_t panic_percent = 50;          ///< 0: never
  uint32_t overprovisioning_percent = 140;
  Duration slow_start{};  ///< 0: none
  bool zone_preference = false;
  ZoneId local_zone{};  ///< ZoneId{}: this process is in no zone, so there is nothing to prefer
};

/// Shares of traffic are counted in millionths.
inline constexpr uint32_t kWhole = 1'000'000;

/// Endpoints that are equivalent for a request, and their share of all requests. A pool with share 0 is a standby: it
/// is used only by requests that avoid everything else.
struct Pool {
  std::vector<EndpointView> members;  ///< never empty, all with weight > 0, none draining
  uint32_t share = 0;
  uint8_t priority = 0;
  bool panic = false;
};

/// Pools with a share first (their shares sum to kWhole), then standbys by priority. Empty when nothing may take
/// traffic.
std::vector<Pool> distribute(std::span<const EndpointView> endpoints, const BalancerOptions& options);

}  // namespace weir::balance
