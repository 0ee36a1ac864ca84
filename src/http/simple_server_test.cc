// SimpleServer over real loopback sockets, spoken to in raw bytes.
#include "http/simple_server.h"
#include "net/stream.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::http {
namespace {

struct Client final : net::Deferred, net::Stream::Handler {
  Client(net::Loop& loop, const net::SocketAddress& address) : stream(loop, *this) {
    EXPECT_TRUE(stream.connect(address).has_value());
  }
  void on_connected() override { connected = true; }
  size_t on_data(std::string_view data) override {
    received += data;
    ++deliveries;
    return data.size();
  }
  void on_end() override { ended = true; }
  void on_drained() override {}
  void on_closed(const Error& error) override { closed = error.code; }
  [[nodiscard]] bool got(std::string_view text) const { return received.find(text) != std::string::npos; }

  std::string received;
  int deliveries = 0;
  bool connected = false;
  bool ended = false;
  std::optional<Code> closed;
  net::Stream stream;
};

class SimpleServerTest : public ::testing::Test {
 protected:
  SimpleServerTest() : loop_(std::move(net::Loop::create().value())) {}
  void serve(SimpleServer::Handler handler, SimpleServer::Limits limits = {}) {
    auto server =
        SimpleServer::create(*loop_, net::SocketAddress::parse("127.0.0.1", 0).value(), std::move(handler), limits);
    ASSERT_TRUE(server.has_value());
    server_ = std::move(*server);
    address_ = server_->local_address();
  }
  Client& connect() {
    clients_.push_back(std::make_unique<Client>(*loop_, address_));
    return *clients_.back();
  }
  Client& send(std::string_view bytes) {
    Client& client = connect();
    client.stream.write(bytes);
    return client;
  }
  /// Turns the loop until `done`, or fails after a generous number of turns.
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) loop_->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }

  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<SimpleServer> server_;
  net::SocketAddress address_;
  std::vector<std::unique_ptr<Client>> clients_;
};

/// "METHOD target body", so that a response shows what the handler was given.
SimpleResponse echo(const SimpleRequest& request) {
  SimpleResponse response;
  response.content_type = "text/plain";
  for (const std::string_view part : {request.head.method_text, request.head.target, request.body}) {
    (response.body += part) += '|';
  }
  return response;
}

TEST_F(SimpleServerTest, Answers) {
  serve(
      [](const SimpleRequest& request) {
        SimpleResponse response = echo(request);
        if (request.head.path() == "/empty") response.body.clear();
        if (request.head.path() == "/no-content") response.status = 204;
        if (request.head.path() == "/not-modified") response.status = 304;
        if (request.head.path() == "/peer") response.body = request.peer.host();
        response.fields.emplace_back("X-Own", "1");
        return response;
      },
      {.body_bytes = 20, .connections = 100});
  const struct {
    const char* message;
    std::vector<std::string> expected;
    std::vector<std::string> absent;
    const char* request;
  } cases[] = {
      {"a request without body",
       {"HTTP/1.1 200 OK\r\n", "Content-Type: text/plain\r\n", "X-Own: 1\r\n", "Date: ", "Content-Length: 12\r\n",
        "\r\n\r\nGET|/a?b=c||"},
       {},
       "GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"a body of known length",
       {"\r\n\r\nPOST|/a|hello|"},
       {"100 Continue"},
       "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"},
      {"a chunked body",
       {"\r\n\r\nPOST|/a|hello|"},
       {},
       "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: "
       "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
      {"a client that asks first",
       {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "POST|/a|hello|"},
       {},
       "POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"},
      {"a body over the limit",
       {"HTTP/1.1 413 "},
       {"POST|"},
       "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 21\r\n\r\nhello"},
      {"HEAD has the length but not the body",
       {"Content-Length: 9\r\n"},
       {"HEAD|"},
       "HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"an empty body", {"Content-Length: 0\r\n"}, {}, "GET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"204 has neither length nor body",
       {"HTTP/1.1 204 "},
       {"Content-Length", "GET|"},
       "GET /no-content HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"304 has no body",
       {"HTTP/1.1 304 "},
       {"GET|"},
       "GET /not-modified HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"who asks", {"\r\n\r\n127.0.0.1"}, {}, "GET /peer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"nonsense never reaches the handler", {"HTTP/1.1 400 "}, {"|"}, "nonsense\r\n\r\n"},
  };
  for (const auto& c : cases) {
    const Client& client = send(c.request);
    until([&] { return client.ended || client.closed; });
    for (const auto& text : c.expected) EXPECT_TRUE(client.got(text)) << c.message << ": " << client.received;
    for (const auto& text : c.absent) EXPECT_FALSE(client.got(text)) << c.message << ": " << client.received;
  }
}

TEST_F(SimpleServerTest, DateIsImfFixdate) {
  serve(echo);
  const Client& client = send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return client.got("|"); });
  const size_t at = client.received.find("Date: ");
  ASSERT_NE(at, std::string::npos);
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  const std::string date = client.received.substr(at + 6, 29);
  EXPECT_EQ(date.substr(25), " GMT") << date;
  EXPECT_EQ(date.substr(3, 2), ", ") << date;
  EXPECT_EQ(client.received.substr(at + 35, 2), "\r\n");
}

