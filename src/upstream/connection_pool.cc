#include "upstream/connection_pool.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "http/http1_client_connection.h"
#include "upstream/proxy_header.h"

namespace weir::upstream {

using http::ClientConnection;

namespace {

/// Nobody watched the socket while it was between two workers: it may have ended, or carry an answer nobody asked for.
bool is_quiet(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

void ConnectionPool::List::push_front(ClientConnection& connection) {
  connection.previous = nullptr;
  connection.next = head;
  (head != nullptr ? head->previous : tail) = &connection;
  head = &connection;
}

void ConnectionPool::List::remove(ClientConnection& connection) {
  (connection.previous != nullptr ? connection.previous->next : head) = connection.next;
  (connection.next != nullptr ? connection.next->previous : tail) = connection.previous;
  connection.previous = connection.next = nullptr;
}

ConnectionPool::ConnectionPool(net::Loop& loop, std::shared_ptr<Endpoint> endpoint, const PoolOptions& options,
                               const proto::http1::Limits& limits, http::ClientScratch& scratch)
    : loop_(loop), endpoint_(std::move(endpoint)), options_(options), limits_(limits), scratch_(scratch) {}

ConnectionPool::~ConnectionPool() {
  for (List* list : {&idle_, &busy_, &full_}) {
    while (list->head != nullptr) list->head->close();
  }
}

void ConnectionPool::set_options(const PoolOptions& options) {
  const bool moves = options.transport != options_.transport;
  options_ = options;
  if (!moves) return;
  while (idle_.head != nullptr) idle_.head->close();
  for (List* list : {&busy_, &full_}) {
    for (ClientConnection* c = list->head; c != nullptr;) {
      ClientConnection& connection = *c;
      c = c->next;
      connection.drain();
    }
  }
}

ConnectionPool::Acquired ConnectionPool::acquire(http::ResponseHandler& handler, Wish wish) {
  ClientConnection* connection = nullptr;
  if (options_.transport.proxy_protocol != model::ProxyHeader::off || !proxy_header_.empty()) {
    write_proxy_header(proxy_header_, options_.transport.proxy_protocol, wish.client);
  }
  const bool multiplexes = options_.transport.multiplexes();
  if (multiplexes) connection = take_with_room(wish.fresh);
  if (!wish.fresh) {
    if (!multiplexes && wish.may_share && options_.pipeline > 1) connection = take_shared();
    if (connection == nullptr) connection = take_idle();
    if (connection == nullptr && !multiplexes) connection = adopt_spare();
  }
  if (connection == nullptr) {
    auto fresh = connect();
    if (!fresh) return {.error = fresh.error()};
    connection = *fresh;
  }
  const bool reused = connection->served() > 0;
  return {.stream = &open_on(*connection, handler), .reused = reused, .error = {}};
}

http::ClientStream& ConnectionPool::open_on(ClientConnection& connection, http::ResponseHandler& handler) {
  http::ClientStream& stream = connection.open(handler);
  if (options_.transport.multiplexes() && !connection.shareable()) mark_full(connection);
  return stream;
}

ClientConnection* ConnectionPool::take_idle() {
  int looks = kLooks;
  for (ClientConnection* c = idle_.head; c != nullptr && looks > 0; --looks) {
    ClientConnection& connection = *std::exchange(c, c->next);
    const bool refuses = options_.transport.multiplexes() && !connection.shareable();
    if (refuses || expired(connection, loop_.now())) {
      connection.close();
      continue;
    }
    if (!fits(connection)) continue;
    idle_.remove(connection);
    --idle_count_;
    connection.idle = false;
    busy_.push_front(connection);
    return &connection;
  }
  return nullptr;
}

ClientConnection* ConnectionPool::take_shared() {
  // The most recently opened are in front; a few looks find room if there is any worth having.
  int looks = 8;
  for (ClientConnection* c = busy_.head; c != nullptr && looks > 0; c = c->next, --looks) {
    if (c->shareable() && c->in_flight() < options_.pipeline && fits(*c)) return c;
  }
  return nullptr;
}

/// `fresh`: only one that has not proved its life yet, which is younger than whatever turned out dead.
ClientConnection* ConnectionPool::take_with_room(bool fresh) {
  int looks = 8;
  for (ClientConnection* c = busy_.head; c != nullptr && looks > 0; --looks) {
    ClientConnection& connection = *c;
    c = c->next;
    if (connection.in_flight() > 0 && worn_out(connection)) connection.drain();
    if (!connection.shareable()) {
      mark_full(connection);
    } else if (fits(connection) && (!fresh || connection.served() == 0)) {
      return &connection;
    }
  }
  return nullptr;
}

void ConnectionPool::mark_full(ClientConnection& connection) {
  if (connection.full) return;
  busy_.remove(connection);
  connection.full = true;
  full_.push_front(connection);
}

void ConnectionPool::on_room(ClientConnection& connection) {
  full_.remove(connection);
  connection.full = false;
  busy_.push_front(connection);
}

ConnectionPool::List& ConnectionPool::list_of(const ClientConnection& connection) {
  return connection.idle ? idle_ : connection.full ? full_ : busy_;
}

ClientConnection& ConnectionPool::track(std::unique_ptr<ClientConnection> connection) {
  ++open_;
  busy_.push_front(*connection);
  return *connection.release();  // the lists own it from here; on_closed hands it to the loop
}

ClientConnection* ConnectionPool::adopt_spare() {
  if (!shares_idle()) return nullptr;
  SpareConnection spare = endpoint_->take_spare();
  while (spare.fd.valid() && !is_quiet(spare.fd.get())) {
    endpoint_->connections.release();
    spare = endpoint_->take_spare();
  }
  if (!spare.fd.valid()) return nullptr;
  auto connection = std::make_unique<http::Http1ClientConnection>(loop_, *this, limits_, scratch_);
  connection->born = spare.born;
  if (!connection->adopt(std::move(spare.fd), spare.served)) {
    endpoint_->connections.release();
    return nullptr;
  }
  return &track(std::move(connection));
}

/// An idle connection that does not do gives its place to one that does.
bool ConnectionPool::take_place() {
  if (endpoint_->connections.try_acquire()) return true;
  if (idle_.tail == nullptr) return false;
  idle_.tail->close();
  return endpoint_->connections.try_acquire();
}

Result<ClientConnection*> ConnectionPool::connect() {
  if (!take_place()) {
    return fail(Error{.code = Code::limit_reached, .origin = Origin::internal, .detail = "max_connections"});
  }
  endpoint_->counters.connects.fetch_add(1, std::memory_order_relaxed);
  auto connection = options_.transport.make(loop_, *this, limits_, scratch_);
  connection->born = loop_.now();
  connection->proxy_header = proxy_header_;
  if (auto begun = connection->connect(endpoint_->address, options_.transport.tls); !begun) {
    endpoint_->connections.release();
    endpoint_->counters.connect_failures.fetch_add(1, std::memory_order_relaxed);
    return fail(begun.error());
  }
  ++connecting_;
  if (!connect_timer_.armed()) loop_.arm(connect_timer_, options_.connect_timeout);
  return &track(std::move(connection));
}

void ConnectionPool::on_connected(ClientConnection& connection) {
  if (--connecting_ == 0) connect_timer_.cancel();
  const auto* tls = connection.tls();
  if (tls == nullptr) return;
  auto& counters = endpoint_->counters;
  (tls->resumed() ? counters.tls_resumptions : counters.tls_handshakes).fetch_add(1, std::memory_order_relaxed);
}

/// One timer for all connects of the pool: it goes off for the oldest and is set again for the next.
void ConnectionPool::on_connect_deadline() {
  const Instant now = loop_.now();
  const Instant next = std::min(expire_connects(busy_, now), expire_connects(full_, now));
  if (next != Instant::max()) loop_.timers().arm(connect_timer_, next);
}

/// When the next of those that still connect runs out of time.
Instant ConnectionPool::expire_connects(List& list, Instant now) {
  Instant next = Instant::max();
  for (ClientConnection* c = list.head; c != nullptr;) {
    ClientConnection& connection = *c;
    c = c->next;
    if (!connection.connecting()) continue;
    if (connection.born + options_.connect_timeout <= now) {
      connection.fail(Error{.code = Code::connect_timeout, .origin = Origin::upstream, .retry = Retry::yes});
      c = list.head;  // what the failed requests did may have changed the list
    } else {
      next = std::min(next, connection.born + options_.connect_timeout);
    }
  }
  return next;
}

bool ConnectionPool::expired(const ClientConnection& connection, Instant now) const {
  const auto& limits = options_.limits;
  return now - connection.idle_since >= limits.idle_timeout || now - connection.born >= limits.max_lifetime;
}

/// Anybody's may be closed instead of being kept; with a client's own, the others' are less likely to be asked for.
bool ConnectionPool::make_room() {
  if (idle_count_ < options_.limits.max_idle) return true;
  if (options_.transport.proxy_protocol == model::ProxyHeader::off || idle_.tail == nullptr) return false;
  idle_.tail->close();
  return true;
}

/// Has it, with what is in flight, served as long as it may?
bool ConnectionPool::worn_out(const ClientConnection& connection) const {
  const auto& limits = options_.limits;
  return (limits.max_requests != 0 && connection.served() + connection.in_flight() >= limits.max_requests) ||
         loop_.now() - connection.born >= limits.max_lifetime;
}

void ConnectionPool::on_idle(ClientConnection& connection) {
  if (retired_ || worn_out(connection) || !make_room()) return connection.close();
  list_of(connection).remove(connection);
  connection.idle_since = loop_.now();
  connection.full = false;
  connection.idle = true;
  idle_.push_front(connection);
  ++idle_count_;
}

void ConnectionPool::on_closed(ClientConnection& connection, const Error& error) {
  if (connection.connecting()) {
    if (--connecting_ == 0) connect_timer_.cancel();
    if (error.code != Code::cancelled) endpoint_->counters.connect_failures.fetch_add(1, std::memory_order_relaxed);
  }
  if (const auto failure = connection.tls_failure(); failure != net::tls::Failure::none) {
    endpoint_->counters.tls_failures[static_cast<size_t>(failure)].fetch_add(1, std::memory_order_relaxed);
  }
  forget(connection);
  endpoint_->connections.release();
}

void ConnectionPool::forget(ClientConnection& connection) {
  list_of(connection).remove(connection);
  if (connection.idle) --idle_count_;
  --open_;
  loop_.defer_delete(std::unique_ptr<net::Deferred>(&connection));
}

void ConnectionPool::maintain(Instant now) {
  while (idle_.tail != nullptr && expired(*idle_.tail, now)) idle_.tail->close();
  // Those from before a reload are reached in another way.
  if (!shares_idle()) return endpoint_->drop_spares(Instant::max());
  endpoint_->drop_spares(now - options_.limits.idle_timeout);
  while (idle_.tail != nullptr && now - idle_.tail->idle_since >= kOfferAfter) {
    ClientConnection& connection = *idle_.tail;
    net::Fd socket = connection.release_socket();
    if (!socket.valid()) break;  // it cannot move, and those of its kind cannot either
    endpoint_->give_spare({.fd = std::move(socket),
                           .born = connection.born,
                           .idle_since = connection.idle_since,
                           .served = connection.served()});
    forget(connection);
  }
}

void ConnectionPool::retire() {
  retired_ = true;
  while (idle_.head != nullptr) idle_.head->close();
}

}  // namespace weir::upstream
