// What an endpoint can do to a client connection at the worst moment; each was once a defect.
#include "http/http1_client_connection.h"

#include <gtest/gtest.h>

#include "http/test_peers.h"

namespace weir::http {
namespace {
using test::Answer;
using test::get;
using test::Peer;

struct Owner final : ClientConnection::Owner {
  void on_connected(ClientConnection&) override {}
  void on_idle(ClientConnection&) override {}
  void on_closed(ClientConnection& c, const Error&) override {
    gone = true;
    loop->defer_delete(std::unique_ptr<net::Deferred>(&c));
  }
  net::Loop* loop = nullptr;
  bool gone = false;
};

TEST(ClientFaults, UnaskedBytesAnswerNobody) {
  for (const bool body : {false, true}) {
    test::RawServer server;
    Owner owner;
    owner.loop = server.loop.get();
    proto::http1::Limits limits;
    ClientScratch scratch;
    auto* connection = new Http1ClientConnection(*server.loop, owner, limits, scratch);
    ASSERT_TRUE(connection->connect(server.address()).has_value());
    Answer first, second;
    bool asked = false;
    first.then = [&] {
      if (asked || owner.gone || !first.over() || !connection->reusable()) return;
      asked = true;
      connection->open(second).send_head(get("/second"), {}, true);
    };
    connection->open(first).send_head(get("/first"), {}, true);
    Peer& peer = server.accepted(0);
    server.until([&] { return peer.got("/first"); });
    peer.say(body ? "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
                  : "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    server.until([&] { return first.over(); });
    server.pass(Duration::ms(5));
    EXPECT_EQ(second.body, "") << "an answer nobody asked for";
    EXPECT_NE(second.ends, 1);
    if (!owner.gone) connection->close();
    server.loop->run_turn(Duration());
  }
}

struct HeadReader final : ResponseHandler {
  void on_informational(const ResponseHead&) override {}
  void on_response(ResponseHead& head, std::string_view memory, bool) override {
    // What a proxy does: the head goes straight into the output buffer of another stream of the loop.
    const auto out = loop->take_buffer();
    out->append("HTTP/1.1 200 OK\r\n");
    const Field* a = head.find("X-A");
    value = a != nullptr ? a->value : "";
    if (a != nullptr) out->append("X-A: ").append(a->value);
    seen = std::string(memory);
    done = true;
  }
  void on_response_body(std::string_view) override {}
  void on_response_end(const Fields&) override {}
  void on_response_failed(const Error&) override { done = true; }
  void on_request_drained() override {}
  net::Loop* loop = nullptr;
  std::string value, seen;
  bool done = false;
};

TEST(ClientFaults, TheHeadOutlivesItsConnection) {
  for (const size_t pad : {100u, 45'000u}) {
    test::RawServer server;
    Owner owner;
    owner.loop = server.loop.get();
    proto::http1::Limits limits;
    limits.field_bytes = 64 * 1024;
    if (pad > 60'000) limits.head_bytes = 128 * 1024;
    ClientScratch scratch;
    auto* connection = new Http1ClientConnection(*server.loop, owner, limits, scratch);
    ASSERT_TRUE(connection->connect(server.address()).has_value());
    HeadReader reader;
    reader.loop = server.loop.get();
    connection->open(reader).send_head(get("/first"), {}, true);
    Peer& peer = server.accepted(0);
    server.until([&] { return peer.got("/first"); });
    const std::string head =
        "HTTP/1.1 200 OK\r\nX-A: " + std::string(pad, 'a') + "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    for (size_t at = 0; at < head.size();) {
      const size_t n = std::min<size_t>(head.size() - at, head.size() / 2 - 3);
      peer.say(head.substr(at, n)).stream.flush_now();
      at += n;
      for (int i = 0; i < 3; ++i) server.loop->run_turn(Duration());
    }
    server.until([&] { return reader.done; });
    EXPECT_EQ(reader.value, std::string(pad, 'a'));
    EXPECT_EQ(reader.seen, head);
    if (!owner.gone) connection->close();
    server.loop->run_turn(Duration());
  }
}

}  // namespace
}  // namespace weir::http
namespace weir::http {
namespace {
TEST(ClientFaults, AResetIsNoEndOfABody) {
  test::RawServer server;
  Owner owner;
  owner.loop = server.loop.get();
  proto::http1::Limits limits;
  ClientScratch scratch;
  auto* connection = new Http1ClientConnection(*server.loop, owner, limits, scratch);
  ASSERT_TRUE(connection->connect(server.address()).has_value());
  Answer answer;
  connection->open(answer).send_head(get("/it"), {}, true);
  Peer& peer = server.accepted(0);
  server.until([&] { return peer.got("/it"); });
  peer.say("HTTP/1.0 200 OK\r\n\r\nhalf").stream.flush_now();
  peer.stream.abort();
  server.until([&] { return answer.over(); });
  EXPECT_EQ(answer.ends, 0) << "half a body, delivered as whole: " << answer.body;
  EXPECT_EQ(answer.failures, 1);
  if (!owner.gone) connection->close();
  server.loop->run_turn(Duration());
}
}  // namespace
}  // namespace weir::http
