#pragma once
// One Http2ClientConnection to an endpoint that is scripted frame by frame, with an owner who writes down what it is
// told. Tests only. Declare the answers before it: they must outlive the connection, which tells them of its end.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http2_client_connection.h"
#include "http/test_http2_peer.h"
#include "http/test_peers.h"

namespace weir::http::test {

class Http2Client final : public ClientConnection::Owner {
 public:
  explicit Http2Client(const Http2ClientOptions& options = {}, const proto::http1::Limits& limits = {}) {
    connection = new Http2ClientConnection(*server.loop, *this, limits, options, scratch_);
    EXPECT_TRUE(connection->connect(server.address()).has_value());
  }
  ~Http2Client() {
    if (!gone) connection->close();
    server.loop->run_turn(Duration());
  }
  /// The endpoint, which has greeted with `settings`.
  Http2Endpoint& endpoint(const std::vector<std::pair<uint16_t, uint32_t>>& settings = {}) {
    if (!endpoint_) endpoint_.emplace(server, 0, settings);
    return *endpoint_;
  }
  ClientStream& ask(Answer& answer, std::string_view target = "/") {
    ClientStream& stream = connection->open(answer);
    stream.send_head(get(target), {}, true);
    return stream;
  }
  /// The same with a body to come.
  ClientStream& post(Answer& answer) {
    ClientStream& stream = connection->open(answer);
    RequestHead head = get("/");
    head.method = proto::http::Method::post;
    head.method_text = "POST";
    head.body = proto::http::BodyKind::stream;
    stream.send_head(head, {}, false);
    return stream;
  }
  /// Waits until the endpoint has been asked on stream `id`.
  Http2Endpoint::Stream& asked(uint32_t id) {
    Http2Endpoint& peer = endpoint();
    server.until([&] { return !peer.stream(id).fields.empty(); });
    return peer.stream(id);
  }
  void until(const std::function<bool()>& done) const { server.until(done); }
  /// The connection has heard all that the endpoint said before.
  void settle() { endpoint().settle(); }

  RawServer server;
  Http2ClientConnection* connection;
  std::string told;  ///< c: connected, i: idle, r: room, x: closed
  Error closed_with;
  bool gone = false;

 private:
  void on_connected(ClientConnection&) override { told += 'c'; }
  void on_idle(ClientConnection&) override { told += 'i'; }
  void on_room(ClientConnection& one) override {
    told += 'r';
    one.full = false;
  }
  void on_closed(ClientConnection& closed, const Error& error) override {
    EXPECT_EQ(&closed, connection);
    told += 'x';
    closed_with = error;
    gone = true;
    server.loop->defer_delete(std::unique_ptr<net::Deferred>(connection));
  }

  ClientScratch scratch_;
  std::optional<Http2Endpoint> endpoint_;
};

}  // namespace weir::http::test
