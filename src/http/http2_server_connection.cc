#include "http/http2_server_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/http2_codec.h"
#include "http/http2_server_callbacks.h"

namespace weir::http {

namespace {

// As with HTTP/1: what is on its way when we begin to drain is still answered.
constexpr Duration kDrainGrace = Duration::ms(500);
// How long a client may take to read GOAWAY and close.
constexpr Duration kLinger = Duration::s(2);
constexpr Duration kShortestTick = Duration::ms(10);
constexpr Duration kLongestTick = Duration::s(1);

/// Deadlines are then met to within a quarter of the shortest.
Duration tick_of(const ServerOptions& options) {
  const Duration shortest =
      std::min({options.header_timeout, options.body_timeout, options.idle_timeout, options.write_timeout});
  return std::clamp(shortest / 4, kShortestTick, kLongestTick);
}

}  // namespace

Http2ServerConnection::Http2ServerConnection(net::Loop& loop, Owner& owner,
                                             std::shared_ptr<const ServerOptions> options, ServerScratch& scratch,
                                             const net::SocketAddress& client)
    : ServerConnection(client),
      stream_(loop, *this),
      owner_(owner),
      options_(std::move(options)),
      scratch_(scratch),
      guard_(options_->http2.allowance),
      tick_(tick_of(*options_)) {
  if (!scratch.http2) scratch.http2 = std::make_shared<Http2Recycling<Http2ServerStream>>();
  recycling_ = scratch.http2;
  stream_.fail_fast_on_reset();
  session_ = Http2ServerCallbacks::make_session(*this);
}

Http2ServerConnection::~Http2ServerConnection() {
  nghttp2_session_del(session_);
  for (auto& stream : abandoned_) recycling_->give(std::move(stream));
}

Result<void> Http2ServerConnection::start(net::Stream::Detached detached) {
  const Instant now = stream_.loop().now();
  idle_since_ = progress_at_ = now;
  auto adopted = stream_.adopt(std::move(detached));
  if (!adopted) return adopted;
  deadline_.set(stream_.loop().timers(), now + tick_);
  pump_later();
  return adopted;
}

// ---- bytes
// -----------------------------------------------------------------------------------------------------------

size_t Http2ServerConnection::on_data(std::string_view data) {
  if (state_ != State::open || condemned_) return data.size();
  const ssize_t read = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
  if (state_ == State::closed) return data.size();
  if (read < 0) on_receive_error(static_cast<int>(read));
  pump_later();
  // Who does not read what we answer is not asked what else it wants.
  if (stream_.congested()) stream_.pause();
  return data.size();
}

void Http2ServerConnection::on_receive_error(int error) {
  switch (error) {
    case NGHTTP2_ERR_CALLBACK_FAILURE: return;  // said already
    case NGHTTP2_ERR_FLOODED: return strike(Http2Defence::ack);
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: return strike(Http2Defence::continuation);
    default:
      owner_.on_bad_request(*this, error == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? "http2_preface" : "http2_connection_error",
                            0);
      return terminate(NGHTTP2_PROTOCOL_ERROR);
  }
}

void Http2ServerConnection::pump() {
  if (state_ == State::closed) return;
  pull_http2(session_, stream_);
  if (state_ != State::open) return;
  tell_drained();
  if (state_ != State::open) return;
  const bool over = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
  if (over || (goaway_sent_ && stream_count_ == 0 && nghttp2_session_want_write(session_) == 0)) linger();
}

void Http2ServerConnection::on_drained() {
  if (stream_.paused()) stream_.resume();
  pump_later();
}

void Http2ServerConnection::tell_drained() {
  while (!drained_.empty()) {
    Http2ServerStream* stream = drained_.back();
    drained_.pop_back();
    if (stream->handler_ != nullptr) stream->handler_->on_response_drained();
  }
}

void Http2ServerConnection::deliver_held() {
  for (Http2ServerStream* stream = streams_; stream != nullptr && state_ == State::open;) {
    // A handler may end other streams by what it does, but only nghttp2's callbacks take them out of the list.
    Http2ServerStream* following = stream->next_;
    if (stream->deliver_later_) stream->deliver();
    stream = following;
  }
}

void Http2ServerConnection::on_end() {
  if (stream_count_ == 0 && stream_.pending() != 0 && state_ == State::open) return linger();
  if (state_ == State::lingering && stream_.pending() != 0) return;
  // As with HTTP/1: who stops sending while it waits is taken to have gone.
  close_now(Error{.code = Code::cancelled, .origin = Origin::downstream});
}

void Http2ServerConnection::on_closed(const Error& error) {
  Error downstream = error;
  downstream.origin = Origin::downstream;
  downstream.retry = Retry::no;
  close_now(downstream);
}

// ---- streams
// ---------------------------------------------------------------------------------------------------------

Http2ServerStream* Http2ServerConnection::begin_stream(int32_t id) {
  Http2ServerStream* stream = recycling_->take().release();
  stream->begin(*this, id);
  stream->next_ = streams_;
  if (streams_ != nullptr) streams_->previous_ = stream;
  streams_ = stream;
  if (stream_count_++ == 0) arm(stream_.loop().now());
  return stream;
}

void Http2ServerConnection::unlink(Http2ServerStream& stream) {
  (stream.previous_ != nullptr ? stream.previous_->next_ : streams_) = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  if (!drained_.empty()) std::erase(drained_, &stream);
  --stream_count_;
}

void Http2ServerConnection::end_stream(Http2ServerStream& stream, uint32_t error_code) {
  stream.on_closed(error_code);
  if (state_ == State::closed) return;  // what the handler did ended everything
  unlink(stream);
  recycling_->give(std::unique_ptr<Http2ServerStream>(&stream));
  if (stream_count_ == 0) {
    idle_since_ = stream_.loop().now();
    pump_later();  // a drain may be over
  }
}

// ---- the end of it
// ---------------------------------------------------------------------------------------------------

bool Http2ServerConnection::admit(Http2Defence kind) {
  if (guard_.admit(kind, stream_.loop().now())) return true;
  if (!condemned_) strike(kind);
  return false;
}

void Http2ServerConnection::strike(Http2Defence defence) {
  owner_.on_defence(*this, defence);
  terminate(NGHTTP2_ENHANCE_YOUR_CALM);
}

/// GOAWAY, and nothing after it. The streams end with the connection.
void Http2ServerConnection::terminate(uint32_t error_code) {
  if (condemned_ || state_ != State::open) return;
  condemned_ = true;
  nghttp2_session_terminate_session(session_, error_code);
  pump_later();
}

void Http2ServerConnection::drain() {
  if (draining_ || state_ != State::open) return;
  draining_ = true;
  const Instant now = stream_.loop().now();
  goaway_at_ = now + kDrainGrace;
  nghttp2_submit_shutdown_notice(session_);
  pump_later();
  arm(now);
}

void Http2ServerConnection::second_goaway() {
  goaway_sent_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
  pump_later();
}

/// All is said: the client reads it and closes. What it still sends is read and dropped, or a reset would destroy what
/// is on its way.
void Http2ServerConnection::linger() {
  state_ = State::lingering;
  const Instant now = stream_.loop().now();
  lingering_since_ = progress_at_ = now;
  written_at_check_ = stream_.bytes_written();
  for (Http2ServerStream* stream = streams_; stream != nullptr;) {
    Http2ServerStream* following = stream->next_;
    stream->fail_handler(Code::malformed, "connection error");
    if (state_ == State::closed) return;
    stream = following;
  }
  stream_.shutdown_write();
  stream_.resume();
  deadline_.set(stream_.loop().timers(), now + std::min(tick_, kLinger));
}

void Http2ServerConnection::kill() {
  if (state_ == State::closed) return;
  stream_.abort();
  close_now(Error{.code = Code::cancelled});
}

void Http2ServerConnection::close_now(const Error& error) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  deadline_.clear();
  pump_hook_.cancel();
  deliver_hook_.cancel();
  stream_.close();
  // The session stays until nobody stands in its callbacks; they look at state_ first.
  while (Http2ServerStream* stream = streams_) {
    streams_ = stream->next_;
    if (RequestHandler* handler = std::exchange(stream->handler_, nullptr)) handler->on_request_aborted(error);
    abandoned_.push_back(std::unique_ptr<Http2ServerStream>(stream));
  }
  owner_.on_connection_closed(*this);
}

