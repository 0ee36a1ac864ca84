#pragma once
// A listener as one worker serves it: its listening socket and the connections accepted from it. Survives reloads that
// still name its address; when a reload drops it, it stops accepting, drains its connections and goes. It has several
// sockets when the process took them over from one with more workers.
//
// Thread rule: the worker's thread.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http/server_connection.h"
#include "l7/arrival.h"
#include "l7/snapshot.h"
#include "net/acceptor.h"

namespace weir::l7 {

class Worker;

class Listener final : public net::Deferred,
                       private net::Acceptor::Handler,
                       public Arrival::Owner,
                       public http::ServerConnection::Owner {
 public:
  Listener(Worker& worker, std::string address, std::vector<net::Fd> listening);
  ~Listener() override;

  /// The configuration from now on; connections already open keep their limits and timeouts.
  void update(WorkerSnapshot& snapshot, size_t index, uint32_t max_connections);
  /// What becomes of connections that nobody has accepted yet: `take` accepts them now, `leave` is for sockets that
  /// another process accepts from as well.
  enum class Backlog : uint8_t { take, leave };
  /// Stops accepting; idle connections close, the others after their request.
  void drain(Backlog backlog);
  /// Closes everything now.
  void kill();
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] const std::string& address() const { return address_; }
  /// Further descriptors of its sockets. Those are missing for which the table of descriptors had no room.
  [[nodiscard]] std::vector<net::Fd> duplicate_sockets() const;

 private:
  void on_accept(net::Fd fd, const net::SocketAddress& peer) override;
  void on_arrived(Arrival& arrival, net::Fd fd, const proto::proxy::Header& header) override;
  void on_turned_away(Arrival& arrival, TurnedAway why, proto::proxy::Bad bad) override;
  http::RequestHandler& begin_request(http::ServerConnection& connection) override;
  void on_bad_request(http::ServerConnection& connection, std::string_view reason, uint16_t status) override;
  void on_http2(http::ServerConnection& connection, net::Stream::Detached detached) override;
  void on_handshake(http::ServerConnection& connection) override;
  void on_handshake_failed(http::ServerConnection& connection, net::tls::Failure failure) override;
  void on_defence(http::ServerConnection& connection, http::Http2Defence defence) override;
  void on_connection_closed(http::ServerConnection& connection) override;
  bool await_header(net::Fd fd, const net::SocketAddress& sender);
  bool serve(net::Fd fd, const net::SocketAddress& client, const IpPort& destination);
  [[nodiscard]] IpPort destination_of(const net::Fd& fd) const;
  void tell_turned_away(const net::SocketAddress& sender, TurnedAway why, proto::proxy::Bad bad, bool silent);
  void log_refusal(const std::string& client, uint16_t status, std::string_view rule);
  void end_arrivals();
  void retire(Arrival& arrival);
  void connection_left();
  void link(http::ServerConnection& connection);
  void retire(http::ServerConnection& connection);
  void hold(WorkerSnapshot* snapshot);
  void pause(bool on);

  Worker& worker_;
  std::string address_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  WorkerSnapshot* snapshot_ = nullptr;
  size_t index_ = 0;
  IpPort local_;                                   ///< where it listens
  http::ServerConnection* connections_ = nullptr;  ///< owned; linked through previous/next
  Arrival* arrivals_ = nullptr;                    ///< the same, of those that are nobody's yet
  uint32_t count_ = 0;
  uint32_t max_connections_ = 0;
  bool draining_ = false;
};

}  // namespace weir::l7
