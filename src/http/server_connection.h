#pragma once
// A client's connection as those see it who own it, whatever version of HTTP is spoken there: a RequestHandler is asked
// for per request, and the connection can be drained or killed. Http1ServerConnection and Http2ServerConnection stand
// behind it.
//
// Lifetime: owned through its Owner's list; it asks to be retired once closed. Thread rule: the loop's thread.

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "http/http2_guard.h"
#include "http/streams.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls/failure.h"
#include "net/tls/server_context.h"
#include "proto/http1/parser.h"

namespace weir::http {

/// RFC 9113. The limits of heads and bodies and the timeouts are those of every connection.
struct Http2Options {
  bool enabled = true;  ///< a client that begins with the preface is spoken HTTP/2 with
  uint32_t max_streams = 128;
  uint32_t stream_window_bytes = 256 * 1024;       ///< of a request's body that may be under way
  uint32_t connection_window_bytes = 1024 * 1024;  ///< of all bodies that may be under way or held
  Http2Allowance allowance;
};

struct ServerOptions {
  proto::http1::Limits limits;
  uint64_t max_body_bytes = UINT64_MAX;
  Duration header_timeout = Duration::s(10);
  Duration body_timeout = Duration::s(30);
  Duration idle_timeout = Duration::s(75);
  Duration write_timeout = Duration::s(30);
  Http2Options http2;
  std::shared_ptr<const net::tls::ServerContext> tls;  ///< null: clients speak HTTP in the clear
  Duration handshake_timeout = Duration::s(10);
};

class Http2ServerStream;
template <class Stream>
class Http2Recycling;

/// Scratch that all connections of a loop share, so that an idle one owns next to nothing.
struct ServerScratch {
  RequestHead head;
  std::shared_ptr<Http2Recycling<Http2ServerStream>> http2;  ///< made by the first connection that needs it
};

class ServerConnection : public net::Deferred {
 public:
  class Owner {
   public:
    /// A handler for the request whose head has just been read; it must live until the stream forgets it.
    virtual RequestHandler& begin_request(ServerConnection& connection) = 0;
    /// A request refused by the codec itself, answered with `status` (0: closed without an answer).
    virtual void on_bad_request(ServerConnection& connection, std::string_view reason, uint16_t status) = 0;
    /// The client speaks HTTP/2, or TLS agreed on it: `connection` is out of use and lets go of its socket. Take it out
    /// of your books, hand it to Loop::defer_delete, and start an Http2ServerConnection with what it had.
    virtual void on_http2(ServerConnection& connection, net::Stream::Detached detached) = 0;
    /// TLS is agreed on: see client().tls.
    virtual void on_handshake(ServerConnection& /*connection*/) {}
    /// It is not, and the connection is closed or, where HTTP came in the clear, about to be answered with 400.
    virtual void on_handshake_failed(ServerConnection& /*connection*/, net::tls::Failure /*failure*/) {}
    /// A defence against an HTTP/2 client struck: the connection is about to close, or with zero_window a stream.
    virtual void on_defence(ServerConnection& /*connection*/, Http2Defence /*defence*/) {}
    /// The connection is closed; take it out of your books and hand it to Loop::defer_delete.
    virtual void on_connection_closed(ServerConnection& connection) = 0;

   protected:
    ~Owner() = default;
  };

  /// No more requests after those in progress. An idle connection is closed after a moment of grace, for a request that
  /// may be on its way.
  virtual void drain() = 0;
  /// Closes now, whatever is in progress.
  virtual void kill() = 0;
  [[nodiscard]] const ClientFacts& client() const { return client_; }
  void set_destination(const IpPort& address) { client_.destination = address; }
  /// Takes over what `former`, which spoke another version on the same socket, knew of the client.
  void follow(ServerConnection& former) {
    client_.destination = former.client_.destination;
    client_.tls = std::move(former.client_.tls);
  }

  /// For the owner's intrusive bookkeeping.
  ServerConnection* previous = nullptr;
  ServerConnection* next = nullptr;

 protected:
  explicit ServerConnection(const net::SocketAddress& client) : client_{.address = client, .host = client.host()} {}
  ClientFacts client_;
};

}  // namespace weir::http
