#pragma once
// The one framing of requests inside Weir: a head, pieces of body, trailers, with back-pressure both ways. It does not
// know HTTP's version. ServerStream/RequestHandler are the two ends of a request at the downstream side, ClientStream/
// ResponseHandler at the upstream side; a codec (HTTP/1.1 today) stands behind each stream, a tier behind each handler.
//
// A tunnel (BodyKind::tunnel: 101, or 2xx to CONNECT) is a response whose body goes both ways: from its head on,
// send_body and on_request_body carry another protocol's bytes, and the two ends are half-closes.
//
// Rules shared by all four. Views are valid only during the call. A stream forgets its handler when its message pair is
// over: at the end of the response, at abort()/cancel(), and just before on_request_aborted()/on_response_failed().
// Sending is allowed from inside any callback. Thread rule: the loop's thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/address.h"
#include "proto/http/message.h"

namespace weir::http {

using proto::http::Field;
using proto::http::Fields;
using proto::http::RequestHead;
using proto::http::ResponseHead;

/// What was agreed on with a client that speaks TLS.
struct TlsFacts {
  std::string_view version;  ///< "TLSv1.3"
  std::string_view cipher;   ///< by its name in RFCs
  std::string server_name;   ///< that the client asked for (SNI); empty: none
  std::string certificate;   ///< the client's that was verified, as in X-Forwarded-Client-Cert; empty: none
  bool resumed = false;
};

/// Whom requests come from, and over what. Lives as long as the connection.
struct ClientFacts {
  net::SocketAddress address;
  std::string host;                       ///< its text without port
  IpPort destination{};                   ///< the address it was sent to
  std::unique_ptr<const TlsFacts> tls{};  ///< null: without TLS
};

/// Answers one request.
class ServerStream {
 public:
  virtual void send_informational(const ResponseHead& head) = 0;  ///< 1xx other than 101
  /// End-to-end fields of `head`, then `extra`; framing is the stream's affair (from head.body and
  /// head.content_length). With `end` no body follows.
  virtual void send_head(const ResponseHead& head, std::span<const Field> extra, bool end) = 0;
  virtual void send_body(std::string_view piece) = 0;
  virtual void send_end(const Fields& trailers) = 0;
  /// The response cannot be completed: the client is made to see that (a reset), never a short message that looks
  /// whole.
  virtual void abort() = 0;
  /// Too much waits to be written: stop sending until on_response_drained.
  [[nodiscard]] virtual bool congested() const = 0;
  virtual void pause_request() = 0;  ///< back-pressure on the request's body
  virtual void resume_request() = 0;
  [[nodiscard]] virtual const ClientFacts& client_facts() const = 0;

 protected:
  ~ServerStream() = default;
};

/// Receives one request.
class RequestHandler {
 public:
  /// `memory`: the bytes all views of `head` point into (for proto::http::own). The handler may mark fields hop_by_hop.
  virtual void on_request(ServerStream& stream, RequestHead& head, std::string_view memory, bool end) = 0;
  virtual void on_request_body(std::string_view piece) = 0;
  virtual void on_request_end(const Fields& trailers) = 0;
  /// The client went away, timed out or broke the protocol in the middle (the stream answers what is to be answered).
  virtual void on_request_aborted(const Error& error) = 0;
  virtual void on_response_drained() = 0;
  /// The connection is to go: what has no natural end should come to one.
  virtual void on_drain() {}

 protected:
  ~RequestHandler() = default;
};

/// Carries one request to an endpoint.
class ClientStream {
 public:
  virtual void send_head(const RequestHead& head, std::span<const Field> extra, bool end) = 0;
  virtual void send_body(std::string_view piece) = 0;
  virtual void send_end(const Fields& trailers) = 0;
  virtual void cancel() = 0;  ///< the response is no longer wanted
  [[nodiscard]] virtual bool congested() const = 0;
  virtual void pause_response() = 0;
  virtual void resume_response() = 0;

 protected:
  ~ClientStream() = default;
};

/// Receives one response.
class ResponseHandler {
 public:
  virtual void on_informational(const ResponseHead& head) = 0;
  virtual void on_response(ResponseHead& head, std::string_view memory, bool end) = 0;
  virtual void on_response_body(std::string_view piece) = 0;
  virtual void on_response_end(const Fields& trailers) = 0;
  /// `error.retry` says what the connection knows: yes (nothing was sent), if_reused (a connection that had served
  /// before died before the first byte of the response), no.
  virtual void on_response_failed(const Error& error) = 0;
  virtual void on_request_drained() = 0;

 protected:
  ~ResponseHandler() = default;
};

}  // namespace weir::http
