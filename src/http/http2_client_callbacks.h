#pragma once
// What nghttp2 tells a client's connection, and what is made of it. The only place where the two meet; everything else
// of HTTP/2 speaks of streams. Thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

namespace weir::http {

class Http2ClientConnection;

struct Http2ClientCallbacks {
  /// A session whose callbacks go to `connection`.
  static nghttp2_session* make_session(Http2ClientConnection& connection);

 private:
  static int on_begin_frame(nghttp2_session* session, const nghttp2_frame_hd* head, void* user);
  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                       const uint8_t* value, size_t value_size, uint8_t flags, void* user);
  static int on_data_chunk(nghttp2_session* session, uint8_t flags, int32_t id, const uint8_t* data, size_t size,
                           void* user);
  static int on_frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user);
  static int on_stream_closed(nghttp2_session* session, int32_t id, uint32_t error_code, void* user);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size,
                       nghttp2_data_source* source, void* user);
  static nghttp2_session_callbacks* table();
  static nghttp2_option* options(const Http2ClientConnection& connection);
  static int verdict(const Http2ClientConnection& connection);
};

}  // namespace weir::http
