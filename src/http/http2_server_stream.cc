#include "http/http2_server_stream.h"

#include <charconv>
#include <utility>

#include "base/check.h"
#include "http/http2_codec.h"
#include "http/http2_server_connection.h"

namespace weir::http {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http::Method;
using proto::http1::Bad;

void Http2ServerStream::begin(Http2ServerConnection& connection, int32_t id) {
  connection_ = &connection;
  id_ = id;
  fields_.begin(connection.options_->limits);
}

void Http2ServerStream::clear() {
  connection_ = nullptr;
  previous_ = next_ = nullptr;
  handler_ = nullptr;
  fields_.shrink();
  trailers_.clear();
  in_.clear();
  out_.clear();
  body_bytes_ = 0;
  requested_ = remote_ended_ = end_told_ = deliver_later_ = head_sent_ = resetting_ = false;
}

const ClientFacts& Http2ServerStream::client_facts() const { return connection_->client(); }

// ---- the request
// -----------------------------------------------------------------------------------------------------

void Http2ServerStream::on_head(bool end) {
  requested_ = true;
  remote_ended_ = end_told_ = end;
  RequestHead& head = connection_->scratch_.head;
  const ServerOptions& options = *connection_->options_;
  const Bad bad = fields_.finish(end, head);
  if (bad != Bad::none) return refuse(bad);
  method_ = head.method;
  if (head.content_length > options.max_body_bytes) return refuse(Bad::body_too_large);
  body_at_ = connection_->stream_.loop().now();
  handler_ = &connection_->owner_.begin_request(*connection_);
  handler_->on_request(*this, head, fields_.memory(), end);
}

void Http2ServerStream::on_body(std::string_view piece) {
  body_bytes_ += piece.size();
  body_at_ = connection_->stream_.loop().now();
  if (handler_ == nullptr) return consumed(piece.size());
  if (body_bytes_ > connection_->options_->max_body_bytes) {
    consumed(piece.size());
    return refuse(Bad::body_too_large);
  }
  if (in_.hold(piece)) return;
  handler_->on_request_body(piece);
  if (connection_->state_ == Http2ServerConnection::State::closed) return;
  consumed(in_.handed_on(piece.size()));
}

void Http2ServerStream::on_end() {
  remote_ended_ = true;
  if (in_.empty()) finish_request();
}

void Http2ServerStream::finish_request() {
  end_told_ = true;
  if (handler_ != nullptr) handler_->on_request_end(trailers_.finish());
}

void Http2ServerStream::pause_request() {
  if (!end_told_) in_.pause();
}

void Http2ServerStream::resume_request() {
  if (!in_.resume()) return;
  body_at_ = connection_->stream_.loop().now();
  deliver_later_ = true;
  connection_->stream_.loop().schedule(connection_->deliver_hook_);
}

void Http2ServerStream::deliver() {
  deliver_later_ = false;
  if (in_.paused()) return;
  if (!in_.empty() && handler_ != nullptr) {
    const std::string piece = in_.take_held();
    handler_->on_request_body(piece);
    if (connection_ == nullptr || in_.paused()) return;
  }
  consumed(in_.take_owed());
  if (remote_ended_ && !end_told_) finish_request();
}

void Http2ServerStream::consumed(size_t bytes) {
  if (bytes == 0) return;
  nghttp2_session_consume(connection_->session_, id_, bytes);
  connection_->pump_later();
}

/// The stream is closed, by whomever: what nobody was told yet is told now.
void Http2ServerStream::on_closed(uint32_t error_code) {
  if (const size_t owed = in_.take_owed(); owed != 0) nghttp2_session_consume_connection(connection_->session_, owed);
  fail_handler(error_code == NGHTTP2_CANCEL || error_code == NGHTTP2_NO_ERROR ? Code::cancelled : Code::reset,
               "stream closed");
}

void Http2ServerStream::fail_handler(Code code, const char* detail) {
  if (RequestHandler* handler = std::exchange(handler_, nullptr)) {
    handler->on_request_aborted(Error{.code = code, .origin = Origin::downstream, .detail = detail});
  }
}

// ---- the response
// ----------------------------------------------------------------------------------------------------

/// As RFC 9110 section 8.6 has it: of a response without content its field speaks of what a GET would have got.
void Http2ServerStream::add_framing(const ResponseHead& head, bool end, char (&digits)[20]) {
  auto& list = connection_->recycling_->fields;
  const bool bodiless = (method_ == Method::head && head.status != 204) || head.status == 304;
  const Field* field = bodiless ? head.find(FieldId::content_length) : nullptr;
  if (field != nullptr) {
    list.push_back(http2_field("content-length", field->value, kLastingName));
  } else if (head.status != 204 && head.body == BodyKind::length && (bodiless || !end || head.content_length == 0)) {
    const auto [last, error] = std::to_chars(digits, digits + sizeof digits, head.content_length);
    list.push_back(http2_field("content-length", {digits, static_cast<size_t>(last - digits)}, kLastingName));
  }
}

void Http2ServerStream::send_informational(const ResponseHead& head) {
  if (resetting_ || head_sent_ || head.status == 101) return;
  char status[20];
  const auto [last, error] = std::to_chars(status, status + sizeof status, head.status);
  auto& list = connection_->recycling_->fields;
  list.assign(1, http2_field(":status", {status, static_cast<size_t>(last - status)}, kLastingName));
  append_http2_fields(list, head.fields, id_);
  nghttp2_submit_headers(connection_->session_, NGHTTP2_FLAG_NONE, id_, nullptr, list.data(), list.size(), nullptr);
  connection_->pump_later();
}

void Http2ServerStream::send_head(const ResponseHead& head, std::span<const Field> extra, bool end) {
  if (resetting_) return;
  DCHECK(!head_sent_);
  head_sent_ = true;
  char status[20], digits[20];
  const auto [last, error] = std::to_chars(status, status + sizeof status, head.status);
  auto& list = connection_->recycling_->fields;
  list.assign(1, http2_field(":status", {status, static_cast<size_t>(last - status)}, kLastingName));
  append_http2_fields(list, head.fields, id_);
  append_http2_fields(list, extra, id_);
  add_framing(head, end, digits);
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = [](nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
                          nghttp2_data_source* source,
                          void*) { return static_cast<Http2ServerStream*>(source->ptr)->offer(length, flags); };
  nghttp2_submit_response(connection_->session_, id_, list.data(), list.size(), end ? nullptr : &body);
  connection_->pump_later();
  if (!end) return;
  out_.end();
  handler_ = nullptr;
}

void Http2ServerStream::send_body(std::string_view piece) {
  if (resetting_ || piece.empty()) return;
  out_.add(piece, connection_->stream_.loop().now());
  resume_output();
}

void Http2ServerStream::send_end(const Fields& trailers) {
  if (resetting_) return;
  out_.end(trailers, connection_->stream_.loop().now());
  handler_ = nullptr;
  resume_output();
}

void Http2ServerStream::resume_output() {
  out_.resume(connection_->session_, id_);
  connection_->pump_later();
}

ssize_t Http2ServerStream::offer(size_t most, uint32_t* flags) {
  return out_.offer(connection_->session_, id_, connection_->recycling_->fields, most, flags);
}

void Http2ServerStream::take(std::string& out, size_t size) {
  if (out_.take(out, size, connection_->stream_.loop().now())) connection_->drained_.push_back(this);
}

// ---- the end of it
// ---------------------------------------------------------------------------------------------------

void Http2ServerStream::abort() {
  handler_ = nullptr;
  reset(NGHTTP2_INTERNAL_ERROR);
}

void Http2ServerStream::reset(uint32_t error_code) {
  if (std::exchange(resetting_, true)) return;
  out_.drop();
  nghttp2_submit_rst_stream(connection_->session_, NGHTTP2_FLAG_NONE, id_, error_code);
  connection_->pump_later();
}

void Http2ServerStream::refuse(Bad bad) {
  refuse(proto::http1::status_of(bad), proto::http1::name_of(bad), proto::http1::text_of(bad));
}

void Http2ServerStream::refuse(uint16_t status, std::string_view reason, std::string_view text) {
  const Code code = status == 408 ? Code::timeout : status == 413 ? Code::too_large : Code::malformed;
  fail_handler(code, "request");
  requested_ = true;
  const bool answer = !head_sent_ && !resetting_;
  connection_->owner_.on_bad_request(*connection_, reason, answer ? status : 0);
  if (!answer) return reset(NGHTTP2_PROTOCOL_ERROR);
  answer_refusal(status, reason, text);
}

void Http2ServerStream::answer_refusal(uint16_t status, std::string_view reason, std::string_view text) {
  const std::string rule = std::string("rule=").append(reason);
  const Field extra[] = {{.name = "content-type", .value = "text/plain; charset=utf-8"},
                         {.name = "x-weir-refusal", .value = rule}};
  ResponseHead head;
  head.status = status;
  head.body = BodyKind::length;
  head.content_length = text.size() + 1;
  const bool bodiless = method_ == Method::head;
  send_head(head, extra, bodiless);
  if (bodiless) return;
  send_body(text);
  send_body("\n");
  send_end({});
}

/// Whether the client keeps its side moving.
void Http2ServerStream::check(Instant now) {
  const ServerOptions& options = *connection_->options_;
  const bool owes_body = handler_ != nullptr && requested_ && !remote_ended_ && !in_.paused() && in_.empty();
  if (owes_body && now - body_at_ >= options.body_timeout) {
    return refuse(408, "body_timeout", "The request's body did not arrive in time (RFC 9110 section 15.5.9).");
  }
  nghttp2_session* session = connection_->session_;
  const bool no_window = nghttp2_session_get_stream_remote_window_size(session, id_) <= 0 ||
                         nghttp2_session_get_remote_window_size(session) <= 0;
  if (out_.waiting() == 0 || !no_window || resetting_ || now - out_.moved_at() < options.write_timeout) return;
  connection_->owner_.on_defence(*connection_, Http2Defence::zero_window);
  fail_handler(Code::timeout, "no window");
  reset(NGHTTP2_CANCEL);
}

}  // namespace weir::http
