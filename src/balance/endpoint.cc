#include "balance/endpoint.h"

#include "balance/active_health.h"
#include "base/check.h"

namespace weir::balance {

std::string_view name_of(Health health) {
  switch (health) {
    case Health::healthy: return "healthy";
    case Health::degraded: return "degraded";
    case Health::unhealthy: return "unhealthy";
    case Health::draining: return "draining";
  }
  UNREACHABLE();
}

std::string_view name_of(ActiveState state) {
  switch (state) {
    case ActiveState::unknown: return "unknown";
    case ActiveState::healthy: return "healthy";
    case ActiveState::unhealthy: return "unhealthy";
  }
  UNREACHABLE();
}

}  // namespace weir::balance
