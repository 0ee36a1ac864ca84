#include "http/http2_server_callbacks.h"

#include <memory>

#include "base/check.h"
#include "http/http2_codec.h"
#include "http/http2_server_connection.h"

namespace weir::http {

using proto::http1::Bad;

namespace {

Http2ServerConnection& connection_of(void* user) { return *static_cast<Http2ServerConnection*>(user); }

Http2ServerStream* stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<Http2ServerStream*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

/// After a callback may have closed the connection, nghttp2 must go no further.
int Http2ServerCallbacks::verdict(const Http2ServerConnection& connection) {
  const bool go_on = connection.state_ == Http2ServerConnection::State::open && !connection.condemned_;
  return go_on ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2ServerCallbacks::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
  auto& connection = connection_of(user);
  const auto kind = http2_flood_of(*head);
  return kind && !connection.admit(*kind) ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

int Http2ServerCallbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& connection = connection_of(user);
  connection.header_began_ = connection.stream_.loop().now();
  connection.block_bytes_ = 0;
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, connection.begin_stream(frame->hd.stream_id));
  return 0;
}

int Http2ServerCallbacks::on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name,
                                    size_t name_size, const uint8_t* value, size_t value_size, uint8_t /*flags*/,
                                    void* user) {
  auto& connection = connection_of(user);
  const auto& limits = connection.options_->limits;
  connection.block_bytes_ += name_size + value_size + 32;
  if (connection.block_bytes_ > kHttp2BombFactor * limits.head_bytes) {
    connection.strike(Http2Defence::header_bomb);
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  Http2ServerStream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    stream->fields_.add(http2_text(name, name_size), http2_text(value, value_size));
  } else if (stream->handler_ != nullptr) {
    const Bad bad = stream->trailers_.add(http2_text(name, name_size), http2_text(value, value_size), limits);
    if (bad != Bad::none) stream->refuse(bad);
  }
  return verdict(connection);
}

/// By default nghttp2 drops a field with forbidden characters and goes on. Who sends one is up to something: the stream
/// is reset as malformed (RFC 9113 section 8.1.1).
int Http2ServerCallbacks::on_invalid_header(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t,
                                            const uint8_t*, size_t, uint8_t, void*) {
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int Http2ServerCallbacks::on_data_chunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
                                        void* user) {
  auto& connection = connection_of(user);
  if (Http2ServerStream* stream = stream_of(session, id)) {
    stream->on_body(http2_text(data, size));
  } else {
    nghttp2_session_consume(session, id, size);
  }
  return verdict(connection);
}

int Http2ServerCallbacks::on_frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& connection = connection_of(user);
  if (frame->hd.type == NGHTTP2_SETTINGS) connection.greeted_ = true;
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_HEADERS) {
    connection.header_began_ = {};
  } else if (!end && frame->hd.length != 0 && frame->data.padlen >= frame->hd.length &&
             !connection.admit(Http2Defence::empty_data)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;  // nothing but padding is empty, too
  }
  Http2ServerStream* stream = stream_of(session, frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    stream->on_head(end);
  } else if (end) {
    stream->on_end();
  }
  return verdict(connection);
}

int Http2ServerCallbacks::on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& connection = connection_of(user);
  switch (frame->hd.type) {
    case NGHTTP2_DATA: connection.guard_.on_data_sent(); [[fallthrough]];
    case NGHTTP2_HEADERS: {
      if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
      connection.guard_.on_completed();
      Http2ServerStream* stream = stream_of(session, frame->hd.stream_id);
      // RFC 9113 section 8.1: answered in full, the rest of the request is not wanted.
      if (stream != nullptr && !stream->remote_ended_) stream->reset(NGHTTP2_NO_ERROR);
      return 0;
    }
    case NGHTTP2_RST_STREAM: {
      const uint32_t code = frame->rst_stream.error_code;
      const bool ours = code == NGHTTP2_NO_ERROR || code == NGHTTP2_CANCEL || code == NGHTTP2_INTERNAL_ERROR;
      if (ours) return 0;
      connection.owner_.on_bad_request(connection, "http2_stream_error", 0);
      // A client that provokes resets costs as much as one that sends them. What is queued, GOAWAY now among it, goes.
      connection.admit(Http2Defence::rapid_reset);
      return 0;
    }
    case NGHTTP2_GOAWAY:
      if (frame->goaway.error_code != NGHTTP2_NO_ERROR && !connection.condemned_) {
        connection.condemned_ = true;
        connection.owner_.on_bad_request(connection, "http2_connection_error", 0);
      }
      return 0;
    default: return 0;
  }
}

int Http2ServerCallbacks::on_stream_closed(nghttp2_session* session, int32_t id, uint32_t error_code, void* user) {
  auto& connection = connection_of(user);
  Http2ServerStream* stream = stream_of(session, id);
  if (stream == nullptr || connection.state_ == Http2ServerConnection::State::closed) return 0;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  connection.end_stream(*stream, error_code);
  return 0;
}

int Http2ServerCallbacks::send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                                    nghttp2_data_source* source, void* user) {
  auto& connection = connection_of(user);
  if (connection.stream_.congested()) return NGHTTP2_ERR_WOULDBLOCK;
  std::string& out = connection.stream_.output();
  out.append(http2_text(head, 9));
  static_cast<Http2ServerStream*>(source->ptr)->take(out, size);
  return 0;
}

nghttp2_session_callbacks* Http2ServerCallbacks::table() {
  static nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
  }();
  return made;
}

nghttp2_option* Http2ServerCallbacks::options(const Http2ServerConnection& connection) {
  const ServerOptions& wanted = *connection.options_;
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);  // credit is given for what was taken
  nghttp2_option_set_no_closed_streams(option, 1);      // they would only serve the priorities of RFC 7540
  bound_http2(option, wanted.limits);
  // Behind our own limit, which counts what a client makes us reset, too.
  nghttp2_option_set_stream_reset_rate_limit(option, 4 * uint64_t{wanted.http2.allowance.resets} + 1000, 1000);
  return option;
}

nghttp2_session* Http2ServerCallbacks::make_session(Http2ServerConnection& connection) {
  const std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)> option(options(connection), &nghttp2_option_del);
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_server_new3(&session, table(), &connection, option.get(),
                                    connection.recycling_->memory.callbacks()) == 0);
  const Http2Options& wanted = connection.options_->http2;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, wanted.max_streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, wanted.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, connection.options_->limits.head_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},  // RFC 9218 instead: no tree that a client could grow
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(wanted.connection_window_bytes));
  return session;
}

}  // namespace weir::http
