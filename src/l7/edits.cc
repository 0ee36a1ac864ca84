// Requests whose route edits them or sends them elsewhere: what leaves for the endpoint differs from what came, while
// the log, a recording and the cluster's policy go on seeing what the client asked for.
#include <utility>

#include "l7/core/route_edits.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using proto::http::Field;

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

bool Exchange::answer_redirect() {
  if (plan_ == nullptr || !plan_->redirect) return false;
  if (plan_->redirect->mentions_host() && head_.authority.empty()) {
    refuse({.rule = core::Rule::no_host});
    return true;
  }
  status_ = route_->redirect.status;
  http::ResponseHead head;
  head.status = status_;
  head.body = proto::http::BodyKind::length;
  Field ours[4] = {{.name = "Location", .value = edits_->location()},
                   {.name = "X-Request-Id", .value = forwarding_.request_id()},
                   {.name = "Date", .value = worker_.clock().http_date()},
                   {}};
  size_t count = 3;
  if (takes_hsts(head)) ours[count++] = hsts_field();
  downstream_->send_head(head, edits_->response_fields(head.fields, {ours, count}), true);
  finish();
  return true;
}

}  // namespace weir::l7
