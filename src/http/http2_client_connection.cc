#include "http/http2_client_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/http2_client_callbacks.h"
#include "http/http2_codec.h"

namespace weir::http {

namespace {

// Who was silent for so long may have been forgotten by something in between; stateful firewalls begin at half a
// minute.
constexpr Duration kQuiet = Duration::s(10);
// Stream identifiers are not given out twice (RFC 9113 section 5.1.1); the last ones are left alone.
constexpr uint32_t kLastStream = (uint32_t{1} << 31) - 1'000'000;

}  // namespace

Http2ClientConnection::Http2ClientConnection(net::Loop& loop, Owner& owner, const proto::http1::Limits& limits,
                                             const Http2ClientOptions& options, ClientScratch& scratch)
    : ClientConnection(loop, owner, scratch),
      limits_(limits),
      options_(options),
      guard_(options.allowance),
      heard_at_(loop.now()),
      limit_(options.max_streams) {
  if (!scratch.http2) scratch.http2 = std::make_shared<Http2Recycling<Http2ClientStream>>();
  recycling_ = scratch.http2;
  session_ = Http2ClientCallbacks::make_session(*this);
}

Http2ClientConnection::~Http2ClientConnection() {
  nghttp2_session_del(session_);
  for (auto& stream : abandoned_) recycling_->give(std::move(stream));
}

ClientStream& Http2ClientConnection::open(ResponseHandler& handler) {
  DCHECK(shareable());
  Http2ClientStream* stream = recycling_->take().release();
  stream->begin(*this, handler);
  stream->unasked_ = !greeted_;
  stream->counted_ = true;
  stream->next_ = streams_;
  if (streams_ != nullptr) streams_->previous_ = stream;
  streams_ = stream;
  const bool was_idle = in_flight_++ == 0;
  if (was_idle && !stream_.connecting() && stream_.loop().now() - heard_at_ >= options_.quiet) ping();
  if (nghttp2_session_get_next_stream_id(session_) >= kLastStream) draining_ = true;
  return *stream;
}

// ---- bytes
// -----------------------------------------------------------------------------------------------------------

void Http2ClientConnection::on_connected() {
  heard_at_ = stream_.loop().now();
  ClientConnection::on_connected();
  pump_later();
}

size_t Http2ClientConnection::on_data(std::string_view data) {
  if (state_ != State::open || condemned_) return data.size();
  heard_at_ = stream_.loop().now();
  const ssize_t read = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(data.data()), data.size());
  if (state_ != State::open) return data.size();
  if (read < 0) condemn(NGHTTP2_PROTOCOL_ERROR, nghttp2_strerror(static_cast<int>(read)));
  pump_later();
  return data.size();
}

void Http2ClientConnection::pump() {
  if (state_ != State::open || stream_.connecting()) return;
  pull_http2(session_, stream_);
  if (state_ == State::open) tell_drained();
  if (state_ != State::open) return;
  if (condemned_) return end(end_error_);
  if (draining_ && in_flight_ == 0) return close();
  if (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) {
    end(Error{.code = Code::malformed, .origin = Origin::upstream, .detail = "http2_connection_error"});
  }
}

void Http2ClientConnection::on_drained() { pump_later(); }

void Http2ClientConnection::tell_drained() {
  while (!drained_.empty()) {
    Http2ClientStream* stream = drained_.back();
    drained_.pop_back();
    if (stream->handler_ != nullptr && !stream->out_.ended()) stream->handler_->on_request_drained();
  }
}

void Http2ClientConnection::deliver_held() {
  for (Http2ClientStream* stream = streams_; stream != nullptr && state_ != State::closed;) {
    // A handler may give up other streams by what it does, but only we here and nghttp2's callbacks forget them.
    Http2ClientStream* following = stream->next_;
    if (stream->deliver_later_) stream->deliver();
    if (state_ != State::closed && stream->over()) forget(*stream);
    stream = following;
  }
}

// ---- what the endpoint says of the connection
// ------------------------------------------------------------------------

