// ServerConnection over a loopback socket: raw bytes in, raw bytes out.
#include "http/http1_server_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/test_server.h"

namespace weir::http {
namespace {

using proto::http::BodyKind;
using test::answer;
using test::hello;
using test::Peer;
using test::Request;
using test::response;
using test::Server;

constexpr const char* kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr const char* kLastHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

TEST(ServerConnection, Framing) {
  const struct {
    const char* message;
    std::string expected;
    bool stays_open;
    std::string request;
  } cases[] = {
      {"1.1 persists", kHello, true, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"unless told otherwise", kLastHello, false, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
      {"1.0 does not persist", kLastHello, false, "GET / HTTP/1.0\r\n\r\n"},
      {"unless asked to", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello", true,
       "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
      {"a stream is chunked, empty pieces left out",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 7\r\n\r\n", true,
       "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"a 1.0 client knows no chunks", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", false,
       "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"},
      {"HEAD has the length of what it leaves out", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true,
       "HEAD /head HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"204 has no framing", "HTTP/1.1 204 No Content\r\n\r\n", true, "GET /204 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"304 need not have a length", "HTTP/1.1 304 Not Modified\r\n\r\n", true, "GET /304 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"304 may have one", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", true,
       "GET /304/length HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"an empty stream has length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true,
       "GET /empty HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"1xx goes ahead", std::string("HTTP/1.1 103 Early Hints\r\n\r\n") + kHello, true,
       "GET /hints HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"but not to a 1.0 client", kLastHello, false, "GET /hints HTTP/1.0\r\n\r\n"},
      {"a body of known length", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc|", true,
       "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"},
      {"a chunked body with trailers", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc|X-A=1", true,
       "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nX-A: 1\r\n\r\n"},
      {"a pipeline is answered in order",
       std::string(kHello) + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc|HTTP/1.1 204 No Content\r\n\r\n", true,
       "GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
       "GET /204 HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"what follows the last request is not looked at", kLastHello, false,
       "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"},
  };
  for (const auto& c : cases) {
    for (const bool in_pieces : {false, true}) {
      SCOPED_TRACE(std::string(c.message) + (in_pieces ? ", byte by byte" : ""));
      Server server;
      server.at_end = answer;
      const auto client = server.connect();
      if (!in_pieces) client->say(c.request);
      for (size_t i = 0; in_pieces && i < c.request.size(); ++i) {
        client->say(c.request.substr(i, 1)).stream.flush_now();
        server.loop->run_turn(Duration());
      }
      server.until([&] { return client->received.size() >= c.expected.size() && (c.stays_open || client->ended); });
      EXPECT_EQ(client->received, c.expected);
      EXPECT_EQ(client->gone(), !c.stays_open);
      EXPECT_TRUE(server.refusals.empty());
    }
  }
}

TEST(ServerConnection, APipelineWaitsForASlowAnswer) {
  Server server;
  const auto client = server.say("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  server.request(0);
  server.loop->run_turn(Duration());
  EXPECT_EQ(server.requests.size(), 1u) << "the second keeps until the first is answered";
  hello(server.request(0));
  hello(server.request(1));
  server.until([&] { return client->received == std::string(kHello) + kHello; });
}

TEST(ServerConnection, AnEarlyAnswerSaysCloseAndLingers) {
  Server server;
  server.at_head = hello;
  const auto client = server.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin");
  server.until([&] { return client->ended; });
  EXPECT_EQ(client->received, kLastHello);
  // Still sending: no reset may destroy the answer.
  client->say(std::string(100'000, 'x'));
  server.until([&] { return server.http1(0).bytes_read() > 100'000; });
  EXPECT_FALSE(client->closed);
  client->stream.close();
  server.until([&] { return server.closed == 1; });
  EXPECT_EQ(server.requests.size(), 1u);
  EXPECT_EQ(server.request(0).aborts, 0);
  EXPECT_EQ(server.request(0).body, "");
}

TEST(ServerConnection, LingeringHasALimit) {
  Server server;
  server.at_head = hello;
  const auto client = server.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n");
  client->say(std::string(9'000'000, 'x'));
  server.until([&] { return server.closed == 1; });
}

TEST(ServerConnection, Refusals) {
  const struct {
    const char* message;
    uint16_t status;
    const char* rule;
    Code aborted;  ///< ok: no handler had heard of it
    std::string request;
  } cases[] = {
      {"not HTTP", 400, "bad_method", Code::ok, "nonsense\r\n\r\n"},
      {"no Host", 400, "missing_host", Code::ok, "GET / HTTP/1.1\r\n\r\n"},
      {"a smuggler's head", 400, "length_with_transfer_encoding", Code::ok,
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {"a broken chunk", 400, "bad_chunk_size", Code::malformed,
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
      {"a declared body over the limit", 413, "body_too_large", Code::ok,
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello"},
      {"a chunked body over the limit", 413, "body_too_large", Code::too_large,
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n"},
      {"a long request line", 414, "request_line_too_long", Code::ok,
       "GET /" + std::string(200, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"an expectation we do not know", 417, "unsupported_expectation", Code::ok,
       "POST / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\nContent-Length: 1\r\n\r\nx"},
      {"a long field", 431, "field_too_long", Code::ok,
       "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(200, 'a') + "\r\n\r\n"},
      {"a transfer coding we do not know", 501, "unsupported_transfer_coding", Code::ok,
       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
      {"another version", 505, "unsupported_version", Code::ok, "GET / HTTP/2.0\r\nHost: x\r\n\r\n"},
      {"a head that does not end", 408, "header_timeout", Code::ok, "GET / HTTP/1.1\r\nHost:"},
      {"a body that does not end", 408, "body_timeout", Code::timeout,
       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Server server;
    server.options->limits.request_line_bytes = server.options->limits.field_bytes = 100;
    server.options->max_body_bytes = 10;
    server.options->header_timeout = server.options->body_timeout = Duration::ms(20);
    const auto client = server.say(c.request);
    server.until([&] { return client->gone(); });
    EXPECT_TRUE(client->ended) << "the answer is not destroyed by a reset";
    EXPECT_TRUE(client->received.starts_with("HTTP/1.1 " + std::to_string(c.status) + " ")) << client->received;
    EXPECT_TRUE(client->got(std::string("\r\nX-Weir-Refusal: rule=") + c.rule + "\r\n")) << client->received;
    EXPECT_TRUE(client->got("\r\nConnection: close\r\n")) << client->received;
    EXPECT_EQ(server.refusals, (std::vector<std::pair<uint16_t, std::string>>{{c.status, c.rule}}));
    ASSERT_EQ(server.requests.size(), c.aborted == Code::ok ? 0u : 1u);
    client->stream.close();
    server.until([&] { return server.closed == 1; });
    if (c.aborted == Code::ok) continue;
    EXPECT_EQ(server.request(0).aborts, 1);
    EXPECT_EQ(server.request(0).code, c.aborted);
  }
}

TEST(ServerConnection, ARefusalComesAfterTheAnswersBeforeIt) {
  Server server;
  server.at_end = answer;
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n");
  server.until([&] { return client->ended; });
  EXPECT_TRUE(client->received.starts_with(std::string(kHello) + "HTTP/1.1 400 ")) << client->received;
}

TEST(ServerConnection, ABrokenBodyBehindAStartedAnswerIsAReset) {
  Server server;
  server.at_head = [](Request& request) {
    request.stream->send_head(response(200, BodyKind::stream), {}, false);
    request.stream->send_body("so far");
  };
  const auto client = server.say("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  server.until([&] { return client->got("so far"); });
  client->say("zz\r\n");
  server.until([&] { return client->gone(); });
  EXPECT_EQ(client->closed, Code::reset);
  EXPECT_EQ(server.refusals, (std::vector<std::pair<uint16_t, std::string>>{{0, "bad_chunk_size"}}));
  EXPECT_EQ(server.request(0).aborts, 1);
}

TEST(ServerConnection, SilenceIsClosedInSilence) {
  Server server;
  server.at_end = answer;
  server.options->header_timeout = server.options->idle_timeout = Duration::ms(20);
  const auto mute = server.connect();
  const auto idle = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.until([&] { return mute->gone() && idle->gone(); });
  EXPECT_EQ(mute->received, "");
  EXPECT_EQ(idle->received, kHello);
  EXPECT_TRUE(mute->ended && idle->ended);
  EXPECT_TRUE(server.refusals.empty());
}

TEST(ServerConnection, AClientThatDoesNotReadIsReset) {
  Server server;
  server.options->write_timeout = Duration::ms(20);
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client->stream.pause();
  Request& request = server.request(0);
  request.stream->send_head(response(200, BodyKind::stream), {}, false);
  const std::string piece(1024 * 1024, 'x');
  while (!request.stream->congested()) {
    request.stream->send_body(piece);
    server.loop->run_turn(Duration());
  }
  server.until([&] { return server.closed == 1; });
  EXPECT_EQ(request.aborts, 1);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(client->stream.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  EXPECT_EQ(error, ECONNRESET);
}

TEST(ServerConnection, AClientThatReadsSlowlyIsNot) {
  Server server;
  // Far more than a busy machine makes a test wait between two sips, and less than all of them together take.
  server.options->write_timeout = Duration::s(2);
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  Request& request = server.request(0);
  const std::string body(24 * 1024 * 1024, 'x');
  request.stream->send_head(response(200, BodyKind::length, body.size()), {}, false);
  request.stream->send_body(body);
  ASSERT_TRUE(request.stream->congested());
  for (int sip = 0; sip < 8; ++sip) {
    const size_t before = client->received.size();
    client->stream.resume();
    server.until([&] { return client->received.size() > before + 256 * 1024; });
    client->stream.pause();
    server.pass(Duration::ms(300));
  }
  ASSERT_EQ(request.aborts, 0) << "all in all it took longer than the timeout, but there was always progress";
  EXPECT_EQ(request.drains, 0);
  client->stream.resume();
  server.until([&] { return request.drains == 1; });
  EXPECT_FALSE(request.stream->congested());
  request.stream->send_end({});
  server.until([&] { return client->received.size() > body.size(); });
  EXPECT_EQ(request.aborts, 0);
}

TEST(ServerConnection, BackPressureHoldsTheBodyBackAndStopsItsClock) {
  Server server;
  server.options->body_timeout = Duration::ms(20);
  server.at_piece = [](Request& request) { request.stream->pause_request(); };
  server.at_end = hello;
  constexpr size_t kBytes = 16 * 1024 * 1024;
  const auto client =
      server.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
  client->say(std::string(kBytes, 'x'));
  Request& request = server.request(0);
  server.until([&] { return !request.body.empty(); });
  const size_t so_far = request.body.size();
  server.pass(Duration::ms(60));
  EXPECT_EQ(request.body.size(), so_far);
  EXPECT_TRUE(server.refusals.empty()) << "it is not the client who is slow";
  request.at_piece = nullptr;
  request.stream->resume_request();
  server.until([&] { return client->got("hello"); });
  EXPECT_EQ(request.body.size(), kBytes);
}

TEST(ServerConnection, EveryEndIsToldOnce) {
  const std::string waiting = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string in_body = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe";
  const auto leave = [](Server&, Peer& client) { client.stream.close(); };
  const auto reset = [](Server&, Peer& client) { client.stream.abort(); };
  const auto kill = [](Server& server, Peer&) { server.connections[0]->kill(); };
  const auto abort = [](Server& server, Peer&) { server.request(0).stream->abort(); };
  const auto finish = [](Server& server, Peer& client) {
    hello(server.request(0));
    server.until([&] { return client.got("hello"); });
    client.stream.close();
  };
  const struct {
    const char* message;
    int aborts;
    Code code;
    std::string request;
    std::function<void(Server&, Peer&)> act;
  } cases[] = {
      {"the client leaves while it waits", 1, Code::cancelled, waiting, leave},
      {"the client leaves within its body", 1, Code::closed_early, in_body, leave},
      {"the client resets while it waits", 1, Code::reset, waiting, reset},
      {"the client resets within its body", 1, Code::reset, in_body, reset},
      {"the owner kills", 1, Code::cancelled, waiting, kill},
      {"the handler aborts", 0, Code::ok, waiting, abort},
      {"the handler aborts within the body", 0, Code::ok, in_body, abort},
      {"the client leaves after the answer", 0, Code::ok, waiting, finish},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Server server;
    const auto client = server.say(c.request);
    Request& request = server.request(0);
    server.until([&] { return request.whole || request.body == "he"; });
    c.act(server, *client);
    server.until([&] { return server.closed == 1; });
    server.loop->run_turn(Duration());
    EXPECT_EQ(request.aborts, c.aborts);
    EXPECT_EQ(request.code, c.code);
    EXPECT_TRUE(server.refusals.empty());
  }
}

TEST(ServerConnection, AbortIsSeenAsAReset) {
  Server server;
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  Request& request = server.request(0);
  request.stream->send_head(response(200, BodyKind::until_close), {}, false);
  request.stream->send_body("half");
  server.until([&] { return client->got("half"); });
  request.stream->abort();
  server.until([&] { return client->gone(); });
  EXPECT_EQ(client->closed, Code::reset);
  EXPECT_FALSE(client->ended);
}

TEST(ServerConnection, DrainingSaysCloseAndLetsWhatIsOnItsWayBeAnswered) {
  Server server;
  server.at_end = answer;
  const auto idle = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto late = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.until([&] { return idle->got("hello") && late->got("hello"); });
  server.at_end = nullptr;
  const auto busy = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  Request& request = server.request(2);
  for (ServerConnection* connection : std::vector(server.connections)) connection->drain();
  EXPECT_EQ(server.connections.size(), 3u);
  hello(request);
  server.until([&] { return busy->ended; });
  EXPECT_EQ(busy->received, kLastHello);
  server.at_end = answer;
  late->say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.until([&] { return late->ended; });
  EXPECT_EQ(late->received, std::string(kHello) + kLastHello);
  server.until([&] { return idle->ended; });
  EXPECT_EQ(idle->received, kHello);
}

TEST(ServerConnection, WhoseAnswerBeganBeforeTheDrainMayAskOnceMore) {
  Server server;
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ResponseHead head;
  head.status = 200;
  head.body = proto::http::BodyKind::length;
  head.content_length = 5;
  server.request(0).stream->send_head(head, {}, false);
  server.connections[0]->drain();
  server.request(0).stream->send_body("hello");
  server.request(0).stream->send_end({});
  server.until([&] { return client->got("hello"); });
  EXPECT_FALSE(client->ended) << "nobody told it that this was the last answer";
  server.at_end = hello;
  client->say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.until([&] { return client->ended; });
  EXPECT_TRUE(client->received.ends_with(kLastHello));
}

}  // namespace
}  // namespace weir::http
