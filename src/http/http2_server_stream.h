#pragma once
// One stream of an HTTP/2 connection: the ServerStream that a request's handler answers through. It holds what a
// request needs while it is under way, and is recycled with its memory: the request's fields, what of its body waits
// for a handler that has paused, what of the response waits for the client's windows.
//
// Back-pressure. The client gets new credit for a body only for what the handler took: a paused stream holds at most a
// stream's window. Of the response so much is queued as http2_outgoing.h says. Thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "http/http2_incoming.h"
#include "http/http2_outgoing.h"
#include "http/streams.h"
#include "proto/http1/parser.h"
#include "proto/http2/request_fields.h"

namespace weir::http {

class Http2ServerConnection;

class Http2ServerStream final : public ServerStream {
 public:
  void begin(Http2ServerConnection& connection, int32_t id);
  /// Back to a state in which it can begin again; what is large is freed.
  void clear();

  void send_informational(const ResponseHead& head) override;
  void send_head(const ResponseHead& head, std::span<const Field> extra, bool end) override;
  void send_body(std::string_view piece) override;
  void send_end(const Fields& trailers) override;
  void abort() override;
  [[nodiscard]] bool congested() const override { return out_.congested(); }
  void pause_request() override;
  void resume_request() override;
  [[nodiscard]] const ClientFacts& client_facts() const override;

 private:
  friend class Http2ServerConnection;
  friend struct Http2ServerCallbacks;

  // What frames bring.
  void on_head(bool end);
  void on_body(std::string_view piece);
  void on_end();
  void on_closed(uint32_t error_code);
  /// What was held while paused; called by the connection from a place where handlers expect to be called.
  void deliver();
  void check(Instant now);

  // What the codec takes.
  ssize_t offer(size_t most, uint32_t* flags);
  void take(std::string& out, size_t size);

  void refuse(proto::http1::Bad bad);
  void refuse(uint16_t status, std::string_view reason, std::string_view text);
  void answer_refusal(uint16_t status, std::string_view reason, std::string_view text);
  void fail_handler(Code code, const char* detail);
  void reset(uint32_t error_code);
  void finish_request();
  void consumed(size_t bytes);
  void resume_output();
  void add_framing(const ResponseHead& head, bool end, char (&digits)[20]);

  Http2ServerConnection* connection_ = nullptr;
  Http2ServerStream* previous_ = nullptr;
  Http2ServerStream* next_ = nullptr;
  RequestHandler* handler_ = nullptr;
  proto::http2::RequestFields fields_;
  proto::http2::TrailerFields trailers_;
  Http2Incoming in_;   ///< the request's body
  Http2Outgoing out_;  ///< the response's
  Instant body_at_{};  ///< the last piece of the request
  uint64_t body_bytes_ = 0;
  int32_t id_ = 0;
  proto::http::Method method_ = proto::http::Method::get;
  bool requested_ = false;  ///< the head is complete, and answered or handed on
  bool remote_ended_ = false;
  bool end_told_ = false;  ///< the handler knows that the request has ended
  bool deliver_later_ = false;
  bool head_sent_ = false;
  bool resetting_ = false;
};

}  // namespace weir::http
