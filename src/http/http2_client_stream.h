#pragma once
// One stream of an HTTP/2 connection to an endpoint: the ClientStream that a request goes out through. It holds what of
// the request waits for the endpoint's windows and what of the response waits for a handler that has paused, and is
// recycled with its memory.
//
// Back-pressure: the endpoint gets new credit for a response only for what the handler took. A response that has come
// to its end while its handler paused stays until it is taken, whatever becomes of the stream and the connection
// meanwhile. Thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string_view>

#include "http/http2_incoming.h"
#include "http/http2_outgoing.h"
#include "http/streams.h"
#include "proto/http1/parser.h"
#include "proto/http2/field_list.h"
#include "proto/http2/response_fields.h"

namespace weir::http {

class Http2ClientConnection;

class Http2ClientStream final : public ClientStream {
 public:
  void begin(Http2ClientConnection& connection, ResponseHandler& handler);
  /// Back to a state in which it can begin again; what is large is freed.
  void clear();

  void send_head(const RequestHead& head, std::span<const Field> extra, bool end) override;
  void send_body(std::string_view piece) override;
  void send_end(const Fields& trailers) override;
  void cancel() override;
  [[nodiscard]] bool congested() const override { return out_.congested(); }
  void pause_response() override;
  void resume_response() override;

 private:
  friend class Http2ClientConnection;
  friend struct Http2ClientCallbacks;

  // What frames bring.
  void on_head(bool end);
  void on_body(std::string_view piece);
  /// Whether so much more of the content is what the head has announced.
  [[nodiscard]] bool expects(size_t bytes);
  void on_end();
  /// The codec has forgotten the stream.
  void on_closed(uint32_t error_code);
  /// What was held while paused; called by the connection from a place where handlers expect to be called.
  void deliver();

  // What the codec takes.
  ssize_t offer(size_t most, uint32_t* flags);
  void take(std::string& out, size_t size);

  void add_request_line(const RequestHead& head);
  ResponseHandler* complete();
  void malformed(const char* detail);
  void fail(const Error& error);
  [[nodiscard]] Error error_of(uint32_t error_code) const;
  /// What the end of the connection means for this request.
  [[nodiscard]] Error error_of_loss(Error error) const;
  void reset(uint32_t error_code);
  void consumed(size_t bytes);
  /// Nobody will say or hear anything more: it may be recycled.
  [[nodiscard]] bool over() const { return closed_ && handler_ == nullptr; }

  Http2ClientConnection* connection_ = nullptr;
  Http2ClientStream* previous_ = nullptr;
  Http2ClientStream* next_ = nullptr;
  ResponseHandler* handler_ = nullptr;
  proto::http2::TrailerFields trailers_;
  Http2Incoming in_;                    ///< the response's body
  Http2Outgoing out_;                   ///< the request's
  const char* malformation_ = nullptr;  ///< what is wrong with the response
  uint64_t heard_before_ = 0;           ///< bytes that the endpoint had said when the request was sent
  uint64_t owed_bytes_ = proto::http2::ResponseFields::kAnyLength;  ///< of the response's content, as its head says
  int32_t id_ = 0;                                                  ///< 0: the codec does not know it yet
  uint32_t informational_ = 0;                                      ///< 1xx responses seen
  proto::http::Method method_ = proto::http::Method::get;
  bool sent_ = false;       ///< its head has left the codec
  bool unasked_ = false;    ///< opened before the endpoint had said how many streams it grants
  bool responded_ = false;  ///< the response's head is there
  bool remote_ended_ = false;
  bool deliver_later_ = false;
  bool resetting_ = false;
  bool closed_ = false;   ///< the codec does not know it any more
  bool counted_ = false;  ///< among the connection's requests in flight
};

}  // namespace weir::http
