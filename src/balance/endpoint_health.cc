#include "balance/endpoint_health.h"

#include <algorithm>

#include "base/check.h"

namespace weir::balance {

bool available_but_for_ejection(const HealthInputs& inputs) {
  return !inputs.draining && inputs.weight > 0 && inputs.active.value_or(ActiveState::healthy) == ActiveState::healthy;
}

EffectiveHealth combine(const HealthInputs& inputs) {
  EffectiveHealth effective;
  effective.weight = inputs.weight;
  // The last of its returns counts: each of them means cold caches.
  effective.slow_start_from = std::max({inputs.joined_at, inputs.active_since, inputs.serving_since});
  if (inputs.draining) {
    effective.health = Health::draining;
  } else if (inputs.active.value_or(ActiveState::healthy) != ActiveState::healthy) {
    effective.health = Health::unhealthy;  // also before the first check: nothing is known in its favour
  } else if (inputs.outlier != OutlierState::serving) {
    effective.health = Health::unhealthy;
  } else if (inputs.degraded) {
    effective.health = Health::degraded;
  }
  return effective;
}

void combine(std::span<const HealthInputs> inputs, std::span<EffectiveHealth> effective) {
  CHECK(inputs.size() == effective.size());
  bool somebody_serves = false;
  for (size_t i = 0; i < inputs.size(); ++i) {
    effective[i] = combine(inputs[i]);
    somebody_serves |= available_but_for_ejection(inputs[i]) && inputs[i].outlier == OutlierState::serving;
  }
  if (somebody_serves) return;
  for (size_t i = 0; i < inputs.size(); ++i) {
    HealthInputs suspended = inputs[i];
    suspended.outlier = OutlierState::serving;
    effective[i] = combine(suspended);
  }
}

}  // namespace weir::balance
