// Endpoints of HTTP/2 that are broken or hostile: no byte of theirs reaches another's client, nothing they send makes
// us hold more than we allow, and who is broken in one stream only loses that.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "http/test_http2_client.h"

namespace weir::http {
namespace {

using proto::http::Method;
using test::Answer;
using test::big_endian;
using test::frame;
using test::get;
using test::hpack;
using test::Http2Client;
using test::Http2Endpoint;
using test::kEnd;
using test::kEndHeaders;
using test::List;

// ---- malformed responses

TEST(Http2ClientFaults, AMalformedResponseEndsItsStreamOnly) {
  using Act = std::function<void(Http2Endpoint&)>;
  const auto head = [](const List& more) -> Act {
    return [more](Http2Endpoint& peer) {
      List list = {{":status", "200"}};
      list.insert(list.end(), more.begin(), more.end());
      peer.head(1, list, true);
    };
  };
  const struct {
    const char* message;
    Act act;
    Method method = Method::get;
  } cases[] = {
      {"no status",
       [](auto& peer) {
         peer.head(1, {{"server", "x"}}, true);
       }},
      {"switching protocols",
       [](auto& peer) {
         peer.head(1, {{":status", "101"}}, false);
       }},
      {"a status that is no number",
       [](auto& peer) {
         peer.head(1, {{":status", "abc"}}, true);
       }},
      {"1xx as the end",
       [](auto& peer) {
         peer.head(1, {{":status", "103"}}, true);
       }},
      {"Connection", head({{"connection", "close"}})},
      {"Transfer-Encoding", head({{"transfer-encoding", "chunked"}})},
      {"Upgrade", head({{"upgrade", "h2c"}})},
      {"upper case", head({{"X", "a"}})},
      {"a second response in a value", head({{"x", "a\r\n\r\nHTTP/1.1 200 OK"}})},
      {"a bare LF", head({{"x", "a\nb"}})},
      {"a NUL", head({{"x", std::string("a\0b", 3)}})},
      {"a line end in a name", head({{"a\r\nb", "c"}})},
      {"a pseudo-field of requests", head({{":path", "/"}})},
      {"two lengths", head({{"content-length", "0"}, {"content-length", "1"}})},
      {"shorter than declared",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}, {"content-length", "5"}}, false).data(1, "abc", true);
       }},
      {"longer than declared",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}, {"content-length", "2"}}, false).data(1, "abc");
       }},
      {"content of what has none",
       [](auto& peer) {
         peer.head(1, {{":status", "204"}}, false).data(1, "abc");
       }},
      {"content of a 304",
       [](auto& peer) {
         peer.head(1, {{":status", "304"}, {"content-length", "3"}}, false).data(1, "abc");
       }},
      {"content before the response",
       [](auto& peer) {
         peer.head(1, {{":status", "103"}}, false).data(1, "abc");
       }},
      {"an end before the response",
       [](auto& peer) {
         peer.head(1, {{":status", "103"}}, false).data(1, "", true);
       }},
      {"white space before a value", head({{"x", " a"}})},
      {"white space behind a value", head({{"x", "a\t"}})},
      {"TE", head({{"te", "trailers"}})},
      {"a pseudo-field behind others", head({{"x", "a"}, {":status", "200"}})},
      {"a name of nothing", head({{"", "a"}})},
      {"a body to HEAD",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).data(1, "abc", true);
       },
       Method::head},
      {"trailers that are no end",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).head(1, {{"x", "1"}}, false);
       }},
      {"white space around a trailer",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).head(1, {{"x", "1 "}}, true);
       }},
      {"shorter than declared, with trailers",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}, {"content-length", "5"}, {"trailer", "x"}}, false)
             .data(1, "abc")
             .head(1, {{"x", "1"}}, true);
       }},
      {"a status among the trailers",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).head(1, {{":status", "200"}}, true);
       }},
      {"a line end in a trailer",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).head(1, {{"x", "1\r\n2"}}, true);
       }},
      {"1xx without end",
       [](auto& peer) {
         for (int i = 0; i < 17; ++i) peer.head(1, {{":status", "103"}}, false);
       }},
      {"too large a head", head({{"x", std::string(5000, 'x')}, {"y", std::string(5000, 'x')}})},
      {"too large trailers",
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).head(1, {{"x", std::string(9000, 'x')}}, true);
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer broken, other;
    Http2Client client({}, {.head_bytes = 8000});
    RequestHead request = get("/");
    request.method = c.method;
    request.method_text = c.method == Method::head ? "HEAD" : "GET";
    client.connection->open(broken).send_head(request, {}, true);
    client.ask(other);
    client.asked(3);
    c.act(client.endpoint());
    client.until([&] { return broken.over(); });
    EXPECT_EQ(broken.failures, 1);
    EXPECT_EQ(broken.failure.code, Code::malformed);
    EXPECT_EQ(broken.failure.retry, Retry::no);
    client.endpoint().answer(3, "200", "whole");
    client.until([&] { return other.over(); });
    EXPECT_EQ(other.body, "whole");
    EXPECT_EQ(client.connection->in_flight(), 0u);
    EXPECT_TRUE(client.endpoint().stream(1).reset.has_value());
    EXPECT_FALSE(client.gone);
  }
}

