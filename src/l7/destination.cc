// Where a request goes once its route is found: to the fallback of a switch that is off, or to one of the route's
// clusters, drawn by chance or by what names the client.
#include "l7/core/router.h"
#include "l7/core/split.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

/// Leaves the request without a cluster where a switch's fixed response answers.
void Exchange::aim(size_t route) {
  route_index_ = static_cast<uint32_t>(route);
  const RouteTable::Detour& detour = listener_->detours[route];
  const RouteTable::Target* target = nullptr;
  if (detour.degradation != nullptr && detour.degradation->off()) {
    switched_off_ = route_->degradation.name;
    target = &detour.fallback;
  } else {
    target = &listener_->targets[route][draw_target(route)];
  }
  cluster_ = target->cluster;
  if (cluster_ == nullptr) return;
  target->requests->add();
  begin_sticky();
}

/// A share of the requests is copied; what becomes a tunnel never is, and a fallback is no original.
void Exchange::begin_mirror() {
  const RouteTable::Detour& detour = listener_->detours[route_index_];
  if (detour.mirror == nullptr || head_.upgrade || head_.method == proto::http::Method::connect) return;
  if (!switched_off_.empty() || worker_.prng().below(100) >= route_->mirror.percent) return;
  const Mirror::Order order{
      .config = route_->mirror, .snapshot = *snapshot_, .cluster = *detour.mirror, .places = *detour.mirror_places};
  copy_ = worker_.mirror().begin(order, head_, forwarding_.fields(), request_ended_);
}

size_t Exchange::draw_target(size_t route) {
  const uint64_t weights = listener_->weights[route];
  if (route_->to.size() < 2 || weights == 0) return 0;
  if (const auto value = core::sticky_value(route_->split_by, head_, client_)) {
    return core::find_sticky_target(route_->to, *value);
  }
  return core::find_target(route_->to, worker_.prng().below(weights));
}

}  // namespace weir::l7
