#include "http/http1_server_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "proto/http1/writer.h"

namespace weir::http {

namespace {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http::Method;
using proto::http1::Bad;
using proto::http1::Parse;

// Long enough for the response to cross an ocean, short enough that a flood of refused clients does not pile up.
constexpr Duration kLinger = Duration::s(2);
constexpr uint64_t kLingerBytes = 1024 * 1024;
// A kept-alive client may have its next request on the way when we begin to drain: it gets this long to be answered
// (with Connection: close) before the idle connection is closed under it.
constexpr Duration kDrainGrace = Duration::ms(500);
// What a client with prior knowledge of HTTP/2 begins with (RFC 9113 section 3.4). As a request of HTTP/1 it is
// malformed, so nobody loses anything by its being looked for.
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What ALPN calls it (RFC 9113 section 3.1).
constexpr std::string_view kHttp2Protocol = "h2";

TlsFacts facts_of(const net::tls::Session& session) {
  return {.version = session.version(),
          .cipher = session.cipher(),
          .server_name = std::string(session.server_name()),
          .certificate = session.peer_certificate(),
          .resumed = session.resumed()};
}

}  // namespace

Http1ServerConnection::Http1ServerConnection(net::Loop& loop, Owner& owner,
                                             std::shared_ptr<const ServerOptions> options, ServerScratch& scratch,
                                             const net::SocketAddress& client)
    : ServerConnection(client),
      stream_(loop, *this),
      owner_(owner),
      options_(std::move(options)),
      scratch_(scratch),
      parser_(options_->limits),
      preface_possible_(options_->http2.enabled) {
  stream_.fail_fast_on_reset();
}

Result<void> Http1ServerConnection::start(net::Fd fd) {
  if (options_->tls) {
    await(Waiting::handshake, options_->handshake_timeout);
    return stream_.adopt(std::move(fd), options_->tls);
  }
  // A connection that never speaks is a slow header, not a keep-alive one.
  await(Waiting::header, options_->header_timeout);
  return stream_.adopt(std::move(fd));
}

// ---- TLS
// -------------------------------------------------------------------------------------------------------------

void Http1ServerConnection::on_connected() {
  client_.tls = std::make_unique<const TlsFacts>(facts_of(*stream_.tls()));
  owner_.on_handshake(*this);
  if (stream_.tls()->protocol() == kHttp2Protocol) {
    state_ = State::closed;
    deadline_.clear();
    owner_.on_http2(*this, stream_.detach({}));
    return;
  }
  preface_possible_ = false;  // who wants HTTP/2 over TLS says so by ALPN (RFC 9113 section 3.2)
  // Browsers open connections in advance: one that says nothing is closed without an answer.
  await(Waiting::idle, draining_ ? kDrainGrace : options_->header_timeout);
}

bool Http1ServerConnection::on_plain_text() {
  plain_text_ = true;
  owner_.on_handshake_failed(*this, net::tls::Failure::plain_text);
  return true;
}

// ---- reading
// ---------------------------------------------------------------------------------------------------------

size_t Http1ServerConnection::on_data(std::string_view data) {
  if (plain_text_ && state_ == State::head) {
    refuse(400, "plain_http", "The plain HTTP request was sent to an HTTPS port.");
    return data.size();
  }
  in_on_data_ = true;
  size_t consumed = 0;
  while (consumed < data.size() && !stream_.paused() && state_ != State::closed) {
    const std::string_view rest = data.substr(consumed);
    if (state_ == State::waiting) {
      // The next request of a pipeline keeps until this one is answered.
      stream_.pause();
      break;
    }
    if (state_ == State::tunnel) {
      consumed = data.size();
      if (handler_ != nullptr) handler_->on_request_body(rest);
      break;
    }
    if (state_ == State::lingering) {
      lingered_bytes_ += rest.size();
      consumed = data.size();
      if (lingered_bytes_ > kLingerBytes) close_now({});
      break;
    }
    const size_t step = state_ == State::head ? read_head(rest) : read_body(rest);
    consumed += step;
    if (step == 0) break;
  }
  in_on_data_ = false;
  return consumed;
}

/// Whether `data`, the first of the connection, is taken care of: the preface, or what may become it.
bool Http1ServerConnection::read_preface(std::string_view data) {
  const size_t size = std::min(data.size(), kPreface.size());
  if (data.substr(0, size) != kPreface.substr(0, size)) {
    preface_possible_ = false;
    return false;
  }
  if (size < kPreface.size()) return true;
  state_ = State::closed;
  deadline_.clear();
  owner_.on_http2(*this, stream_.detach(data));
  return true;
}

size_t Http1ServerConnection::read_head(std::string_view data) {
  if (preface_possible_ && read_preface(data)) return 0;
  RequestHead& head = scratch_.head;
  const auto result = parser_.parse(data, head);
  switch (result.state) {
    case Parse::need_more:
      if (waiting_ != Waiting::header) await(Waiting::header, options_->header_timeout);
      return 0;
    case Parse::bad: refuse(result.bad); return state_ == State::closed ? 0 : data.size();
    case Parse::done:
      parser_.reset();
      begin(head, data.substr(0, result.consumed));
      return result.consumed;
  }
  UNREACHABLE();
}

void Http1ServerConnection::begin(RequestHead& head, std::string_view memory) {
  method_ = head.method;
  version_minor_ = head.version_minor;
  keep_alive_ = head.keep_alive && !draining_;
  response_started_ = response_chunked_ = response_ended_ = false;
  const bool has_body = head.body == BodyKind::stream || (head.body == BodyKind::length && head.content_length > 0);
  if (head.body == BodyKind::length && head.content_length > options_->max_body_bytes)
    return refuse(Bad::body_too_large);
  if (has_body) body_.start(head.body, head.content_length, options_->max_body_bytes, options_->limits);
  state_ = has_body ? State::body : State::waiting;
  if (has_body) {
    await(Waiting::body, options_->body_timeout);
  } else {
    await_nothing();
  }
  handler_ = &owner_.begin_request(*this);
  handler_->on_request(*this, head, memory, !has_body);
  if (!has_body && response_ended_ && state_ == State::waiting) next_request();
}

size_t Http1ServerConnection::read_body(std::string_view data) {
  const auto step = body_.next(data);
  if (step.state == Parse::bad) {
    refuse(step.bad);
    return state_ == State::closed ? 0 : data.size();
  }
  if (!step.data.empty() && handler_ != nullptr) handler_->on_request_body(step.data);
  if (state_ != State::body) return step.consumed;
  if (step.state == Parse::done) {
    request_done();
  } else if (!stream_.paused() && waiting_ != Waiting::write) {
    await(Waiting::body, options_->body_timeout);
  }
  return step.consumed;
}

void Http1ServerConnection::request_done() {
  state_ = State::waiting;
  if (!stream_.congested()) await_nothing();
  if (handler_ != nullptr) handler_->on_request_end(body_.trailers());
  if (state_ == State::waiting && response_ended_) next_request();
}

void Http1ServerConnection::pause_request() {
  if (state_ != State::body && state_ != State::tunnel) return;
  stream_.pause();
  if (!stream_.congested()) await_nothing();  // it is not the client who is slow now
}

void Http1ServerConnection::resume_request() {
  if ((state_ != State::body && state_ != State::tunnel) || !stream_.paused()) return;
  if (waiting_ != Waiting::write && state_ == State::body) await(Waiting::body, options_->body_timeout);
  stream_.resume();
}

void Http1ServerConnection::on_end() {
  if (handler_ == nullptr) {
    // A client may half-close once it has asked; what it was answered still goes out.
    if (stream_.pending() == 0) return close_now({});
    if (state_ != State::lingering) linger();
    return;
  }
  if (state_ == State::tunnel) return handler_->on_request_end({});
  // A client that stops sending while it waits is taken to have gone: a half-close cannot be told from a departure, and
  // working for nobody is worse than refusing a rarity.
  close_now(Error{.code = state_ == State::body ? Code::closed_early : Code::cancelled, .origin = Origin::downstream});
}

void Http1ServerConnection::on_closed(const Error& error) {
  if (waiting_ == Waiting::handshake && state_ != State::closed)
    owner_.on_handshake_failed(*this, stream_.tls_failure());
  Error downstream = error;
  downstream.origin = Origin::downstream;
  downstream.retry = Retry::no;
  close_now(downstream);
}

void Http1ServerConnection::on_drained() {
  if (waiting_ == Waiting::write && state_ != State::lingering) {
    if (state_ == State::head) {
      await_request();
      stream_.resume();
    } else if (state_ == State::body && !stream_.paused()) {
      await(Waiting::body, options_->body_timeout);
    } else {
      await_nothing();
    }
  }
  if (handler_ != nullptr) handler_->on_response_drained();
}

// ---- answering
// -------------------------------------------------------------------------------------------------------

void Http1ServerConnection::send_informational(const ResponseHead& head) {
  if (version_minor_ == 0 || state_ == State::closed) return;  // RFC 9110 section 15.2: not to a 1.0 client
  std::string& out = stream_.output();
  proto::http1::append_status_line(out, head.status, head.reason);
  proto::http1::append_end_to_end_fields(out, head.fields);
  out += "\r\n";
  stream_.flush_later();
}

void Http1ServerConnection::send_head(const ResponseHead& head, std::span<const Field> extra, bool end) {
  if (state_ == State::closed) return;
  DCHECK(!response_started_);
  response_started_ = true;
  {
    Pen pen(stream_.output(), proto::http1::kRoomForFraming + head.reason.size() + proto::http1::room_for(head.fields) +
                                  proto::http1::room_for(extra));
    proto::http1::put_status_line(pen, head.status, head.reason);
    proto::http1::put_fields(pen, head.fields);
    proto::http1::put_fields(pen, extra);
    put_framing(pen, head, end);
    pen.put("\r\n");
  }
  stream_.flush_later();
  if (end) return response_done();
  if (head.body == BodyKind::tunnel) open_tunnel();
}

/// What the client sent behind its request, in the hope of this answer, waits in the stream.
void Http1ServerConnection::open_tunnel() {
  state_ = State::tunnel;
  keep_alive_ = false;
  await_nothing();
  stream_.resume();
}

/// RFC 9112 section 6: which framing this response gets towards this client.
void Http1ServerConnection::put_framing(Pen& pen, const ResponseHead& head, bool end) {
  if (head.body == BodyKind::tunnel) {
    if (head.status != 101) return;  // to CONNECT: nothing may frame it
    proto::http1::put_field(pen, "Connection", "upgrade");
    if (const Field* upgrade = head.find(FieldId::upgrade)) proto::http1::put_field(pen, "Upgrade", upgrade->value);
    return;
  }
  const bool bodiless = (method_ == Method::head && head.status != 204) || head.status == 304;
  if (bodiless) {
    if (const Field* length = head.find(FieldId::content_length)) {
      proto::http1::put_field(pen, "Content-Length", length->value);
    } else if (head.body == BodyKind::length) {
      proto::http1::put_field(pen, "Content-Length", head.content_length);
    }
  } else if (head.status == 204) {
    // Section 6.1 and 6.2 forbid both fields.
  } else if (end || head.body == BodyKind::length) {
    proto::http1::put_field(pen, "Content-Length", end ? uint64_t{0} : head.content_length);
  } else if (version_minor_ == 0) {
    keep_alive_ = false;  // a 1.0 client knows no chunks: the end of the connection ends the body
  } else {
    response_chunked_ = true;
    proto::http1::put_field(pen, "Transfer-Encoding", "chunked");
  }
  // Answered before the request was all there: when the answer ends first, what is still to come cannot be told from a
  // next request, and the client must know now.
  if (state_ == State::body) keep_alive_ = false;
  if (draining_) keep_alive_ = false;
  if (!keep_alive_) {
    proto::http1::put_field(pen, "Connection", "close");
  } else if (version_minor_ == 0) {
    proto::http1::put_field(pen, "Connection", "keep-alive");
  }
}

void Http1ServerConnection::send_body(std::string_view piece) {
  if (state_ == State::closed || piece.empty()) return;
  if (response_chunked_) {
    proto::http1::append_chunk_size(stream_.output(), piece.size());
    stream_.write(piece);
    stream_.output() += "\r\n";
    stream_.flush_later();
  } else {
    stream_.write(piece);
  }
  if (stream_.congested()) watch_output();
}

/// From now on the output must make progress, or the client is taken to have stopped reading.
void Http1ServerConnection::watch_output() {
  if (waiting_ == Waiting::write) return;
  written_at_check_ = stream_.bytes_written();
  progress_at_ = stream_.loop().now();
  await(Waiting::write, std::min(options_->write_timeout, kLinger));
}

void Http1ServerConnection::check_output() {
  const Instant now = stream_.loop().now();
  if (stream_.bytes_written() != written_at_check_) {
    written_at_check_ = stream_.bytes_written();
    progress_at_ = now;
  }
  if (stream_.pending() == 0) {
    if (state_ == State::lingering) return close_now({});
    if (state_ == State::head) return await_request();
    if (state_ == State::body && !stream_.paused()) return await(Waiting::body, options_->body_timeout);
    return await_nothing();
  }
  if (now - progress_at_ >= options_->write_timeout) return kill();
  await(Waiting::write, std::min(options_->write_timeout, kLinger));
}

void Http1ServerConnection::send_end(const Fields& trailers) {
  if (state_ == State::closed) return;
  if (response_chunked_) {
    proto::http1::append_last_chunk(stream_.output(), trailers);
    stream_.flush_later();
  }
  response_done();
}

void Http1ServerConnection::response_done() {
  response_ended_ = true;
  handler_ = nullptr;
  if (state_ == State::body) {
    keep_alive_ = false;
    finish_and_close();
  } else if (state_ == State::waiting && !in_on_data_) {
    next_request();
  } else if (state_ == State::tunnel) {
    linger();
  }
}

void Http1ServerConnection::next_request() {
  if (!keep_alive_) return finish_and_close();
  state_ = State::head;
  if (stream_.congested()) {
    // It asks and does not read: no next request until it has taken the answers to the last ones.
    stream_.pause();
    return watch_output();
  }
  await_request();
  stream_.resume();
}

/// Who was not told that it is the last answer may have sent a request already: even a connection that drains waits for
/// it a little.
void Http1ServerConnection::await_request() { await(Waiting::idle, draining_ ? kDrainGrace : options_->idle_timeout); }

void Http1ServerConnection::finish_and_close() {
  if (state_ == State::waiting && stream_.retained() == 0 && !in_on_data_ && stream_.flush_now()) return close_now({});
  linger();
}

// ---- refusing and closing
// --------------------------------------------------------------------------------------------

void Http1ServerConnection::refuse(Bad bad) {
  refuse(proto::http1::status_of(bad), proto::http1::name_of(bad), proto::http1::text_of(bad));
}

void Http1ServerConnection::refuse(uint16_t status, std::string_view reason, std::string_view text) {
  const bool answer = !response_started_ || state_ == State::head;
  if (state_ != State::head) {
    if (RequestHandler* handler = std::exchange(handler_, nullptr)) {
      const Code code = status == 408 ? Code::timeout : status == 413 ? Code::too_large : Code::malformed;
      handler->on_request_aborted(Error{.code = code, .origin = Origin::downstream, .detail = "request body"});
    }
  }
  owner_.on_bad_request(*this, reason, answer ? status : 0);
  if (!answer) return kill();
  std::string& out = stream_.output();
  proto::http1::append_status_line(out, status);
  proto::http1::append_field(out, "Content-Type", "text/plain; charset=utf-8");
  proto::http1::append_field(out, "X-Weir-Refusal", std::string("rule=").append(reason));
  proto::http1::append_field(out, "Content-Length", text.size() + 1);
  proto::http1::append_field(out, "Connection", "close");
  out += "\r\n";
  out += text;
  out += '\n';
  stream_.flush_later();
  linger();
}

void Http1ServerConnection::linger() {
  state_ = State::lingering;
  handler_ = nullptr;
  stream_.drop_retained();
  stream_.shutdown_write();
  stream_.resume();
  if (stream_.pending() == 0) return await(Waiting::linger, kLinger);
  waiting_ = Waiting::linger;
  watch_output();
}

void Http1ServerConnection::drain() {
  draining_ = true;
  if (state_ == State::tunnel && handler_ != nullptr) return handler_->on_drain();
  if (idle()) await(waiting_ == Waiting::handshake ? Waiting::handshake : Waiting::idle, kDrainGrace);
}

void Http1ServerConnection::abort() {
  handler_ = nullptr;
  kill();
}

void Http1ServerConnection::kill() {
  if (state_ == State::closed) return;
  stream_.abort();
  close_now(Error{.code = Code::cancelled});
}

void Http1ServerConnection::close_now(const Error& error) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  deadline_.clear();
  stream_.close();
  if (RequestHandler* handler = std::exchange(handler_, nullptr)) handler->on_request_aborted(error);
  owner_.on_connection_closed(*this);
}

// ---- deadlines
// -------------------------------------------------------------------------------------------------------

void Http1ServerConnection::await(Waiting what, Duration how_long) {
  waiting_ = what;
  net::Loop& loop = stream_.loop();
  deadline_.set(loop.timers(), loop.now() + how_long);
}

void Http1ServerConnection::await_nothing() {
  waiting_ = Waiting::idle;
  deadline_.clear();
}

void Http1ServerConnection::on_deadline() {
  switch (waiting_) {
    case Waiting::handshake: owner_.on_handshake_failed(*this, net::tls::Failure::timeout); return close_now({});
    case Waiting::idle:
      if (stream_.pending() != 0) return watch_output();
      return close_now({});
    case Waiting::linger: return close_now({});
    case Waiting::header:
      if (stream_.bytes_read() == 0) return close_now({});  // it never said a word; nothing to answer
      return refuse(408, "header_timeout", "The request's head did not arrive in time (RFC 9110 section 15.5.9).");
    case Waiting::body:
      return refuse(408, "body_timeout", "The request's body did not arrive in time (RFC 9110 section 15.5.9).");
    case Waiting::write: return check_output();
  }
}

}  // namespace weir::http