// ---- what ends the connection

TEST(Http2ClientFaults, WhatIsNotHttp2EndsTheConnection) {
  const std::string kOk = hpack({{":status", "200"}});
  const struct {
    const char* message;
    std::string bytes;
  } cases[] = {
      {"HTTP/1", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
      {"a push, which was declined", frame(NGHTTP2_PUSH_PROMISE, kEndHeaders, 1, big_endian(2, 4) + kOk)},
      {"a stream of the endpoint's own", frame(NGHTTP2_HEADERS, kEndHeaders | kEnd, 2, kOk)},
      {"a stream that nobody opened", frame(NGHTTP2_HEADERS, kEndHeaders | kEnd, 99, kOk)},
      {"fields that are no HPACK", frame(NGHTTP2_HEADERS, kEndHeaders | kEnd, 1, "\xff\xff\xff\xff\xff")},
      {"a frame that is too long", frame(NGHTTP2_DATA, 0, 1, std::string(20'000, 'x'))},
      {"SETTINGS of a stream", frame(NGHTTP2_SETTINGS, 0, 1, "")},
      {"a window of nothing more", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(0, 4))},
      {"DATA before a head", frame(NGHTTP2_DATA, kEnd, 1, "x")},
      {"a head without end", frame(NGHTTP2_HEADERS, 0, 1, kOk) + frame(NGHTTP2_DATA, 0, 1, "x")},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answers[2];
    Http2Client client;
    for (Answer& answer : answers) client.ask(answer);
    client.asked(3);
    client.settle();  // what we told it, that we want no push, it has acknowledged
    client.endpoint().say(c.bytes);
    client.until([&] { return client.gone; });
    for (const Answer& answer : answers) {
      EXPECT_EQ(answer.failures, 1);
      EXPECT_EQ(answer.failure.code, Code::malformed);
      EXPECT_EQ(answer.failure.retry, Retry::no);
    }
    client.until([&] { return client.endpoint().gone(); });
    ASSERT_TRUE(client.endpoint().goaway_code().has_value());
    EXPECT_NE(client.endpoint().goaway_code(), NGHTTP2_NO_ERROR);
  }
}

TEST(Http2ClientFaults, MoreThanTheWindowEndsIt) {
  Answer answer;
  Http2Client client({.stream_window_bytes = 20'000});
  ClientStream& stream = client.ask(answer);
  client.asked(1);
  answer.then = [&] {
    if (!answer.over()) stream.pause_response();
  };
  client.settle();
  client.endpoint().head(1, {{":status", "200"}}, false);
  for (int i = 0; i < 3; ++i) client.endpoint().data(1, std::string(10'000, 'x'));
  client.until([&] { return answer.over(); });
  EXPECT_EQ(answer.failures, 1);
  EXPECT_EQ(answer.body, "");
}

TEST(Http2ClientFaults, FloodsEndTheConnection) {
  const std::string kDataOf1 = frame(NGHTTP2_DATA, 0, 1, "");
  const std::string kPadded = frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\3\0\0\0", 4));
  const struct {
    const char* message;
    std::string one;
  } cases[] = {
      {"PING", frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678")},
      {"SETTINGS", frame(NGHTTP2_SETTINGS, 0, 0, "")},
      {"PRIORITY", frame(NGHTTP2_PRIORITY, 0, 1, std::string(5, '\0'))},
      {"WINDOW_UPDATE", frame(NGHTTP2_WINDOW_UPDATE, 0, 0, big_endian(1, 4))},
      {"GOAWAY", frame(NGHTTP2_GOAWAY, 0, 0, std::string("\x7f\xff\xff\xff\0\0\0\0", 8))},
      {"empty DATA", kDataOf1},
      {"DATA of nothing but padding", kPadded},
      {"RST_STREAM of what is over", frame(NGHTTP2_RST_STREAM, 0, 3, big_endian(8, 4))},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answer, cancelled;
    Http2Client client({.allowance = {.resets = 20, .control_frames = 20}});
    client.ask(answer);
    ClientStream& stream = client.ask(cancelled);
    client.asked(3);
    stream.cancel();
    client.settle();
    client.endpoint().head(1, {{":status", "200"}}, false);
    std::string flood;
    for (int i = 0; i < 30; ++i) flood += c.one;
    client.endpoint().say(flood);
    client.until([&] { return client.gone; });
    EXPECT_EQ(answer.failure.code, Code::malformed);
    client.until([&] { return client.endpoint().gone(); });
    EXPECT_EQ(client.endpoint().goaway_code(), NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

TEST(Http2ClientFaults, AnEndpointMayResetEachStreamThatWeOpen) {
  Answer answers[60];
  Http2Client client({.allowance = {.resets = 20, .control_frames = 20}});
  for (Answer& answer : answers) client.ask(answer);
  client.asked(119);
  for (uint32_t id = 1; id < 120; id += 2) client.endpoint().rst(id, NGHTTP2_REFUSED_STREAM);
  client.until([&] { return answers[59].over(); });
  client.settle();
  EXPECT_FALSE(client.gone);
}

TEST(Http2ClientFaults, AnAckFloodEndsTheConnection) {
  Answer answer;
  Http2Client client({.allowance = {.control_frames = 1'000'000}});
  client.ask(answer);
  client.asked(1);
  client.endpoint().peer().stream.pause();  // it asks, and does not read
  std::string pings;
  for (int i = 0; i < 4000; ++i) pings += frame(NGHTTP2_PING, 0, 0, "12345678");
  for (int i = 0; i < 400 && !client.gone; ++i) {
    client.endpoint().say(pings);
    client.server.loop->run_turn(Duration());
  }
  client.until([&] { return client.gone; });
  EXPECT_EQ(answer.failure.code, Code::malformed);
}

TEST(Http2ClientFaults, HeadersWithoutEndEndTheConnection) {
  Answer answer;
  Http2Client client;
  client.ask(answer);
  client.asked(1);
  client.endpoint().say(frame(NGHTTP2_HEADERS, 0, 1, hpack({{":status", "200"}})));
  for (int i = 0; i < 20; ++i) client.endpoint().say(frame(NGHTTP2_CONTINUATION, 0, 1, hpack({{"a", "b"}})));
  client.until([&] { return client.gone; });
  EXPECT_EQ(answer.failure.code, Code::malformed);
}

/// One field goes into HPACK's table, then each byte stands for all of it.
TEST(Http2ClientFaults, AHeaderBombEndsTheConnection) {
  Answer answer;
  Http2Client client({}, {.head_bytes = 8000});
  client.ask(answer);
  client.asked(1);
  std::string entry(1, '\x40');
  test::append_hpack_text(entry, "x");
  test::append_hpack_text(entry, std::string(3000, 'x'));
  client.endpoint().say(
      frame(NGHTTP2_HEADERS, kEndHeaders, 1, hpack({{":status", "200"}}) + entry + std::string(5000, '\xbe')));
  client.until([&] { return client.gone; });
  EXPECT_EQ(answer.failure.code, Code::malformed);
  EXPECT_EQ(std::string_view(answer.failure.detail), "header_bomb");
}

}  // namespace
}  // namespace weir::http
