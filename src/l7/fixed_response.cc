// Answers that stand in the configuration: a switch's fallback, a listener's maintenance.
#include <charconv>
#include <utility>

#include "l7/core/grpc.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using proto::http::BodyKind;
using proto::http::Field;

namespace {

/// What is said where the configuration says nothing.
const model::FixedResponse& unavailable() {
  static const model::FixedResponse made = [] {
    model::FixedResponse response;
    response.status = 503;
    response.body = "{\"error\":\"switched_off\",\"message\":\"This is switched off for now.\"}\n";
    response.content_type = "application/json";
    return response;
  }();
  return made;
}

bool has_no_body(uint16_t status) { return status == 204 || status == 304; }

}  // namespace

bool Exchange::answer_maintenance() {
  if (listener_->maintenance == nullptr || !listener_->maintenance->off()) return false;
  switched_off_ = listener_->maintenance_name;
  answer(listener_->config->maintenance);
  return true;
}

bool Exchange::answer_switched_off() {
  if (switched_off_.empty() || cluster_ != nullptr) return false;
  answer(route_->degradation.fallback);
  return true;
}

void Exchange::answer(const model::FixedResponse& configured) {
  const model::FixedResponse& response = configured.status == 0 ? unavailable() : configured;
  status_ = response.status;
  if (status_ >= 400 && core::is_grpc(head_)) return answer_grpc();
  http::ResponseHead head;
  head.status = status_;
  if (!has_no_body(status_)) {
    head.body = BodyKind::length;
    head.content_length = response.body.size();
  }
  char seconds[24];
  const int64_t retry_after = (response.retry_after.ms() + 999) / 1000;
  const auto [end, error] = std::to_chars(seconds, seconds + sizeof seconds, retry_after);
  Field extra[4] = {{.name = "X-Request-Id", .value = forwarding_.request_id()},
                    {.name = "Date", .value = worker_.clock().http_date()}};
  size_t count = 2;
  if (!response.body.empty()) extra[count++] = {.name = "Content-Type", .value = response.content_type};
  if (retry_after > 0) {
    extra[count++] = {.name = "Retry-After", .value = {seconds, static_cast<size_t>(end - seconds)}};
  }
  bytes_out_ = head_.method == proto::http::Method::head ? 0 : response.body.size();
  http::ServerStream& stream = *downstream_;
  stream.send_head(head, {extra, count}, bytes_out_ == 0);
  if (bytes_out_ != 0) {
    stream.send_body(response.body);
    stream.send_end({});
  }
  finish();
}

/// A gRPC client reads no body that is none of gRPC's.
void Exchange::answer_grpc() {
  http::ResponseHead head;
  head.status = 200;
  const Field extra[] = {{.name = "Content-Type", .value = "application/grpc"},
                         {.name = "grpc-status", .value = core::grpc_status_of(std::exchange(status_, head.status))},
                         {.name = "grpc-message", .value = "The proxy answers this itself."},
                         {.name = "X-Request-Id", .value = forwarding_.request_id()},
                         {.name = "Date", .value = worker_.clock().http_date()}};
  downstream_->send_head(head, extra, true);
  finish();
}

}  // namespace weir::l7