TEST_F(SimpleServerTest, APipelineIsAnsweredInOrder) {
  serve([](const SimpleRequest& request) {
    SimpleResponse response = echo(request);
    if (request.head.target == "/slow") response.delay = Duration::ms(20);
    return response;
  });
  const Client& client = send(
      "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
      "GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return client.got("GET|/3||"); });
  const size_t first = client.received.find("GET|/slow||");
  const size_t second = client.received.find("POST|/2|abc|");
  ASSERT_NE(second, std::string::npos);
  EXPECT_LT(first, second);
  EXPECT_LT(second, client.received.find("GET|/3||"));
  EXPECT_FALSE(client.ended);
}

TEST_F(SimpleServerTest, ADelayHoldsUpNobodyElse) {
  serve([](const SimpleRequest& request) {
    SimpleResponse response = echo(request);
    if (request.head.target == "/slow") response.delay = Duration::ms(300);
    return response;
  });
  const Client& slow = send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return slow.connected; });
  const Client& quick = send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return quick.got("/quick"); });
  EXPECT_EQ(slow.received, "");
  until([&] { return slow.got("/slow"); });
}

TEST_F(SimpleServerTest, AClientMayLeaveDuringADelay) {
  int asked = 0;
  serve([&](const SimpleRequest& request) {
    ++asked;
    SimpleResponse response = echo(request);
    response.delay = Duration::ms(20);
    return response;
  });
  Client& leaver = send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return asked == 1; });
  leaver.stream.close();
  until([&] { return server_->connections() == 0; });
  const Client& next = send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return next.got("GET|/2||"); });
}

