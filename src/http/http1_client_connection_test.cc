// Http1ClientConnection against a scripted endpoint on a loopback socket.
#include "http/http1_client_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "http/test_client.h"

namespace weir::http {
namespace {

using proto::http::BodyKind;
using proto::http::Method;
using test::Answer;
using test::Client;
using test::get;
using test::Peer;

RequestHead post(BodyKind kind, uint64_t length = 0) {
  RequestHead head = get("/");
  head.method = Method::post;
  head.method_text = "POST";
  head.body = kind;
  head.content_length = length;
  return head;
}

TEST(ClientConnection, RequestFraming) {
  const Field own_host{"Host", "own.test", proto::http::FieldId::host, false};
  const Field hop_host{"Host", "own.test", proto::http::FieldId::host, true};
  const Field plain{"X-A", "1"};
  const struct {
    const char* message;
    const char* expected;
    std::function<void(ClientStream&)> act;
  } cases[] = {
      {"Host from the authority, and first", "GET /a?b HTTP/1.1\r\nHost: example.test\r\nX-A: 1\r\n\r\n",
       [&](ClientStream& stream) {
         RequestHead head = get("/a?b");
         head.fields = {plain};
         stream.send_head(head, {}, true);
       }},
      {"a Host of its own stays", "GET / HTTP/1.1\r\nHost: own.test\r\n\r\n",
       [&](ClientStream& stream) {
         RequestHead head = get("/");
         head.fields = {own_host};
         stream.send_head(head, {}, true);
       }},
      {"a Host that is not to be passed on is replaced", "GET / HTTP/1.1\r\nHost: example.test\r\nX-A: 1\r\n\r\n",
       [&](ClientStream& stream) {
         RequestHead head = get("/");
         head.fields = {hop_host};
         stream.send_head(head, std::vector{plain}, true);
       }},
      {"a known length", "POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 5\r\n\r\nhello",
       [](ClientStream& stream) {
         stream.send_head(post(BodyKind::length, 5), {}, false);
         stream.send_body("he");
         stream.send_body("llo");
         stream.send_end({});
       }},
      {"length 0 is said", "POST / HTTP/1.1\r\nHost: example.test\r\nContent-Length: 0\r\n\r\n",
       [](ClientStream& stream) { stream.send_head(post(BodyKind::length, 0), {}, true); }},
      {"a stream is chunked, with trailers",
       "POST / HTTP/1.1\r\nHost: example.test\r\nTransfer-Encoding: chunked\r\n\r\n"
       "2\r\nhe\r\n3\r\nllo\r\n0\r\nX-A: 1\r\n\r\n",
       [&](ClientStream& stream) {
         stream.send_head(post(BodyKind::stream), {}, false);
         stream.send_body("he");
         stream.send_body("");
         stream.send_body("llo");
         stream.send_end({plain});
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answer;
    Client client;
    c.act(client.connection->open(answer));
    EXPECT_TRUE(client.connection->reusable());
    Peer& peer = client.endpoint();
    client.server.until([&] { return peer.received.size() >= std::string_view(c.expected).size(); });
    EXPECT_EQ(peer.received, c.expected);
  }
}

TEST(ClientConnection, NothingIsQueuedBehindAnOpenBody) {
  Answer answer;
  Client client;
  ClientStream& stream = client.connection->open(answer);
  EXPECT_FALSE(client.connection->reusable());
  stream.send_head(post(BodyKind::stream), {}, false);
  EXPECT_FALSE(client.connection->reusable());
  stream.send_end({});
  EXPECT_TRUE(client.connection->reusable());
}

TEST(ClientConnection, Responses) {
  const struct {
    const char* message;
    uint16_t status;
    const char* body;
    const char* told;
    Method method;
    const char* bytes;
    bool ends;  ///< the endpoint closes behind it
    const char* trailers = "";
    size_t informational = 0;
  } cases[] = {
      {"a known length", 200, "hello", "ci", Method::get, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
      {"length 0", 200, "", "ci", Method::get, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false},
      {"chunks and trailers", 200, "hello", "ci", Method::get,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-A: 1\r\n\r\n", false,
       "X-A=1"},
      {"until close", 200, "hello", "cx", Method::get, "HTTP/1.1 200 OK\r\n\r\nhello", true},
      {"an empty body until close", 200, "", "cx", Method::get, "HTTP/1.1 200 OK\r\n\r\n", true},
      {"204", 204, "", "ci", Method::get, "HTTP/1.1 204 No Content\r\n\r\n", false},
      {"304 with the length of what it leaves out", 304, "", "ci", Method::get,
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false},
      {"HEAD", 200, "", "ci", Method::head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false},
      {"Connection: close", 200, "hello", "cx", Method::get,
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", false},
      {"1.0 does not persist", 200, "hello", "cx", Method::get, "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
       false},
      {"unless it says so", 200, "hello", "ci", Method::get,
       "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", false},
      {"1xx before it", 200, "hello", "ci", Method::get,
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
       false, "", 2},
  };
  for (const auto& c : cases) {
    for (const bool in_pieces : {false, true}) {
      SCOPED_TRACE(std::string(c.message) + (in_pieces ? ", byte by byte" : ""));
      Answer answer;
      Client client;
      RequestHead head = get("/it");
      head.method = c.method;
      head.method_text = c.method == Method::head ? "HEAD" : "GET";
      client.connection->open(answer).send_head(head, {}, true);
      EXPECT_EQ(client.connection->in_flight(), 1u);
      const std::string_view bytes = c.bytes;
      client.reply("/it", in_pieces ? "" : bytes);
      for (size_t i = 0; in_pieces && i < bytes.size(); ++i) {
        client.endpoint().say(bytes.substr(i, 1)).stream.flush_now();
        client.server.loop->run_turn(Duration());
      }
      if (c.ends) client.endpoint().stream.shutdown_write();
      client.server.until([&] { return answer.over() && client.told.size() == 2; });
      EXPECT_EQ(answer.status, c.status);
      EXPECT_EQ(answer.body, c.body);
      EXPECT_EQ(answer.trailers, c.trailers);
      EXPECT_EQ(answer.informational.size(), c.informational);
      EXPECT_EQ(answer.ends, 1);
      EXPECT_EQ(answer.failures, 0);
      EXPECT_EQ(client.told, c.told);
      if (client.gone) continue;
      EXPECT_EQ(client.connection->in_flight(), 0u);
      EXPECT_EQ(client.connection->served(), 1u);
    }
  }
}

TEST(ClientConnection, WhatAnEndpointGetsWrong) {
  std::string hints;
  for (int i = 0; i < 17; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
  const struct {
    const char* message;
    Code code;
    uint16_t status;
    std::string bytes;
    bool ends;
  } cases[] = {
      {"not HTTP", Code::malformed, 0, "nonsense\r\n\r\n", false},
      {"a smuggler's head", Code::malformed, 0,
       "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", false},
      {"a switch of protocols that nobody asked for", Code::malformed, 0,
       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", false},
      {"1xx without end", Code::malformed, 0, hints, false},
      {"a broken chunk", Code::malformed, 200, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false},
      {"no answer at all", Code::closed_early, 0, "", true},
      {"half a head", Code::closed_early, 0, "HTTP/1.1 200", true},
      {"half a body", Code::closed_early, 200, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", true},
      {"chunks without the last", Code::closed_early, 200,
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n", true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answer;
    Client client;
    client.ask(answer, "/it");
    client.reply("/it", c.bytes);
    if (c.ends) client.endpoint().stream.shutdown_write();
    client.server.until([&] { return answer.over(); });
    EXPECT_EQ(answer.failures, 1);
    EXPECT_EQ(answer.ends, 0);
    EXPECT_EQ(answer.failure.code, c.code);
    EXPECT_EQ(answer.failure.origin, Origin::upstream);
    EXPECT_EQ(answer.failure.retry, Retry::no) << "a connection that never served did not die of old age";
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(client.told, "cx");
    EXPECT_EQ(client.closed_with, c.code);
  }
}

TEST(ClientConnection, WhatItKnowsAboutRetries) {
  const std::string served = "HTTP/1.1 204 No Content\r\n\r\n";
  const struct {
    const char* message;
    Retry retry;
    const char* bytes;
    bool reset;
  } cases[] = {
      {"closed before the first byte", Retry::if_reused, "", false},
      {"reset before the first byte", Retry::if_reused, "", true},
      {"closed within the head", Retry::no, "HTTP/1.1 2", false},
      {"broken", Retry::no, "nonsense\r\n", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer first, second;
    Client client;
    client.ask(first, "/first");
    client.reply("/first", served);
    client.server.until([&] { return first.over(); });
    client.ask(second, "/second");
    client.reply("/second", c.bytes);
    if (c.reset) {
      client.endpoint().stream.abort();
    } else {
      client.endpoint().stream.shutdown_write();
    }
    client.server.until([&] { return second.over(); });
    EXPECT_EQ(second.failures, 1);
    EXPECT_EQ(second.failure.retry, c.retry);
    EXPECT_EQ(client.told, "cix");
  }
}

TEST(ClientConnection, AConnectThatFailsMayBeRetried) {
  Answer answer;
  Client client(false);
  const net::SocketAddress nobody = client.server.address();
  client.server.acceptor->close();
  if (const auto begun = client.connection->connect(nobody); !begun) {
    EXPECT_EQ(begun.error().code, Code::connect_refused);
    EXPECT_EQ(begun.error().retry, Retry::yes);
    delete client.connection;
    client.gone = true;
    return;
  }
  client.ask(answer, "/");
  client.server.until([&] { return answer.over(); });
  EXPECT_EQ(answer.failure.code, Code::connect_refused);
  EXPECT_EQ(answer.failure.retry, Retry::yes);
  EXPECT_EQ(client.told, "x");
}

TEST(ClientConnection, BytesNobodyAskedForCloseIt) {
  Answer answer;
  Client client;
  client.ask(answer, "/it");
  client.reply("/it", "HTTP/1.1 204 No Content\r\n\r\n");
  client.server.until([&] { return answer.over(); });
  client.endpoint().say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  client.server.until([&] { return client.gone; });
  EXPECT_EQ(client.told, "cix");
  EXPECT_EQ(answer.ends, 1);
  EXPECT_EQ(answer.failures, 0);
}

TEST(ClientConnection, AnAnswerInTheMiddleOfTheRequestIsTheLast) {
  Answer answer;
  Client client;
  ClientStream& stream = client.connection->open(answer);
  stream.send_head(post(BodyKind::length, 100), {}, false);
  client.reply("100", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  client.server.until([&] { return answer.over(); });
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.ends, 1);
  EXPECT_EQ(client.told, "cx");
}

TEST(ClientConnection, CancellingFromInsideACallback) {
  const struct {
    const char* message;
    const char* bytes;
  } cases[] = {{"at the head", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
               {"within the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answer;
    Client client;
    ClientStream& stream = client.ask(answer, "/it");
    bool cancelled = false;
    answer.then = [&] {
      if (!std::exchange(cancelled, true)) stream.cancel();
    };
    client.reply("/it", c.bytes);
    client.server.until([&] { return client.gone; });
    EXPECT_EQ(answer.failures + answer.ends, 0);
    EXPECT_EQ(answer.body, "");
  }
}

TEST(ClientConnection, BackPressureHoldsTheResponseBack) {
  Answer answer;
  Client client;
  ClientStream& stream = client.ask(answer, "/it");
  answer.then = [&] {
    if (!answer.body.empty()) stream.pause_response();
  };
  constexpr size_t kBytes = 16 * 1024 * 1024;
  client.reply("/it", "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBytes) + "\r\n\r\n");
  client.endpoint().say(std::string(kBytes, 'x'));
  client.server.until([&] { return !answer.body.empty(); });
  const size_t so_far = answer.body.size();
  client.server.pass(Duration::ms(10));
  EXPECT_EQ(answer.body.size(), so_far);
  answer.then = nullptr;
  stream.resume_response();
  client.server.until([&] { return answer.over(); });
  EXPECT_EQ(answer.body.size(), kBytes);
}

TEST(ClientConnection, AnEndpointThatDoesNotReadIsFelt) {
  Answer answer;
  Client client;
  ClientStream& stream = client.connection->open(answer);
  stream.send_head(post(BodyKind::stream), {}, false);
  Peer& peer = client.endpoint();
  peer.stream.pause();
  const std::string piece(1024 * 1024, 'x');
  while (!stream.congested()) {
    stream.send_body(piece);
    client.server.loop->run_turn(Duration());
  }
  EXPECT_EQ(answer.drains, 0);
  peer.stream.resume();
  client.server.until([&] { return answer.drains == 1; });
  EXPECT_FALSE(stream.congested());
}

TEST(ClientConnection, CloseFailsWhatIsInFlight) {
  Answer answer;
  Client client;
  client.ask(answer, "/it");
  client.reply("/it", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe");
  client.server.until([&] { return answer.body == "he"; });
  client.connection->close();
  EXPECT_EQ(client.told, "cx");
  EXPECT_EQ(answer.failures, 1);
  EXPECT_EQ(answer.failure.code, Code::cancelled);
  EXPECT_EQ(answer.failure.retry, Retry::no);
}

TEST(ClientConnection, AnIdleConnectionThatEndsTellsItsOwner) {
  Client client;
  client.endpoint().stream.close();
  client.server.until([&] { return client.gone; });
  EXPECT_EQ(client.told, "cx");
  EXPECT_EQ(client.closed_with, Code::closed_early);
}

TEST(ClientConnection, AnIdleConnectionChangesHands) {
  Answer first, second;
  Client giver;
  giver.ask(first, "/first");
  giver.reply("/first", "HTTP/1.1 204 No Content\r\n\r\n");
  giver.server.until([&] { return first.over(); });
  net::Fd fd = giver.connection->release_socket();
  EXPECT_FALSE(giver.connection->reusable());
  EXPECT_EQ(giver.told, "ci") << "its owner is not told";
  delete giver.connection;
  giver.gone = true;

  Client taker(false);
  ASSERT_TRUE(taker.connection->adopt(std::move(fd), 1).has_value());
  EXPECT_EQ(taker.connection->served(), 1u);
  taker.ask(second, "/second");
  taker.server.loop->run_turn(Duration());
  giver.reply("/second", "HTTP/1.1 204 No Content\r\n\r\n");
  giver.server.loop->run_turn(Duration());
  taker.server.until([&] { return second.over(); });
  EXPECT_EQ(second.status, 204);
  EXPECT_EQ(taker.connection->served(), 2u);
  EXPECT_EQ(taker.told, "i");
}

}  // namespace
}  // namespace weir::http
