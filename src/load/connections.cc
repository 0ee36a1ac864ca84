#include "load/connections.h"

#include <algorithm>

#include "http/http1_client_connection.h"

namespace weir::load {

using http::ClientConnection;

Connections::Connections(net::Loop& loop, const net::SocketAddress& target, uint32_t most)
    : loop_(loop), target_(target), most_(std::max<uint32_t>(1, most)) {}

Connections::~Connections() {
  while (all_ != nullptr) all_->close();
}

Connections::Taken Connections::take() {
  if (!idle_.empty()) {
    ClientConnection* connection = idle_.back();
    idle_.pop_back();
    connection->idle = false;
    return {connection, false};
  }
  auto connection = std::make_unique<http::Http1ClientConnection>(loop_, *this, limits_, scratch_);
  if (!connection->connect(target_)) return {nullptr, true};
  ++open_;
  connection->next = all_;
  if (all_ != nullptr) all_->previous = connection.get();
  all_ = connection.get();
  return {connection.release(), true};  // the list owns it; on_closed hands it to the loop
}

void Connections::on_idle(ClientConnection& connection) {
  connection.idle = true;
  idle_.push_back(&connection);
}

void Connections::on_closed(ClientConnection& connection, const Error& /*error*/) {
  --open_;
  // Idle connections rarely close, and those that do are mostly the oldest, at the front.
  if (connection.idle) idle_.erase(std::ranges::find(idle_, &connection));
  (connection.previous != nullptr ? connection.previous->next : all_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  loop_.defer_delete(std::unique_ptr<net::Deferred>(&connection));
}

}  // namespace weir::load
