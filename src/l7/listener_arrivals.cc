// A listener's connections before their PROXY header is complete: from whom they are taken, and what becomes of them.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "l7/listener.h"
#include "l7/worker.h"

namespace weir::l7 {

/// True when the connection is in the books from here on.
bool Listener::await_header(net::Fd fd, const net::SocketAddress& sender) {
  const auto& shared = snapshot_->shared->listeners[index_];
  const auto& from = shared.proxy_protocol_from;
  const IpAddress address = sender.ip_port().address;
  const auto holds = [&](const IpNetwork& network) { return network.contains(address); };
  if (!from.empty() && std::none_of(from.begin(), from.end(), holds)) {
    tell_turned_away(sender, TurnedAway::not_allowed, {}, false);
    return false;
  }
  auto arrival = std::make_unique<Arrival>(worker_.loop(), *this, sender);
  if (!arrival->start(std::move(fd), shared.options->header_timeout)) return false;
  if (draining_) arrival->drain();
  arrival->next = arrivals_;
  if (arrivals_ != nullptr) arrivals_->previous = arrival.get();
  arrivals_ = arrival.release();
  return true;
}

/// Without a claim (a balancer's own health check) the connection is the sender's.
void Listener::on_arrived(Arrival& arrival, net::Fd fd, const proto::proxy::Header& header) {
  retire(arrival);
  const bool claims = header.claims();
  const IpPort destination = claims ? header.destination : destination_of(fd);
  // TCP6 ::ffff:1.2.3.4 is what a balancer with a socket for both families writes, and 1.2.3.4 who it is.
  const IpPort source{.address = header.source.address.unmapped(), .port = header.source.port};
  const net::SocketAddress client = claims ? net::SocketAddress(source) : arrival.sender();
  if (!serve(std::move(fd), client, destination)) connection_left();
}

void Listener::on_turned_away(Arrival& arrival, TurnedAway why, proto::proxy::Bad bad) {
  retire(arrival);
  tell_turned_away(arrival.sender(), why, bad, arrival.silent());
  connection_left();
}

void Listener::tell_turned_away(const net::SocketAddress& sender, TurnedAway why, proto::proxy::Bad bad, bool silent) {
  const size_t reason = reason_index(why, bad);
  worker_.metrics().turned_away[reason].add();
  // A check that connects and goes is counted, and no news.
  if (why == TurnedAway::closed && silent) return;
  const std::string rule = std::string("proxy_protocol; reason=").append(reason_name(reason));
  worker_.refusals().note(
      {.at = worker_.loop().now(), .rule = rule, .listener = snapshot_->listeners[index_].config->name});
  log_refusal(sender.host(), 0, rule);
}

void Listener::retire(Arrival& arrival) {
  (arrival.previous != nullptr ? arrival.previous->next : arrivals_) = arrival.next;
  if (arrival.next != nullptr) arrival.next->previous = arrival.previous;
  worker_.loop().defer_delete(std::unique_ptr<net::Deferred>(&arrival));
}

void Listener::end_arrivals() {
  while (arrivals_ != nullptr) {
    retire(*arrivals_);
    connection_left();
  }
}

}  // namespace weir::l7
