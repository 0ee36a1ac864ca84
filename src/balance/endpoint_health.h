#pragma once
// One health, weight, drain and slow start per endpoint, from everything that has a say in it: active checks, outlier
// detection and the administrator. What comes out goes into the EndpointView that every tier's balancer sees.
//
// Precedence: draining (the administrator's word) over unhealthy (active check) over ejected (outlier detection) over
// degraded. An active success never cancels an ejection: a cheap probe passing says little about real requests failing.
// Outlier detection never takes out the last endpoint: when nothing else could serve, ejections are suspended.
//
// Pure functions over values; single-owner; no clock.

#include <cstdint>
#include <optional>
#include <span>

#include "balance/active_health.h"
#include "balance/endpoint.h"
#include "balance/outlier_tally.h"
#include "base/time.h"

namespace weir::balance {

struct HealthInputs {
  std::optional<ActiveState> active;  ///< nothing: the cluster has no active checks
  OutlierState outlier = OutlierState::serving;
  bool draining = false;
  bool degraded = false;  ///< the endpoint itself asks to be used last
  uint32_t weight = 1;
  Instant joined_at{};      ///< when it was added, undrained or enabled; Instant{} at process start
  Instant active_since{};   ///< when active checks found it healthy again; Instant{}: always was
  Instant serving_since{};  ///< when it passed probation; Instant{}: never ejected
};

struct EffectiveHealth {
  Health health = Health::healthy;
  uint32_t weight = 1;
  Instant slow_start_from{};
  bool operator==(const EffectiveHealth&) const = default;
};

/// The endpoint by itself.
EffectiveHealth combine(const HealthInputs& inputs);

/// All endpoints of a cluster; `effective` has the size of `inputs`. Suspends ejections when nothing else could serve.
void combine(std::span<const HealthInputs> inputs, std::span<EffectiveHealth> effective);

/// Whether the endpoint could take requests as far as everyone but outlier detection is concerned: what
/// OutlierDetector::sweep and set_available want to know.
bool available_but_for_ejection(const HealthInputs& inputs);

}  // namespace weir::balance
