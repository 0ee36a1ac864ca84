#include "upstream/standing.h"

#include <vector>

#include "balance/distribution.h"

namespace weir::upstream {

using balance::ActiveState;
using balance::Health;
using balance::OutlierState;

std::string_view state_of(const EndpointStatus& status) {
  if (status.draining) return "draining";
  if (status.active == ActiveState::unknown) return "unchecked";
  if (status.active == ActiveState::unhealthy) return "unhealthy";
  if (status.outlier != OutlierState::serving) return name_of(status.outlier);
  return name_of(status.health.health);
}

std::string why(const EndpointStatus& status) {
  if (status.draining) return "drained by the administrator";
  if (status.active == ActiveState::unknown) return "no active check has answered yet";
  if (status.active == ActiveState::unhealthy) return "active check: " + status.last_probe;
  if (status.outlier != OutlierState::serving) {
    const bool suspended = status.health.health == Health::healthy;
    return status.last_ejection + (suspended ? " (suspended: nothing else could serve)" : "");
  }
  if (status.health.health == Health::degraded) return "it asks to be used last";
  return status.health.weight == 0 ? "weight 0 takes no new requests" : "";
}

double panic_ratio(const Cluster& cluster) {
  std::vector<balance::EndpointView> views;
  cluster.views(views);
  uint64_t share = 0;
  for (const balance::Pool& pool : balance::distribute(views, cluster.balancer_options({}))) {
    if (pool.panic) share += pool.share;
  }
  return static_cast<double>(share) / balance::kWhole;
}

}  // namespace weir::upstream
