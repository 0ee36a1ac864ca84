#pragma once
// A connection to an endpoint as those see it who own it, whatever version of HTTP is spoken there: requests are opened
// on it, each with its own ClientStream, and its owner hears when it is there, when it is idle and when it is closed.
// Http1ClientConnection and Http2ClientConnection stand behind it; how the endpoint is reached (net::Stream) is the
// same for both.
//
// Lifetime: owned by its Owner (a connection pool). Thread rule: the loop's thread.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "http/streams.h"
#include "net/loop.h"
#include "net/stream.h"

namespace weir::http {

class Http2ClientStream;
template <class Stream>
class Http2Recycling;

/// Scratch that all client connections of a loop share.
struct ClientScratch {
  ResponseHead head;
  std::shared_ptr<Http2Recycling<Http2ClientStream>> http2;  ///< made by the first connection that needs it
};

class ClientConnection : public net::Deferred, protected net::Stream::Handler {
 public:
  class Owner {
   public:
    virtual void on_connected(ClientConnection& connection) = 0;
    /// No request is in flight and the next may be sent. Called before the finished response's handler hears its end.
    virtual void on_idle(ClientConnection& connection) = 0;
    /// It was marked as full, and is shareable() again.
    virtual void on_room(ClientConnection& /*connection*/) {}
    /// Closed: take it out of your books and hand it to Loop::defer_delete. Called before the requests in flight fail.
    virtual void on_closed(ClientConnection& connection, const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  /// `peer`: with TLS, in which it proves its name; null: without.
  Result<void> connect(const net::SocketAddress& address, std::shared_ptr<net::tls::Peer> peer = {}) {
    auto begun = peer ? stream_.connect(address, std::move(peer)) : stream_.connect(address);
    if (begun && !proxy_header.empty()) stream_.begin_with(proxy_header);
    return begun;
  }
  /// What is spoken beneath; null without TLS.
  [[nodiscard]] const net::tls::Session* tls() const { return stream_.tls(); }
  [[nodiscard]] net::tls::Failure tls_failure() const { return stream_.tls_failure(); }
  /// Takes over a connected socket, such as another loop's pool gave away.
  Result<void> adopt(net::Fd fd, uint64_t served) {
    served_ = served;
    return stream_.adopt(std::move(fd));
  }
  [[nodiscard]] bool connecting() const { return stream_.connecting(); }
  [[nodiscard]] uint32_t in_flight() const { return in_flight_; }
  [[nodiscard]] uint64_t served() const { return served_; }

  /// Opens the next request, on a connection that is new, idle or shareable().
  virtual ClientStream& open(ResponseHandler& handler) = 0;
  /// May a request join those in flight?
  [[nodiscard]] virtual bool shareable() const = 0;
  /// No further requests: it closes when those in flight are done, now if there are none.
  virtual void drain() = 0;
  /// Closes; what is in flight fails as cancelled.
  virtual void close() = 0;
  /// Closes, and fails what is in flight with `error`.
  void fail(const Error& error) { on_closed(error); }
  /// Hands the socket of an idle connection over; the connection is then closed, without its owner being told. Invalid
  /// when more than the socket would have to move: then nothing has happened.
  [[nodiscard]] virtual net::Fd release_socket() { return {}; }

  /// For the pool's bookkeeping.
  bool idle = false;
  bool full = false;
  ClientConnection* previous = nullptr;
  ClientConnection* next = nullptr;
  Instant born{};
  Instant idle_since{};
  std::string proxy_header;  ///< what it begins with, before anything of HTTP; set before connect()

 protected:
  ClientConnection(net::Loop& loop, Owner& owner, ClientScratch& scratch)
      : stream_(loop, *this), owner_(owner), scratch_(scratch) {}
  void on_connected() override { owner_.on_connected(*this); }

  net::Stream stream_;
  Owner& owner_;
  ClientScratch& scratch_;
  uint64_t served_ = 0;
  uint32_t in_flight_ = 0;
};

}  // namespace weir::http
