// Requests that a route answers without an endpoint: redirects and fixed responses.
#include <array>
#include <charconv>
#include <utility>

#include "base/check.h"
#include "l7/core/grpc.h"
#include "l7/core/route_edits.h"
#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using proto::http::Field;

namespace {

/// Retry-After in whole seconds, never less than asked.
std::string_view put_seconds(Duration duration, std::span<char, 24> digits) {
  const int64_t seconds = (duration.ms() + 999) / 1000;
  return {digits.data(), static_cast<size_t>(std::to_chars(digits.data(), digits.data() + digits.size(), seconds).ptr -
                                             digits.data())};
}

}  // namespace

/// False: an endpoint has to.
bool Exchange::answer_by_route() {
  if (answer_switched_off(*route_->extras)) return true;
  if (route_->target != nullptr || !switched_off_.empty()) return false;
  if (!route_->config->redirect.to.empty()) {
    redirect();
  } else {
    respond(route_->config->respond);
  }
  return true;
}

void Exchange::redirect() {
  if (plan_->redirect->mentions_host() && head_.authority.empty()) return refuse({.rule = core::Rule::no_host});
  const Field location{.name = "Location", .value = edits_->location()};
  status_ = route_->config->redirect.status;
  send_answer({&location, 1}, {});
}

void Exchange::respond(const model::FixedResponse& answer) {
  status_ = answer.status;
  if (core::is_grpc(head_)) return respond_grpc();
  std::array<char, 24> digits;
  std::array<Field, 2> fields;
  size_t count = 0;
  if (!answer.body.empty()) fields[count++] = {.name = "Content-Type", .value = answer.content_type};
  if (answer.retry_after > Duration{}) {
    fields[count++] = {.name = "Retry-After", .value = put_seconds(answer.retry_after, digits)};
  }
  send_answer({fields.data(), count}, answer.body);
}

/// A gRPC client looks for a grpc-status and takes any HTTP status but 200 for a broken proxy.
void Exchange::respond_grpc() {
  const std::string_view by = switched_off_.empty()                          ? "Answered by the route."
                              : switched_off_ == listener_->maintenance_name ? "The listener is in maintenance."
                                                                             : "This is switched off for now.";
  const Field fields[] = {{.name = "Content-Type", .value = "application/grpc"},
                          {.name = "grpc-status", .value = core::grpc_status_of(std::exchange(status_, uint16_t{200}))},
                          {.name = "grpc-message", .value = by}};
  send_answer(fields, {});
}

/// `fields` go first; to HEAD the body's length is told and the body is not sent (RFC 9110 section 9.3.2).
void Exchange::send_answer(std::span<const Field> fields, std::string_view body) {
  http::ResponseHead head;
  head.status = status_;
  // A 304 would tell the length of what it stands for, which is not known here.
  head.body = status_ == 304 ? proto::http::BodyKind::none : proto::http::BodyKind::length;
  head.content_length = body.size();
  std::array<Field, 6> all;
  CHECK(fields.size() + 3 <= all.size());
  size_t count = 0;
  for (const Field& each : fields) all[count++] = each;
  all[count++] = {.name = "X-Request-Id", .value = forwarding_.request_id()};
  all[count++] = {.name = "Date", .value = worker_.clock().http_date()};
  if (takes_hsts(head)) all[count++] = hsts_field();
  std::span<const Field> extra(all.data(), count);
  if (plan_ != nullptr) extra = edits_->response_fields(head.fields, extra);
  const bool sends_body = !body.empty() && head_.method != proto::http::Method::head;
  bytes_out_ = sends_body ? body.size() : 0;
  http::ServerStream& stream = *downstream_;
  stream.send_head(head, extra, !sends_body);
  if (sends_body) {
    stream.send_body(body);
    stream.send_end({});
  }
  finish();
}

}  // namespace weir::l7