TEST_F(SimpleServerTest, NeverMeansNeverAndResetMeansReset) {
  int asked = 0;
  serve([&](const SimpleRequest& request) {
    ++asked;
    return SimpleResponse{.never = request.head.target == "/never", .reset = request.head.target == "/reset"};
  });
  const Client& never = send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return asked == 1; });
  const Client& reset = send("GET /reset HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return reset.closed.has_value(); });
  EXPECT_EQ(reset.closed, Code::reset);
  EXPECT_EQ(reset.received, "");
  EXPECT_EQ(never.received, "");
  EXPECT_FALSE(never.ended || never.closed);
  server_->kill();
  until([&] { return never.ended || never.closed; });
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(SimpleServerTest, ASlowBodyArrivesInPiecesAndWhole) {
  serve([](const SimpleRequest&) {
    return SimpleResponse{.body = std::string(100, 'x') + "END", .body_bytes_per_second = 500};
  });
  const Client& client = send("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return client.got("END"); });
  EXPECT_GE(client.deliveries, 3);
  EXPECT_TRUE(client.got("\r\n\r\n" + std::string(100, 'x') + "END"));
  until([&] { return client.received.rfind("END") > client.received.find("END"); });
}

TEST_F(SimpleServerTest, ConnectionsBeyondTheLimitWait) {
  serve(echo, {.body_bytes = 100, .connections = 1});
  Client& first = send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return first.got("|"); });
  const Client& second = send("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return second.connected; });
  first.stream.write("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return first.got("/3"); });
  EXPECT_EQ(second.received, "");
  EXPECT_EQ(server_->connections(), 1u);
  first.stream.close();
  until([&] { return second.got("GET|/2||"); });
}

TEST_F(SimpleServerTest, DrainingFinishesWhatIsInProgress) {
  bool asked = false;
  serve([&](const SimpleRequest& request) {
    SimpleResponse response = echo(request);
    asked = request.head.target == "/slow";
    if (asked) response.delay = Duration::ms(30);
    return response;
  });
  const Client& idle = send("GET /idle HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return idle.got("|"); });
  const Client& slow = send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return asked; });
  int done = 0;
  server_->drain([&] { ++done; });
  EXPECT_EQ(done, 0);
  until([&] { return idle.ended; });
  const Client& late = connect();
  until([&] { return late.closed.has_value(); });
  EXPECT_EQ(late.closed, Code::connect_refused);
  until([&] { return done == 1; });
  until([&] { return slow.ended; });
  EXPECT_TRUE(slow.got("Connection: close\r\n")) << slow.received;
  EXPECT_TRUE(slow.got("GET|/slow||")) << slow.received;
}

TEST_F(SimpleServerTest, DrainingAnIdleServerIsDoneAtOnce) {
  serve(echo);
  bool done = false;
  server_->drain([&] { done = true; });
  EXPECT_TRUE(done);
}

TEST_F(SimpleServerTest, AnAddressIsNotShared) {
  serve(echo);
  const auto second = SimpleServer::create(*loop_, address_, echo, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::address_in_use);
}

/// Says what it is told to, and remembers what it hears.
struct Live final : LiveBody {
  void on_open(LiveStream& opened) override {
    stream = &opened;
    opened.send("begun\n");
  }
  void on_drained() override { drained = true; }
  void on_gone() override {
    stream = nullptr;
    gone = true;
  }
  LiveStream* stream = nullptr;
  bool drained = false;
  bool gone = false;
};

TEST_F(SimpleServerTest, ALiveBodyGoesOnUntilTheClientLeaves) {
  auto live = std::make_shared<Live>();
  serve([&](const SimpleRequest&) {
    SimpleResponse response;
    response.live = live;
    return response;
  });
  Client& client = send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return client.got("begun\n"); });
  EXPECT_TRUE(client.got("Transfer-Encoding: chunked\r\n"));
  live->stream->send("more\n");
  until([&] { return client.got("more\n"); });
  client.stream.close();
  until([&] { return live->gone; });
  EXPECT_EQ(live.use_count(), 1) << "the server keeps nothing";
}

TEST_F(SimpleServerTest, ALiveBodyFeelsThatItsClientIsSlow) {
  auto live = std::make_shared<Live>();
  serve([&](const SimpleRequest&) {
    SimpleResponse response;
    response.live = live;
    return response;
  });
  Client& client = send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  until([&] { return live->stream != nullptr; });
  client.stream.pause();
  const std::string piece(64 * 1024, 'x');
  until([&] {
    live->stream->send(piece);
    return live->stream->congested();
  });
  EXPECT_FALSE(live->drained);
  client.stream.resume();
  until([&] { return live->drained; });
  live->stream->drop();
  until([&] { return client.closed.has_value(); });
  EXPECT_EQ(*client.closed, Code::reset) << "nobody takes what was cut off for whole";
  EXPECT_FALSE(live->gone);
  EXPECT_EQ(live.use_count(), 1);
}

TEST_F(SimpleServerTest, HeadHasNoLiveBody) {
  auto live = std::make_shared<Live>();
  serve([&](const SimpleRequest&) {
    SimpleResponse response;
    response.live = live;
    return response;
  });
  Client& client = send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  until([&] { return client.ended; });
  EXPECT_TRUE(client.got("HTTP/1.1 200 "));
  EXPECT_EQ(live->stream, nullptr);
  EXPECT_EQ(live.use_count(), 1);
}

}  // namespace
}  // namespace weir::http
