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
  const RouteTable::Extras* const extras = route_->extras;
  const bool fall_back = extras != nullptr && !switched_off_.empty();
  target_ = route_->target;
  if (fall_back) {
    target_ = extras->fallback;
  } else if (extras != nullptr) {
    target_ = draw_target(*extras);
  }
  if (target_->diverted != nullptr && !fall_back) target_ = &divert(*target_);
  cluster_ = target_->cluster;
  target_->requests->add();
  if (extras != nullptr) begin_sticky();
}

const RouteTable::Target* Exchange::draw_target(const RouteTable::Extras& extras) {
  const model::RouteConfig& config = *route_->config;
  if (config.to.size() < 2 || extras.weights == 0) return extras.targets.front();
  if (const auto value = core::sticky_value(config.split_by, head_, client_)) {
    return extras.targets[core::find_sticky_target(config.to, *value)];
  }
  return extras.targets[core::find_target(config.to, worker_.prng().below(extras.weights))];
}

/// While traffic is shifted from one cluster to another: where clients keep their cluster, each moves once.
const RouteTable::Target& Exchange::divert(const RouteTable::Target& target) {
  const auto share = target.diverted_share->load(std::memory_order_relaxed);
  const auto value = core::sticky_value(route_->config->split_by, head_, client_);
  const uint64_t drawn = value ? core::sticky_draw(*value, core::kWholeShare) : worker_.prng().below(core::kWholeShare);
  return drawn < share ? *target.diverted : target;
}

/// A share of the requests is copied, as it leaves for the endpoint. What becomes a tunnel never is, and a fallback is
/// no original.
void Exchange::begin_mirror(const RouteTable::Extras& extras) {
  if (extras.mirror == nullptr || head_.upgrade || head_.method == proto::http::Method::connect) return;
  const model::MirrorConfig& config = route_->config->mirror;
  if (!switched_off_.empty() || worker_.prng().below(100) >= config.percent) return;
  const Mirror::Order order{.config = config,
                            .snapshot = *snapshot_,
                            .cluster = *extras.mirror,
                            .places = *extras.mirror_places,
                            .hash = core::request_hash(extras.mirror->config(), head_, client_)};
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
