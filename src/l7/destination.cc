// Where a request goes once its route is found: to the fallback of a switch that is off, or to one of the route's
// clusters, drawn by chance or by what names the client; and where a copy of it goes.
#include <utility>

#include "l7/core/request_hash.h"
#include "l7/core/router.h"
#include "l7/core/shift.h"
#include "l7/core/split.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

void Exchange::aim() {
  target_ = switched_off_.empty() ? &listener_->targets[route_index_][draw_target()]
                                  : &listener_->detours[route_index_].fallback;
  if (target_->diverted != nullptr) target_ = &divert(*target_);
  cluster_ = target_->cluster;
  target_->requests->add();
  begin_sticky();
}

size_t Exchange::draw_target() {
  const uint64_t weights = listener_->weights[route_index_];
  if (route_->to.size() < 2 || weights == 0) return 0;
  if (const auto value = core::sticky_value(route_->split_by, head_, client_)) {
    return core::find_sticky_target(route_->to, *value);
  }
  return core::find_target(route_->to, worker_.prng().below(weights));
}

/// While traffic is shifted from one cluster to another: where clients keep their cluster, each moves once.
const RouteTable::Target& Exchange::divert(const RouteTable::Target& target) {
  const auto share = target.diverted_share->load(std::memory_order_relaxed);
  const auto value = core::sticky_value(route_->split_by, head_, client_);
  const uint64_t drawn = value ? core::sticky_draw(*value, core::kWholeShare) : worker_.prng().below(core::kWholeShare);
  return drawn < share ? *target.diverted : target;
}

/// A share of the requests is copied, as it leaves for the endpoint. What becomes a tunnel never is, and a fallback is
/// no original.
void Exchange::begin_mirror() {
  const RouteTable::Detour& detour = listener_->detours[route_index_];
  if (detour.mirror == nullptr || head_.upgrade || head_.method == proto::http::Method::connect) return;
  if (!switched_off_.empty() || worker_.prng().below(100) >= route_->mirror.percent) return;
  const Mirror::Order order{.config = route_->mirror,
                            .snapshot = *snapshot_,
                            .cluster = *detour.mirror,
                            .places = *detour.mirror_places,
                            .hash = core::request_hash(detour.mirror->config(), head_, client_)};
  if (plan_ == nullptr) {
    copy_ = worker_.mirror().begin(order, head_, forwarding_.fields(), request_ended_);
    return;
  }
  const auto target = std::exchange(head_.target, edits_->target());
  const auto authority = std::exchange(head_.authority, edits_->host());
  copy_ = worker_.mirror().begin(order, head_, edits_->request_fields(), request_ended_);
  head_.target = target;
  head_.authority = authority;
}

}  // namespace weir::l7
