#include "http/http2_client_callbacks.h"

#include <memory>
#include <utility>

#include "base/check.h"
#include "http/http2_client_connection.h"
#include "http/http2_codec.h"

namespace weir::http {

using proto::http1::Bad;

namespace {

Http2ClientConnection& connection_of(void* user) { return *static_cast<Http2ClientConnection*>(user); }

Http2ClientStream* stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<Http2ClientStream*>(nghttp2_session_get_stream_user_data(session, id));
}

}  // namespace

/// After a callback may have closed the connection, nghttp2 must go no further.
int Http2ClientCallbacks::verdict(const Http2ClientConnection& connection) {
  const bool go_on = connection.state_ == Http2ClientConnection::State::open && !connection.condemned_;
  return go_on ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2ClientCallbacks::on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user) {
  const auto kind = http2_flood_of(*head);
  if (!kind) return 0;
  // What we have opened it may reset, each once.
  if (*kind == Http2Defence::rapid_reset && stream_of(session, head->stream_id) != nullptr) return 0;
  return connection_of(user).admit(*kind) ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

int Http2ClientCallbacks::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& connection = connection_of(user);
  connection.block_bytes_ = 0;
  Http2ClientStream* stream = stream_of(session, frame->hd.stream_id);
  connection.heading_ = stream;
  if (stream != nullptr && !stream->responded_) connection.fields_.begin(connection.limits_);
  return 0;
}

int Http2ClientCallbacks::on_header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                                    const uint8_t* value, size_t value_size, uint8_t /*flags*/, void* user) {
  auto& connection = connection_of(user);
  connection.block_bytes_ += name_size + value_size + proto::http2::kFieldOverhead;
  if (connection.block_bytes_ > kHttp2BombFactor * connection.limits_.head_bytes) {
    connection.condemn(NGHTTP2_ENHANCE_YOUR_CALM, name_of(Http2Defence::header_bomb).data());
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
  Http2ClientStream* stream = connection.heading_;
  if (stream == nullptr || stream->handler_ == nullptr) return 0;
  const std::string_view field = http2_text(name, name_size), text = http2_text(value, value_size);
  if (!stream->responded_) {
    connection.fields_.add(field, text);  // its verdict is asked for at the end of the head
    return 0;
  }
  const Bad bad = stream->trailers_.add(field, text, connection.limits_);
  if (bad != Bad::none) stream->malformed(proto::http1::name_of(bad).data());
  return verdict(connection);
}

int Http2ClientCallbacks::on_data_chunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size,
                                        void* user) {
  if (Http2ClientStream* stream = stream_of(session, id)) {
    stream->on_body(http2_text(data, size));
  } else {
    nghttp2_session_consume(session, id, size);
  }
  return verdict(connection_of(user));
}

int Http2ClientCallbacks::on_frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& connection = connection_of(user);
  const bool acknowledges = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
  Http2ClientStream* stream = nullptr;
  switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
      if (!acknowledges) connection.on_settings();
      break;
    case NGHTTP2_PING:
      if (acknowledges) connection.on_pong();
      break;
    case NGHTTP2_GOAWAY: connection.on_goaway(); break;
    case NGHTTP2_DATA: stream = stream_of(session, frame->hd.stream_id); break;
    case NGHTTP2_HEADERS: stream = std::exchange(connection.heading_, nullptr); break;
    default: return 0;
  }
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_DATA && !end && frame->hd.length != 0 && frame->data.padlen >= frame->hd.length &&
      !connection.admit(Http2Defence::empty_data)) {
    return NGHTTP2_ERR_CALLBACK_FAILURE;  // nothing but padding is empty, too
  }
  if (stream == nullptr) return verdict(connection);
  if (frame->hd.type == NGHTTP2_HEADERS && !stream->responded_) {
    stream->on_head(end);
  } else if (end) {
    stream->on_end();
  } else if (frame->hd.type == NGHTTP2_HEADERS) {
    stream->malformed("head_after_head");
  }
  return verdict(connection);
}

int Http2ClientCallbacks::on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto& connection = connection_of(user);
  switch (frame->hd.type) {
    case NGHTTP2_DATA: connection.guard_.on_data_sent(); return 0;
    case NGHTTP2_HEADERS:
      if (Http2ClientStream* stream = stream_of(session, frame->hd.stream_id); stream != nullptr && !stream->sent_) {
        stream->sent_ = true;
        stream->heard_before_ = connection.stream_.bytes_read();
      }
      return 0;
    case NGHTTP2_RST_STREAM:
      // nghttp2's own: a frame that the stream cannot have.
      if (Http2ClientStream* stream = stream_of(session, frame->hd.stream_id);
          stream != nullptr && !stream->resetting_ && stream->malformation_ == nullptr) {
        stream->malformation_ = nghttp2_http2_strerror(frame->rst_stream.error_code);
      }
      return 0;
    case NGHTTP2_GOAWAY:
      if (frame->goaway.error_code != NGHTTP2_NO_ERROR) {
        connection.condemn(frame->goaway.error_code, nghttp2_http2_strerror(frame->goaway.error_code));
      }
      return 0;
    default: return 0;
  }
}

int Http2ClientCallbacks::on_stream_closed(nghttp2_session* session, int32_t id, uint32_t error_code, void* user) {
  auto& connection = connection_of(user);
  Http2ClientStream* stream = stream_of(session, id);
  if (stream == nullptr || connection.state_ != Http2ClientConnection::State::open) return 0;
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  connection.end_stream(*stream, error_code);
  return 0;
}

int Http2ClientCallbacks::send_data(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t size,
                                    nghttp2_data_source* source, void* user) {
  auto& connection = connection_of(user);
  if (connection.stream_.congested()) return NGHTTP2_ERR_WOULDBLOCK;
  std::string& out = connection.stream_.output();
  out.append(http2_text(head, 9));
  static_cast<Http2ClientStream*>(source->ptr)->take(out, size);
  return 0;
}

nghttp2_session_callbacks* Http2ClientCallbacks::table() {
  static nghttp2_session_callbacks* const made = [] {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_received);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_closed);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    return callbacks;
  }();
  return made;
}

nghttp2_option* Http2ClientCallbacks::options(const Http2ClientConnection& connection) {
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, 1);  // credit is given for what was taken
  // ResponseFields and the stream look at all that RFC 9113 section 8 forbids, and closer. Once is enough: twice was a
  // tenth of what a request costs.
  nghttp2_option_set_no_http_messaging(option, 1);
  nghttp2_option_set_peer_max_concurrent_streams(option, connection.options_.max_streams);  // until it says its own
  bound_http2(option, connection.limits_);
  return option;
}

nghttp2_session* Http2ClientCallbacks::make_session(Http2ClientConnection& connection) {
  const std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)> option(options(connection), &nghttp2_option_del);
  nghttp2_session* session = nullptr;
  CHECK(nghttp2_session_client_new3(&session, table(), &connection, option.get(),
                                    connection.recycling_->memory.callbacks()) == 0);
  const Http2ClientOptions& wanted = connection.options_;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, wanted.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, connection.limits_.head_bytes},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(wanted.connection_window_bytes));
  return session;
}

}  // namespace weir::http
