#pragma once
// A client's connection as those see it who own it, whatever version of HTTP is spoken there: a RequestHandler is asked
// for per request, and the connection can be drained or killed. Http1ServerConnection and Http2ServerConnection stand
// behind it.
//
// Lifetime: owned through its Owner's list; it asks to be retired once closed. Thread rule: the loop's thread.

#include <cstdint>
#include <string_view>

#include "http/streams.h"
#include "net/loop.h"
#include "proto/http1/parser.h"

namespace weir::http {

struct ServerOptions {
  proto::http1::Limits limits;
  uint64_t max_body_bytes = UINT64_MAX;
  Duration header_timeout = Duration::s(10);
  Duration body_timeout = Duration::s(30);
  Duration idle_timeout = Duration::s(75);
  Duration write_timeout = Duration::s(30);
};

/// Scratch that all connections of a loop share, so that an idle one owns next to nothing.
struct ServerScratch {
  RequestHead head;
};

class ServerConnection : public net::Deferred {
 public:
  class Owner {
   public:
    /// A handler for the request whose head has just been read; it must live until the stream forgets it.
    virtual RequestHandler& begin_request(ServerConnection& connection) = 0;
    /// A request refused by the codec itself, answered with `status` (0: closed without an answer).
    virtual void on_bad_request(ServerConnection& connection, std::string_view reason, uint16_t status) = 0;
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

  /// For the owner's intrusive bookkeeping.
  ServerConnection* previous = nullptr;
  ServerConnection* next = nullptr;

 protected:
  explicit ServerConnection(const net::SocketAddress& client) : client_{.address = client, .host = client.host()} {}
  ClientFacts client_;
};

}  // namespace weir::http
