// What a client can do to a server connection at the worst moment; each was once a defect.
#include "http/server_connection.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/test_peers.h"

namespace weir::http {
namespace {

using proto::http::BodyKind;
using test::Peer;

/// Writes down one request; the test decides what to do at its head, at its pieces and at its end.
struct Request final : RequestHandler {
  void on_request(ServerStream& of, RequestHead& head, std::string_view /*memory*/, bool end) override {
    stream = &of;
    target = head.target;
    whole = end;
    if (at_head) at_head(*this);
    if (whole && at_end) at_end(*this);
  }
  void on_request_body(std::string_view piece) override {
    EXPECT_FALSE(whole || aborts > 0);
    body += piece;
    if (at_piece) at_piece(*this);
  }
  void on_request_end(const Fields& fields) override {
    for (const Field& field : fields) ((trailers += field.name) += '=') += field.value;
    whole = true;
    if (at_end) at_end(*this);
  }
  void on_request_aborted(const Error& error) override {
    ++aborts;
    code = error.code;
    EXPECT_EQ(error.retry, Retry::no);
  }
  void on_response_drained() override { ++drains; }

  std::function<void(Request&)> at_head, at_piece, at_end;
  ServerStream* stream = nullptr;
  std::string target, body, trailers;
  Code code = Code::ok;
  bool whole = false;
  int aborts = 0, drains = 0;
};

ResponseHead response(uint16_t status, BodyKind kind, uint64_t length = 0) {
  ResponseHead head;
  head.status = status;
  head.body = kind;
  head.content_length = length;
  return head;
}

void hello(Request& request) {
  request.stream->send_head(response(200, BodyKind::length, 5), {}, false);
  request.stream->send_body("hello");
  request.stream->send_end({});
}

/// The target says what the answer looks like.
void answer(Request& request) {
  ServerStream& stream = *request.stream;
  const Field trailer{"X-Sum", "7"};
  if (request.target == "/stream") {
    stream.send_head(response(200, BodyKind::stream), {}, false);
    stream.send_body("he");
    stream.send_body("");
    stream.send_body("llo");
    stream.send_end({trailer});
  } else if (request.target == "/hints") {
    stream.send_informational(response(103, BodyKind::none));
    hello(request);
  } else if (request.target == "/204" || request.target == "/304") {
    stream.send_head(response(request.target == "/204" ? 204 : 304, BodyKind::none), {}, true);
  } else if (request.target == "/304/length" || request.target == "/head") {
    stream.send_head(response(request.target == "/head" ? 200 : 304, BodyKind::length, 5), {}, true);
  } else if (request.target == "/empty") {
    stream.send_head(response(200, BodyKind::stream), {}, true);
  } else if (request.target == "/echo") {
    const std::string text = request.body + "|" + request.trailers;
    stream.send_head(response(200, BodyKind::length, text.size()), {}, false);
    stream.send_body(text);
    stream.send_end({});
  } else {
    hello(request);
  }
}

class Server final : public test::Loopback, private ServerConnection::Owner {
 public:
  ~Server() override {
    while (!connections.empty()) connections.back()->kill();
    loop->run_turn(Duration());
  }
  std::unique_ptr<Peer> say(std::string_view bytes) {
    auto client = connect();
    client->say(bytes);
    return client;
  }
  Request& request(size_t index) {
    until([&] { return requests.size() > index; });
    return requests.at(index);
  }

  std::shared_ptr<ServerOptions> options = std::make_shared<ServerOptions>();
  std::function<void(Request&)> at_head, at_piece, at_end;
  std::deque<Request> requests;
  RequestHandler* substitute = nullptr;
  std::vector<ServerConnection*> connections;
  std::vector<std::pair<uint16_t, std::string>> refusals;
  int closed = 0;

