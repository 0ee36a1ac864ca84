// Sticky endpoints: the request's cookie is followed, and the response tells the client where to come back to.
#include <utility>

#include "balance/sticky.h"
#include "l7/core/sticky_cookie.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using balance::Stickiness;

/// Fallbacks are no home: whoever is sent to one keeps its endpoint for when the switch is on again.
void Exchange::begin_sticky() {
  if (route_->config->sticky.cookie.empty() || !switched_off_.empty()) return;
  const auto token = core::read_sticky_cookie(head_, route_->config->sticky);
  sticky_ = {.wanted = true, .token = token.value_or(0), .has_token = token.has_value()};
}

/// The endpoint that the client names, if it can have it. What becomes of the request is settled, and counted, by its
/// first look.
std::optional<balance::Pick> Exchange::pick_sticky() {
  if (!sticky_.wanted) return std::nullopt;
  upstream::WorkerCluster::Held held{.stickiness = Stickiness::fresh, .pick = std::nullopt};
  if (sticky_.has_token) {
    held = cluster_->hold(sticky_.token, route_->config->sticky.overflow_percent, core_.tried(), core_.may_repeat());
  }
  if (!std::exchange(sticky_.settled, true)) {
    sticky_.stickiness = held.stickiness;
    cluster_->cluster().counters().sticky[static_cast<size_t>(held.stickiness)].fetch_add(1, std::memory_order_relaxed);
  }
  return held.pick;
}

/// The cookie for the endpoint that has answered; empty when the client is to keep what it has.
std::string Exchange::sticky_cookie() const {
  if (!sticky_.settled || !balance::wants_cookie(sticky_.stickiness)) return {};
  return core::make_sticky_cookie(cluster_->token_of(endpoint_), route_->config->sticky,
                                  core::is_secure(head_, listener_->config->trust_forwarded));
}

}  // namespace weir::l7
