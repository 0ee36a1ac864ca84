// Answers of what is switched off: a route's fallback, a listener's maintenance.
#include "l7/exchange.h"
#include "l7/switches.h"

namespace weir::l7 {

namespace {

/// What is said where the configuration says nothing.
const model::FixedResponse& or_unavailable(const model::FixedResponse& configured) {
  static const model::FixedResponse kUnavailable = [] {
    model::FixedResponse response;
    response.status = 503;
    response.body = "{\"error\":\"switched_off\",\"message\":\"This is switched off for now.\"}\n";
    response.content_type = "application/json";
    return response;
  }();
  return configured.status == 0 ? kUnavailable : configured;
}

}  // namespace

/// Before there is a route: whatever was asked for.
bool Exchange::answer_maintenance() {
  if (!listener_->maintenance->off()) return false;
  switched_off_ = listener_->maintenance_name;
  respond(or_unavailable(listener_->config->maintenance));
  return true;
}

/// A fallback that is a cluster is for aim().
bool Exchange::answer_switched_off(const RouteTable::Extras& extras) {
  if (extras.degradation == nullptr || !extras.degradation->off()) return false;
  switched_off_ = route_->config->degradation.name;
  if (extras.fallback != nullptr) return false;
  respond(or_unavailable(route_->config->degradation.fallback));
  return true;
}

}  // namespace weir::l7