// ---- deadlines
// -------------------------------------------------------------------------------------------------------

void Http2ServerConnection::arm(Instant now) {
  const bool watching = stream_count_ != 0 || !greeted_ || state_ == State::lingering || stream_.pending() != 0 ||
                        header_began_ != Instant{};
  Instant when = watching ? now + tick_ : idle_since_ + options_->idle_timeout;
  if (draining_ && !goaway_sent_) when = std::min(when, goaway_at_);
  deadline_.set(stream_.loop().timers(), when);
}

void Http2ServerConnection::on_deadline() {
  const Instant now = stream_.loop().now();
  if (!check_output(now)) return;
  if (state_ == State::lingering) {
    if (stream_.pending() == 0 && now - lingering_since_ >= kLinger) return close_now({});
  } else {
    check_open(now);
  }
  if (state_ != State::closed) arm(now);
}

/// False when the connection is gone: the socket took nothing for write_timeout.
bool Http2ServerConnection::check_output(Instant now) {
  if (stream_.bytes_written() != written_at_check_ || stream_.pending() == 0) {
    written_at_check_ = stream_.bytes_written();
    progress_at_ = now;
    return true;
  }
  if (now - progress_at_ < options_->write_timeout) return true;
  owner_.on_defence(*this, Http2Defence::stalled);
  kill();
  return false;
}

void Http2ServerConnection::check_open(Instant now) {
  const bool slow_preface = !greeted_ && now - idle_since_ >= options_->header_timeout;
  const bool slow_head = header_began_ != Instant{} && now - header_began_ >= options_->header_timeout;
  if (slow_preface || slow_head) {
    owner_.on_bad_request(*this, "header_timeout", 0);
    return terminate(NGHTTP2_NO_ERROR);
  }
  if (draining_ && !goaway_sent_ && now >= goaway_at_) second_goaway();
  for (Http2ServerStream* stream = streams_; stream != nullptr && state_ == State::open;) {
    Http2ServerStream* following = stream->next_;
    stream->check(now);
    stream = following;
  }
  if (state_ == State::open && stream_count_ == 0 && now - idle_since_ >= options_->idle_timeout) {
    terminate(NGHTTP2_NO_ERROR);
  }
}

}  // namespace weir::http
