#pragma once
// One worker's kept-alive connections to one endpoint. The most recently used idle connection is taken first (LIFO), so
// that a quiet pool shrinks to what is needed and the rest reaches its idle timeout. What is idle for long is offered
// to the other workers before it is closed: reuse across workers is what keeps the number of connections down when
// there are many of them.
//
// Over HTTP/2 many requests share a connection. Another is opened only when all are full, and a request goes to the one
// that had room first, so that load gathers on few of them and the others come to rest: the more requests a turn of the
// loop has for one connection, the fewer system calls each of them costs.
//
// With `pipeline` above 1, requests without body that may be repeated share a connection: the fullest one that still
// has room is chosen, so that many clients' requests leave in one write and their responses come back in one read.
//
// Where connections begin with a PROXY header, each belongs to the client it names and is reused for that client only;
// an idle one gives way when there is no room for another's.
//
// Thread rule: the worker's thread. The endpoint it points to is shared.

#include <cstdint>
#include <memory>
#include <string>

#include "http/client_connection.h"
#include "model/config.h"
#include "net/loop.h"
#include "proto/http1/parser.h"
#include "upstream/endpoint.h"
#include "upstream/transport.h"

namespace weir::upstream {

struct PoolOptions {
  model::ConnectionPoolConfig limits;
  Duration connect_timeout = Duration::s(1);
  Transport transport{};
  uint32_t pipeline = 0;
  bool share_idle = false;  ///< there are other workers to give idle connections to
};

class ConnectionPool final : public net::Deferred, public http::ClientConnection::Owner {
 public:
  ConnectionPool(net::Loop& loop, std::shared_ptr<Endpoint> endpoint, const PoolOptions& options,
                 const proto::http1::Limits& limits, http::ClientScratch& scratch);
  ~ConnectionPool() override;

  struct Acquired {
    http::ClientStream* stream = nullptr;  ///< null: `error` says why
    bool reused = false;                   ///< the connection had served before
    Error error;
  };
  struct Wish {
    bool fresh = false;      ///< do not take a connection that was idle: the last one turned out dead
    bool may_share = false;  ///< the request may be pipelined
    const http::ClientFacts* client = nullptr;  ///< whose it is; null: nobody's
  };
  /// Opens a request on an idle or a new connection. Errors: limit_reached (max_connections), out_of_fds,
  /// connect_failed.
  Acquired acquire(http::ResponseHandler& handler, Wish wish);

  /// Connections of another transport are used no more: closed when idle, the others as they finish.
  void set_options(const PoolOptions& options);
  /// Closes what is too old, offers what is idle for long; call about once a second.
  void maintain(Instant now);
  /// No new requests will come: closes idle connections now and the others as they finish.
  void retire();
  [[nodiscard]] bool retired() const { return retired_; }
  [[nodiscard]] bool empty() const { return open_ == 0; }
  [[nodiscard]] uint32_t open() const { return open_; }
  [[nodiscard]] uint32_t idle() const { return idle_count_; }
  [[nodiscard]] Endpoint& endpoint() { return *endpoint_; }

 private:
  /// Intrusive doubly-linked list through the connections.
  struct List {
    http::ClientConnection* head = nullptr;
    http::ClientConnection* tail = nullptr;
    void push_front(http::ClientConnection& connection);
    void remove(http::ClientConnection& connection);
  };

  void on_connected(http::ClientConnection& connection) override;
  void on_idle(http::ClientConnection& connection) override;
  void on_room(http::ClientConnection& connection) override;
  void on_closed(http::ClientConnection& connection, const Error& error) override;

  http::ClientConnection* take_idle();
  http::ClientConnection* take_shared();
  http::ClientConnection* take_with_room(bool fresh);
  http::ClientStream& open_on(http::ClientConnection& connection, http::ResponseHandler& handler);
  http::ClientConnection* adopt_spare();
  Result<http::ClientConnection*> connect();
  http::ClientConnection& track(std::unique_ptr<http::ClientConnection> connection);
  [[nodiscard]] bool fits(const http::ClientConnection& connection) const {
    return connection.proxy_header == proxy_header_;
  }
  /// A bare socket is all that can be handed to another worker.
  [[nodiscard]] bool shares_idle() const {
    const Transport& transport = options_.transport;
    return options_.share_idle && transport.proxy_protocol == model::ProxyHeader::off && !transport.tls;
  }
  [[nodiscard]] bool take_place();
  [[nodiscard]] bool make_room();
  [[nodiscard]] bool expired(const http::ClientConnection& connection, Instant now) const;
  [[nodiscard]] bool worn_out(const http::ClientConnection& connection) const;
  [[nodiscard]] List& list_of(const http::ClientConnection& connection);
  void mark_full(http::ClientConnection& connection);
  void forget(http::ClientConnection& connection);
  Instant expire_connects(List& list, Instant now);
  void on_connect_deadline();

  static constexpr Duration kOfferAfter = Duration::s(1);
  // So many idle connections are looked at for one of the request's client, those used last first.
  static constexpr int kLooks = 256;

  net::Loop& loop_;
  std::shared_ptr<Endpoint> endpoint_;
  PoolOptions options_;
  const proto::http1::Limits& limits_;
  http::ClientScratch& scratch_;
  List idle_;
  List busy_;
  List full_;                 ///< of those in use: HTTP/2 connections that take no request now
  std::string proxy_header_;  ///< what a connection for the request in hand begins with
  uint32_t idle_count_ = 0;
  uint32_t open_ = 0;
  uint32_t connecting_ = 0;
  bool retired_ = false;
  net::Timer connect_timer_ = net::Timer::bind<&ConnectionPool::on_connect_deadline>(this);
};

}  // namespace weir::upstream
