#pragma once
// One Http1ClientConnection to a scripted endpoint, with an owner who writes down what it is told. Tests only. Declare
// the answers before it: they must outlive the connection, which tells them of its end.

#include <memory>
#include <string>
#include <string_view>

#include "http/http1_client_connection.h"
#include "http/test_peers.h"

namespace weir::http::test {

/// One connection and its owner, who writes down what it is told.
class Client final : public ClientConnection::Owner {
 public:
  explicit Client(bool connected = true) {
    connection = new Http1ClientConnection(*server.loop, *this, limits_, scratch_);
    if (!connected) return;
    EXPECT_TRUE(connection->connect(server.address()).has_value());
  }
  ~Client() {
    if (!gone) connection->close();
    server.loop->run_turn(Duration());
  }
  ClientStream& ask(Answer& answer, std::string_view target) {
    ClientStream& stream = connection->open(answer);
    stream.send_head(get(target), {}, true);
    return stream;
  }
  Peer& endpoint() { return server.accepted(0); }
  /// The endpoint answers `bytes` once it has been asked for `target`.
  void reply(std::string_view target, std::string_view bytes) {
    Peer& peer = endpoint();
    server.until([&] { return peer.got(target); });
    peer.say(bytes);
  }

  test::RawServer server;
  Http1ClientConnection* connection;
  std::string told;  ///< c: connected, i: idle, x: closed
  Code closed_with = Code::ok;
  bool gone = false;

 private:
  void on_connected(ClientConnection&) override { told += 'c'; }
  void on_idle(ClientConnection&) override { told += 'i'; }
  void on_closed(ClientConnection& closed, const Error& error) override {
    EXPECT_EQ(&closed, connection);
    told += 'x';
    closed_with = error.code;
    gone = true;
    server.loop->defer_delete(std::unique_ptr<net::Deferred>(connection));
  }
  proto::http1::Limits limits_;
  ClientScratch scratch_;
};

}  // namespace weir::http::test
