// What an exchange does because of how its client came: in the clear, or by TLS.
#include "l7/core/https.h"

#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using proto::http::Field;

/// Whether the request is answered: where it came in the clear and should not have.
bool Exchange::redirect_to_https() {
  if (tls_ != nullptr || !listener_->config->redirect_to_https || core::is_acme_challenge(head_.path())) return false;
  const auto location = core::https_location(head_);
  if (!location) {
    // Without a host there is no address to send anybody to; CONNECT cannot be sent anywhere at all.
    const bool connect = head_.method == proto::http::Method::connect;
    refuse(connect ? core::Refusal{.rule = core::Rule::no_route, .limit = "redirect_to_https"}
                   : core::Refusal{.rule = core::Rule::no_host});
    return true;
  }
  status_ = 308;
  http::ResponseHead head;
  head.status = status_;
  head.body = proto::http::BodyKind::length;
  const Field extra[] = {{.name = "Location", .value = *location},
                         {.name = "X-Request-Id", .value = forwarding_.request_id()},
                         {.name = "Date", .value = worker_.clock().http_date()}};
  downstream_->send_head(head, extra, true);
  finish();
  return true;
}

/// What the response says of TLS: the listener's word takes the place of the endpoint's.
bool Exchange::takes_hsts(http::ResponseHead& head) const {
  if (tls_ == nullptr || listener_->hsts.empty()) return false;
  for (Field& field : head.fields) {
    if (proto::http::iequals(field.name, "strict-transport-security")) field.hop_by_hop = true;
  }
  return true;
}

Field Exchange::hsts_field() const { return {.name = "Strict-Transport-Security", .value = listener_->hsts}; }

}  // namespace weir::l7