void Http2ClientConnection::on_settings() {
  greeted_ = true;
  limit_ = std::min(options_.max_streams,
                    nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  if (full && shareable()) owner_.on_room(*this);
}

/// It takes no further requests. Those beyond the last stream that it names are told so by nghttp2; those that have not
/// been sent yet are told here.
void Http2ClientConnection::on_goaway() {
  draining_ = true;
  if (in_flight_ == 0) return close();
  for (Http2ClientStream* stream = streams_; stream != nullptr && state_ == State::open; stream = stream->next_) {
    if (stream->sent_ || stream->handler_ == nullptr || stream->id_ == 0) continue;
    stream->fail(stream->error_of(NGHTTP2_REFUSED_STREAM));
    stream->reset(NGHTTP2_REFUSED_STREAM);
  }
}

void Http2ClientConnection::ping() {
  if (answer_timer_.armed()) return;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  read_at_ping_ = stream_.bytes_read();
  written_at_ping_ = stream_.bytes_written();
  stream_.loop().arm(answer_timer_, options_.answer_timeout);
  pump_later();
}

void Http2ClientConnection::suspect() {
  if (state_ != State::open) return;
  suspect_ = true;
  ping();
}

void Http2ClientConnection::on_pong() {
  answer_timer_.cancel();
  suspect_ = false;
  if (full && shareable()) owner_.on_room(*this);
}

void Http2ClientConnection::on_answer_deadline() {
  if (stream_.bytes_read() == read_at_ping_ && stream_.bytes_written() == written_at_ping_) {
    return end(Error{.code = Code::timeout, .origin = Origin::upstream, .detail = "no answer to PING"});
  }
  read_at_ping_ = stream_.bytes_read();
  written_at_ping_ = stream_.bytes_written();
  stream_.loop().arm(answer_timer_, options_.answer_timeout);
}

// ---- the end of streams
// ----------------------------------------------------------------------------------------------

void Http2ClientConnection::end_stream(Http2ClientStream& stream, uint32_t error_code) {
  stream.on_closed(error_code);
  if (state_ != State::closed && stream.over()) forget(stream);
}

/// It is no request in flight any more, and there may be room for another.
void Http2ClientConnection::count_out(Http2ClientStream& stream) {
  if (!std::exchange(stream.counted_, false)) return;
  --in_flight_;
  if (state_ == State::ended) {
    if (in_flight_ == 0) finish();
  } else if (in_flight_ != 0) {
    if (full && shareable()) owner_.on_room(*this);
  } else if (draining_ || condemned_) {
    pump_later();
  } else {
    owner_.on_idle(*this);
  }
}

void Http2ClientConnection::forget(Http2ClientStream& stream) {
  (stream.previous_ != nullptr ? stream.previous_->next_ : streams_) = stream.next_;
  if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
  if (!drained_.empty()) std::erase(drained_, &stream);
  if (heading_ == &stream) heading_ = nullptr;
  std::unique_ptr<Http2ClientStream> owned(&stream);
  count_out(stream);
  recycling_->give(std::move(owned));
}

// ---- the end of the connection
// ---------------------------------------------------------------------------------------

bool Http2ClientConnection::admit(Http2Defence kind) {
  if (guard_.admit(kind, stream_.loop().now())) return true;
  condemn(NGHTTP2_ENHANCE_YOUR_CALM, name_of(kind).data());
  return false;
}

/// GOAWAY, and nothing after it.
void Http2ClientConnection::condemn(uint32_t error_code, const char* detail) {
  if (std::exchange(condemned_, true)) return;
  end_error_ = Error{.code = Code::malformed, .origin = Origin::upstream, .detail = detail};
  nghttp2_session_terminate_session(session_, error_code);
  pump_later();
}

void Http2ClientConnection::drain() {
  draining_ = true;
  if (in_flight_ == 0) close();
}

void Http2ClientConnection::close() {
  if (state_ == State::closed) return;
  if (state_ == State::open && stream_.open() && !stream_.connecting()) say_goaway();
  end_error_ = Error{.code = Code::cancelled, .origin = Origin::internal};
  finish();
}

/// Written by hand: the codec, which may be at work right now, could not be asked.
void Http2ClientConnection::say_goaway() {
  constexpr std::string_view kGoaway("\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);
  stream_.output().append(kGoaway);
  stream_.flush_now();
}

void Http2ClientConnection::on_end() { end(Error{.code = Code::closed_early, .origin = Origin::upstream}); }

void Http2ClientConnection::on_closed(const Error& error) { end(error); }

/// The endpoint is gone. Responses that are there in full, and whose clients are slow, are still delivered.
void Http2ClientConnection::end(const Error& error) {
  if (state_ != State::open) return;
  end_error_ = error;
  bool held = false;
  for (Http2ClientStream* stream = streams_; stream != nullptr; stream = stream->next_) {
    held = held || (stream->remote_ended_ && stream->handler_ != nullptr);
  }
  if (!held) return finish();
  state_ = State::ended;
  answer_timer_.cancel();
  stream_.close();
  for (Http2ClientStream* stream = streams_; stream != nullptr; stream = stream->next_) {
    stream->closed_ = true;
    if (!stream->remote_ended_) stream->fail(stream->error_of_loss(error));
  }
  stream_.loop().schedule(deliver_hook_);  // those that are over are forgotten there
}

void Http2ClientConnection::finish() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  pump_hook_.cancel();
  deliver_hook_.cancel();
  answer_timer_.cancel();
  stream_.close();
  in_flight_ = 0;
  heading_ = nullptr;
  owner_.on_closed(*this, end_error_);
  // The session stays until nobody stands in its callbacks; they look at state_ first.
  while (Http2ClientStream* stream = streams_) {
    streams_ = stream->next_;
    stream->closed_ = true;
    abandoned_.push_back(std::unique_ptr<Http2ClientStream>(stream));
    stream->fail(stream->error_of_loss(end_error_));
  }
}

}  // namespace weir::http
