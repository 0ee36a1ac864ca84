#include "http/http2_client_stream.h"

#include <charconv>
#include <utility>

#include "base/check.h"
#include "http/http2_client_connection.h"
#include "http/http2_codec.h"
#include "proto/http1/fields.h"
#include "proto/http1/scan.h"

namespace weir::http {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http1::Bad;

namespace {

// A response is preceded by one or two 1xx at most; an endpoint that sends them without end would hold us for ever.
constexpr uint32_t kMaxInformational = 16;
constexpr auto kAnyLength = proto::http2::ResponseFields::kAnyLength;
const char* const kBadLength = proto::http1::name_of(Bad::bad_content_length).data();

/// RFC 9110 section 10.1.4: the only thing that may be said of it in HTTP/2.
bool accepts_trailers(const RequestHead& head) {
  const Field* te = head.find(FieldId::te);
  if (te == nullptr) return false;
  for (std::string_view list = te->value; !list.empty();) {
    const size_t comma = list.find(',');
    if (proto::http::iequals(proto::http1::scan::trim(list.substr(0, comma)), "trailers")) return true;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}

}  // namespace

void Http2ClientStream::begin(Http2ClientConnection& connection, ResponseHandler& handler) {
  connection_ = &connection;
  handler_ = &handler;
}

void Http2ClientStream::clear() {
  connection_ = nullptr;
  previous_ = next_ = nullptr;
  handler_ = nullptr;
  trailers_.clear();
  in_.clear();
  out_.clear();
  malformation_ = nullptr;
  heard_before_ = 0;
  id_ = 0;
  informational_ = 0;
  owed_bytes_ = kAnyLength;
  sent_ = unasked_ = responded_ = remote_ended_ = deliver_later_ = resetting_ = closed_ = counted_ = false;
}

// ---- the request
// -----------------------------------------------------------------------------------------------------

void Http2ClientStream::add_request_line(const RequestHead& head) {
  auto& list = connection_->recycling_->fields;
  const Field* host = head.find(FieldId::host);
  const std::string_view authority = host == nullptr || host->hop_by_hop ? head.authority : host->value;
  list.assign(1, http2_field(":method", head.method_text, kLastingName));
  list.push_back(http2_field(":scheme", connection_->stream_.tls() == nullptr ? "http" : "https", kLastingName));
  if (!authority.empty()) list.push_back(http2_field(":authority", authority, kLastingName));
  list.push_back(http2_field(":path", head.target, kLastingName));
}

void Http2ClientStream::send_head(const RequestHead& head, std::span<const Field> extra, bool end) {
  if (closed_) return;
  DCHECK(id_ == 0);
  method_ = head.method;
  add_request_line(head);
  auto& list = connection_->recycling_->fields;
  const auto stream = static_cast<int32_t>(nghttp2_session_get_next_stream_id(connection_->session_));
  append_http2_fields(list, head.fields, stream, FieldId::host);
  append_http2_fields(list, extra, stream);
  if (accepts_trailers(head)) list.push_back(http2_field("te", "trailers", kLastingName));
  char digits[20];
  if (head.body == BodyKind::length) {
    const auto [last, error] = std::to_chars(digits, digits + sizeof digits, head.content_length);
    list.push_back(http2_field("content-length", {digits, static_cast<size_t>(last - digits)}, kLastingName));
  }
  nghttp2_data_provider body{};
  body.source.ptr = this;
  body.read_callback = [](nghttp2_session*, int32_t, uint8_t*, size_t length, uint32_t* flags,
                          nghttp2_data_source* source,
                          void*) { return static_cast<Http2ClientStream*>(source->ptr)->offer(length, flags); };
  id_ = nghttp2_submit_request(connection_->session_, nullptr, list.data(), list.size(), end ? nullptr : &body, this);
  CHECK(id_ > 0);
  if (end) out_.end();
  connection_->pump_later();
}

void Http2ClientStream::send_body(std::string_view piece) {
  if (closed_ || resetting_ || piece.empty()) return;
  out_.add(piece, connection_->stream_.loop().now());
  out_.resume(connection_->session_, id_);
  connection_->pump_later();
}

void Http2ClientStream::send_end(const Fields& trailers) {
  if (closed_ || resetting_) return;
  out_.end(trailers, connection_->stream_.loop().now());
  out_.resume(connection_->session_, id_);
  connection_->pump_later();
}

ssize_t Http2ClientStream::offer(size_t most, uint32_t* flags) {
  return out_.offer(connection_->session_, id_, connection_->recycling_->fields, most, flags);
}

void Http2ClientStream::take(std::string& out, size_t size) {
  if (out_.take(out, size, connection_->stream_.loop().now())) connection_->drained_.push_back(this);
}

// ---- the response
// ----------------------------------------------------------------------------------------------------

void Http2ClientStream::on_head(bool end) {
  if (handler_ == nullptr) return;
  ResponseHead& head = connection_->scratch_.head;
  const Bad bad = connection_->fields_.finish(method_, end, head);
  if (bad != Bad::none) return malformed(proto::http1::name_of(bad).data());
  if (head.status < 200) {
    if (++informational_ > kMaxInformational) return malformed("informational");
    return handler_->on_informational(head);
  }
  responded_ = true;
  remote_ended_ = end;
  owed_bytes_ = connection_->fields_.content_bytes();
  ResponseHandler* handler = end ? complete() : handler_;
  handler->on_response(head, connection_->fields_.memory(), end);
}

bool Http2ClientStream::expects(size_t bytes) {
  if (!responded_ || bytes > owed_bytes_) return false;
  if (owed_bytes_ != kAnyLength) owed_bytes_ -= bytes;
  return true;
}

void Http2ClientStream::on_body(std::string_view piece) {
  if (handler_ == nullptr) return consumed(piece.size());
  if (!expects(piece.size())) {
    consumed(piece.size());
    return malformed(responded_ ? kBadLength : "content_before_head");
  }
  if (in_.hold(piece)) return;
  handler_->on_response_body(piece);
  if (connection_->state_ == Http2ClientConnection::State::closed) return;
  consumed(in_.handed_on(piece.size()));
}

void Http2ClientStream::on_end() {
  remote_ended_ = true;
  if (handler_ == nullptr) return;
  if (!responded_) return malformed("end_before_head");
  if (owed_bytes_ != 0 && owed_bytes_ != kAnyLength) return malformed(kBadLength);
  if (!in_.empty()) return;
  ResponseHandler* handler = complete();
  handler->on_response_end(trailers_.finish());
}

/// The response is all there: the books are closed, then the handler, which the caller gets, hears of it.
ResponseHandler* Http2ClientStream::complete() {
  ++connection_->served_;
  ResponseHandler* handler = std::exchange(handler_, nullptr);
  if (!out_.ended() || out_.waiting() != 0) {
    // RFC 9113 section 8.1: answered in full, the rest of the request is not wanted.
    reset(NGHTTP2_CANCEL);
  } else {
    connection_->count_out(*this);
  }
  return handler;
}

void Http2ClientStream::pause_response() {
  if (handler_ != nullptr) in_.pause();
}

void Http2ClientStream::resume_response() {
  if (!in_.resume()) return;
  deliver_later_ = true;
  connection_->stream_.loop().schedule(connection_->deliver_hook_);
}

void Http2ClientStream::deliver() {
  deliver_later_ = false;
  if (in_.paused()) return;
  if (!in_.empty() && handler_ != nullptr) {
    const std::string piece = in_.take_held();
    handler_->on_response_body(piece);
    if (connection_->state_ == Http2ClientConnection::State::closed || in_.paused()) return;
  }
  consumed(in_.take_owed());
  if (remote_ended_) on_end();
}

void Http2ClientStream::consumed(size_t bytes) {
  if (bytes == 0 || connection_->state_ != Http2ClientConnection::State::open) return;
  if (closed_) {
    nghttp2_session_consume_connection(connection_->session_, bytes);
  } else {
    nghttp2_session_consume(connection_->session_, id_, bytes);
  }
  connection_->pump_later();
}

// ---- the end of it
// ---------------------------------------------------------------------------------------------------

void Http2ClientStream::on_closed(uint32_t error_code) {
  closed_ = true;
  if (remote_ended_ && handler_ != nullptr) return;  // it still has to be taken
  consumed(in_.take_owed());
  fail(error_of(error_code));
}

Error Http2ClientStream::error_of(uint32_t error_code) const {
  Error error{.code = Code::reset, .origin = Origin::upstream, .detail = nghttp2_http2_strerror(error_code)};
  if (malformation_ != nullptr) {
    error.code = Code::malformed;
    error.detail = malformation_;
  } else if (!sent_) {
    error.code = Code::cancelled;
    error.retry = Retry::yes;
  } else if (error_code == NGHTTP2_REFUSED_STREAM && !responded_) {
    // It goes, or it had not yet said how much it takes: then it is not to blame.
    if (connection_->draining_ || unasked_) error.code = Code::cancelled;
    error.retry = Retry::yes;
  } else if (error_code == NGHTTP2_NO_ERROR) {
    error.code = Code::closed_early;
  }
  return error;
}

Error Http2ClientStream::error_of_loss(Error error) const {
  if (error.retry == Retry::yes) return error;  // it never came to be
  if (!sent_) {
    error.code = Code::cancelled;
    error.retry = Retry::yes;
  } else if (!responded_ && error.code != Code::malformed) {
    const bool silent = connection_->served_ > 0 && connection_->stream_.bytes_read() == heard_before_;
    if (silent || error.code == Code::cancelled) error.retry = Retry::if_reused;
  }
  return error;
}

void Http2ClientStream::fail(const Error& error) {
  if (ResponseHandler* handler = std::exchange(handler_, nullptr)) handler->on_response_failed(error);
}

void Http2ClientStream::malformed(const char* detail) {
  malformation_ = detail;
  fail(Error{.code = Code::malformed, .origin = Origin::upstream, .detail = detail});
  reset(NGHTTP2_PROTOCOL_ERROR);
}

void Http2ClientStream::cancel() {
  handler_ = nullptr;
  if (closed_ || id_ == 0) {
    // The codec does not know it. It may be one of its own calls that this comes from: it is forgotten a little later.
    closed_ = true;
    connection_->stream_.loop().schedule(connection_->deliver_hook_);
    return;
  }
  const bool silent = sent_ && !responded_ && connection_->stream_.bytes_read() == heard_before_;
  reset(NGHTTP2_CANCEL);
  if (silent) connection_->suspect();
}

void Http2ClientStream::reset(uint32_t error_code) {
  if (closed_ || std::exchange(resetting_, true)) return;
  out_.drop();
  nghttp2_submit_rst_stream(connection_->session_, NGHTTP2_FLAG_NONE, id_, error_code);
  connection_->pump_later();
}

}  // namespace weir::http