 private:
  void on_accept(net::Fd fd, const net::SocketAddress& peer) override {
    connections.push_back(new ServerConnection(*loop, *this, options, scratch_, peer));
    EXPECT_TRUE(connections.back()->start(std::move(fd)).has_value());
  }
  RequestHandler& begin_request(ServerConnection& /*connection*/) override {
    if (substitute != nullptr) return *substitute;
    Request& request = requests.emplace_back();
    request.at_head = at_head;
    request.at_piece = at_piece;
    request.at_end = at_end;
    return request;
  }
  void on_bad_request(ServerConnection& /*connection*/, std::string_view reason, uint16_t status) override {
    refusals.emplace_back(status, reason);
  }
  void on_connection_closed(ServerConnection& connection) override {
    ++closed;
    EXPECT_EQ(std::erase(connections, &connection), 1u) << "told once";
    loop->defer_delete(std::unique_ptr<net::Deferred>(&connection));
  }
  ServerScratch scratch_;
};

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr const char* kLastHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

TEST(ServerFaults, ASlowReaderGetsTheEndOfALastAnswer) {
  Server server;
  const auto client = server.say("GET / HTTP/1.0\r\n\r\n");
  client->stream.pause();
  Request& request = server.request(0);
  constexpr size_t kBytes = 24 * 1024 * 1024;
  request.stream->send_head(response(200, BodyKind::stream), {}, false);
  request.stream->send_body(std::string(kBytes, 'x'));
  request.stream->send_end({});
  server.pass(Duration::ms(2500));
  client->stream.resume();
  server.until([&] { return client->gone(); });
  const bool cut = client->received.size() < kBytes;
  EXPECT_FALSE(cut && client->ended) << client->received.size() << " of " << kBytes << " bytes, and it looks whole";
  EXPECT_FALSE(cut) << "cut off after " << client->received.size();
}

/// C2: the same on a connection that persists: idle_timeout closes it while its answer is being written, and
/// write_timeout no longer watches.
TEST(ServerFaults, IdlenessBeginsWhenTheAnswerIsWritten) {
  Server server;
  server.options->idle_timeout = Duration::ms(30);
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client->stream.pause();
  Request& request = server.request(0);
  constexpr size_t kBytes = 24 * 1024 * 1024;
  request.stream->send_head(response(200, BodyKind::length, kBytes), {}, false);
  request.stream->send_body(std::string(kBytes, 'x'));
  request.stream->send_end({});
  server.pass(Duration::ms(60));
  client->stream.resume();
  server.until([&] { return client->gone(); });
  EXPECT_GT(client->received.size(), kBytes);
}

TEST(ServerFaults, AHalfCloseStillGetsItsAnswer) {
  for (const char* text : {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n"}) {
    Server server;
    server.at_end = answer;
    const auto client = server.say(text);
    client->stream.shutdown_write();
    server.until([&] { return client->gone(); });
    EXPECT_TRUE(client->got("HTTP/1.1 ")) << text;
  }
}

TEST(ServerFaults, AnEarlyAnswerLeavesTheHead) {
  struct Early final : RequestHandler {
    void on_request(ServerStream& stream, RequestHead& head, std::string_view, bool) override {
      ResponseHead no = response(403, BodyKind::none);
      stream.send_head(no, {}, true);
      method = std::string(head.method_text);
    }
    void on_request_body(std::string_view) override {}
    void on_request_end(const Fields&) override {}
    void on_request_aborted(const Error&) override {}
    void on_response_drained() override {}
    std::string method;
  };
  static Early early;
  Server server;
  server.substitute = &early;
  const auto client = server.say("POST / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 5; ++i) server.loop->run_turn(Duration::ms(1));
  client->say("Content-Length: 5\r\n\r\n");
  server.until([&] { return client->ended; });
  EXPECT_EQ(early.method, "POST");
}

TEST(ServerFaults, A204ToHeadHasNoLength) {
  Server server;
  server.at_end = [](Request& request) { request.stream->send_head(response(204, BodyKind::length, 5), {}, true); };
  const auto client = server.say("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.until([&] { return client->got("\r\n\r\n"); });
  EXPECT_FALSE(client->got("Content-Length")) << client->received;
}
}  // namespace
}  // namespace weir::http
