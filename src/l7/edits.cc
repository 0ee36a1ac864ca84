// Requests whose route edits them: what leaves for the endpoint differs from what came, while the log, a recording and
// the cluster's policy go on seeing what the client asked for.
#include <utility>

#include "l7/core/route_edits.h"
#include "l7/exchange.h"

namespace weir::l7 {

void Exchange::begin_edits() {
  if (!edits_) edits_ = std::make_unique<core::RouteEdits>();
  edits_->begin(
      *plan_, head_,
      {.client_ip = client_, .request_id = forwarding_.request_id(), .route = listener_->router->label(route_index_)});
}

void Exchange::send_request_head(bool end) {
  if (plan_ == nullptr) return upstream_->send_head(head_, forwarding_.fields(), end);
  const auto target = std::exchange(head_.target, edits_->target());
  const auto authority = std::exchange(head_.authority, edits_->host());
  upstream_->send_head(head_, edits_->request_fields(), end);
  head_.target = target;
  head_.authority = authority;
}

}  // namespace weir::l7
