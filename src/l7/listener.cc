#include "l7/listener.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "http/http1_server_connection.h"
#include "http/http2_server_connection.h"
#include "l7/worker.h"

namespace weir::l7 {

Listener::Listener(Worker& worker, std::string address, std::vector<net::Fd> listening)
    : worker_(worker),
      address_(std::move(address)),
      local_(listening.empty() ? IpPort{} : net::SocketAddress::of_socket(listening.front().get()).ip_port()) {
  for (net::Fd& each : listening) acceptors_.push_back(net::Acceptor::adopt(worker.loop(), std::move(each), *this));
}

Listener::~Listener() {
  kill();
  hold(nullptr);
}

void Listener::hold(WorkerSnapshot* snapshot) {
  if (snapshot != nullptr) ++snapshot->users;
  if (WorkerSnapshot* old = std::exchange(snapshot_, snapshot)) worker_.release(*old);
}

void Listener::update(WorkerSnapshot& snapshot, size_t index, uint32_t max_connections) {
  hold(&snapshot);
  index_ = index;
  max_connections_ = max_connections;
  if (count_ < max_connections_) pause(false);
}

void Listener::pause(bool on) {
  for (const auto& acceptor : acceptors_) on ? acceptor->pause() : acceptor->resume();
}

std::vector<net::Fd> Listener::duplicate_sockets() const {
  std::vector<net::Fd> sockets;
  for (const auto& acceptor : acceptors_) {
    if (net::Fd fd = acceptor->duplicate(); fd.valid()) sockets.push_back(std::move(fd));
  }
  return sockets;
}

void Listener::on_accept(net::Fd fd, const net::SocketAddress& peer) {
  const IpPort destination = destination_of(fd);
  const bool header_first = snapshot_->listeners[index_].config->proxy_protocol;
  if (!(header_first ? await_header(std::move(fd), peer) : serve(std::move(fd), peer, destination))) return;
  worker_.metrics().connections.add();
  worker_.metrics().connections_accepted.add();
  if (++count_ >= max_connections_) pause(true);
}

bool Listener::serve(net::Fd fd, const net::SocketAddress& client, const IpPort& destination) {
  auto connection = std::make_unique<http::Http1ServerConnection>(
      worker_.loop(), *this, snapshot_->shared->listeners[index_].options, worker_.server_scratch(), client);
  connection->set_destination(destination);
  if (!connection->start(std::move(fd))) return false;
  link(*connection.release());
  return true;
}

/// Only a listener of all addresses has to ask the connection which of them it was sent to.
IpPort Listener::destination_of(const net::Fd& fd) const {
  const auto bytes = local_.address.data();
  const bool one = std::any_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte != 0; });
  return one ? local_ : net::SocketAddress::of_socket(fd.get()).ip_port();
}

void Listener::link(http::ServerConnection& connection) {
  connection.next = connections_;
  if (connections_ != nullptr) connections_->previous = &connection;
  connections_ = &connection;
  if (draining_) connection.drain();
}

void Listener::retire(http::ServerConnection& connection) {
  (connection.previous != nullptr ? connection.previous->next : connections_) = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  worker_.loop().defer_delete(std::unique_ptr<net::Deferred>(&connection));
}

void Listener::on_http2(http::ServerConnection& connection, net::Stream::Detached detached) {
  auto* const follower = new http::Http2ServerConnection(  // the list owns it
      worker_.loop(), *this, snapshot_->shared->listeners[index_].options, worker_.server_scratch(),
      connection.client().address);
  follower->follow(connection);
  retire(connection);
  const auto started = follower->start(std::move(detached));
  link(*follower);
  if (!started) follower->kill();
}

void Listener::on_handshake(http::ServerConnection& connection) {
  const http::TlsFacts& facts = *connection.client().tls;
  TlsCounters& counters = worker_.metrics().tls[facts.version == kTlsVersions[1] ? 1 : 0];
  (facts.resumed ? counters.resumptions : counters.handshakes).add();
}

void Listener::on_handshake_failed(http::ServerConnection& /*connection*/, net::tls::Failure failure) {
  worker_.metrics().tls_failures[static_cast<size_t>(failure)].add();
}

void Listener::on_defence(http::ServerConnection& /*connection*/, http::Http2Defence defence) {
  worker_.metrics().http2_defences[static_cast<size_t>(defence)].add();
  worker_.refusals().note({.at = worker_.loop().now(),
                           .rule = http::name_of(defence),
                           .listener = snapshot_->listeners[index_].config->name});
}

void Listener::on_connection_closed(http::ServerConnection& connection) {
  retire(connection);
  connection_left();
}

void Listener::connection_left() {
  worker_.metrics().connections.sub();
  if (count_-- == max_connections_ && !draining_) pause(false);
  if (draining_ && count_ == 0) worker_.on_listener_empty(*this);
}

http::RequestHandler& Listener::begin_request(http::ServerConnection& /*connection*/) {
  Exchange& exchange = worker_.take_exchange();
  const RouteTable& table = snapshot_->listeners[index_];
  table.counters.requests->add();
  exchange.assign(*snapshot_, table);
  return exchange;
}

void Listener::on_bad_request(http::ServerConnection& connection, std::string_view reason, uint16_t status) {
  worker_.metrics().bad_requests.add();
  worker_.metrics().responses[status / 100].add();
  const RouteTable& table = snapshot_->listeners[index_];
  worker_.refusals().note(
      {.at = worker_.loop().now(), .status = status, .rule = reason, .listener = table.config->name});
  log_refusal(connection.client().host, status, reason);
}

/// Of what never became a request.
void Listener::log_refusal(const std::string& client, uint16_t status, std::string_view reason) {
  const RouteTable& table = snapshot_->listeners[index_];
  if (!table.access_log) return;
  std::string& line = worker_.log_line();
  line.assign("{\"time\":\"").append(worker_.clock().timestamp()).append("\",\"listener\":");
  append_json_string(line, table.config->name);
  line += ",\"client\":";
  append_json_string(line, client);
  line.append(",\"status\":")
      .append(std::to_string(status))
      .append(",\"refusal\":\"rule=")
      .append(reason)
      .append("\"}\n");
  worker_.append_log(table.access_log, line);
}

void Listener::drain(Backlog backlog) {
  draining_ = true;
  for (const auto& acceptor : acceptors_) backlog == Backlog::take ? acceptor->finish() : acceptor->close();
  for (Arrival* a = arrivals_; a != nullptr; a = a->next) a->drain();
  for (http::ServerConnection* c = connections_; c != nullptr;) std::exchange(c, c->next)->drain();
}

void Listener::kill() {
  for (const auto& acceptor : acceptors_) acceptor->close();
  draining_ = false;  // nobody is to be told
  end_arrivals();
  while (connections_ != nullptr) connections_->kill();
}

}  // namespace weir::l7
