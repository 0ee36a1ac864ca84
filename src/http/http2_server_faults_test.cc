// Clients of HTTP/2 that are slow, broken or hostile: each defence is met by the frames it is there for, and an honest
// client that comes near is left alone.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "http/test_http2_peer.h"

namespace weir::http {
namespace {

using test::frame;
using test::hello;
using test::Http2Peer;
using test::kEnd;
using test::kEndHeaders;
using test::List;
using test::Request;
using test::response;
using test::Server;

// ---- malformed requests

TEST(Http2ServerFaults, MalformedRequestsEndTheirStream) {
  const struct {
    const char* message;
    List list;
  } cases[] = {
      {"9113 8.2.2: Connection", test::fields_of("/", {{"connection", "close"}})},
      {"Transfer-Encoding", test::fields_of("/", {{"transfer-encoding", "chunked"}})},
      {"TE beyond trailers", test::fields_of("/", {{"te", "gzip"}})},
      {"9113 8.2.1: upper case", test::fields_of("/", {{"X", "a"}})},
      {"a line end in a value", test::fields_of("/", {{"x", "a\r\ny: b"}})},
      {"a NUL in a value", test::fields_of("/", {{"x", std::string("a\0b", 3)}})},
      {"white space around a value", test::fields_of("/", {{"x", " a"}})},
      {"9113 8.3: no path", {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}}},
      {"an empty path", test::fields_of("")},
      {"a path twice", test::fields_of("/", {{":path", "/"}})},
      {"a pseudo-field that is late", {{":method", "GET"}, {"x", "y"}, {":path", "/"}, {":scheme", "http"}}},
      {"an unknown pseudo-field", test::fields_of("/", {{":teapot", "1"}})},
      {"9113 8.1.1: more bytes than declared", test::fields_of("/long", {{"content-length", "2"}})},
  };
  for (const auto& row : cases) {
    Server server;
    Http2Peer peer(server);
    const bool with_body = row.list.back().first == "content-length";
    peer.ask(1, row.list, !with_body);
    if (with_body) peer.data(1, "abc", true);
    EXPECT_EQ(peer.await(1).reset, NGHTTP2_PROTOCOL_ERROR) << row.message;
    EXPECT_EQ(server.requests.size(), with_body ? 1u : 0u) << row.message;
    if (with_body) {
      EXPECT_EQ(server.requests[0].aborts, 1) << row.message;
    }
    peer.settle();
    EXPECT_FALSE(peer.goaway_code()) << row.message;
  }
}

/// What nghttp2 lets pass and HTTP/1 would not survive is answered with a reason.
TEST(Http2ServerFaults, WhatCannotBeTranslatedIsRefused) {
  for (const char* path : {"/ HTTP/1.1", "/\x7f", "/#a", "/\xc3\xa4"}) {
    Server server;
    Http2Peer peer(server);
    peer.ask(1, test::fields_of(path));
    const auto& got = peer.await(1);
    EXPECT_TRUE(got.status == "400" || got.reset == NGHTTP2_PROTOCOL_ERROR) << path;
    EXPECT_TRUE(server.requests.empty()) << path;
  }
}

TEST(Http2ServerFaults, FewerBytesThanDeclaredEndTheStream) {
  Server server;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/", {{"content-length", "5"}}, "POST"), false).data(1, "abc", true);
  EXPECT_EQ(peer.await(1).reset, NGHTTP2_PROTOCOL_ERROR);
  EXPECT_FALSE(server.requests.at(0).whole) << "a short body must never look whole";
  EXPECT_EQ(server.requests[0].aborts, 1);
}

TEST(Http2ServerFaults, BrokenFramesEndTheConnection) {
  const struct {
    const char* message;
    uint32_t code;
    std::string bytes;
  } cases[] = {
      {"a frame larger than agreed", NGHTTP2_FRAME_SIZE_ERROR, test::big_endian(1 << 20, 3) + std::string(6, '\0')},
      {"SETTINGS on a stream", NGHTTP2_PROTOCOL_ERROR, frame(NGHTTP2_SETTINGS, 0, 1, "")},
      {"DATA on no stream", NGHTTP2_PROTOCOL_ERROR, frame(NGHTTP2_DATA, 0, 0, "x")},
      {"a push from a client", NGHTTP2_PROTOCOL_ERROR, frame(NGHTTP2_PUSH_PROMISE, kEndHeaders, 1, "abcd")},
      {"CONTINUATION of nothing", NGHTTP2_PROTOCOL_ERROR, frame(NGHTTP2_CONTINUATION, kEndHeaders, 1, "")},
      {"broken HPACK", NGHTTP2_COMPRESSION_ERROR,
       frame(NGHTTP2_HEADERS, kEnd | kEndHeaders, 1, "\xff\xff\xff\xff\xff")},
      {"a window that overflows", NGHTTP2_FLOW_CONTROL_ERROR,
       frame(NGHTTP2_WINDOW_UPDATE, 0, 0, test::big_endian(0x7fffffff, 4))},
  };
  for (const auto& row : cases) {
    Server server;
    Http2Peer peer(server);
    peer.say(row.bytes);
    server.until([&] { return peer.gone(); });
    EXPECT_EQ(peer.goaway_code(), row.code) << row.message;
    ASSERT_EQ(server.refusals.size(), 1u) << row.message;
    EXPECT_EQ(server.refusals[0].second, "http2_connection_error") << row.message;
  }
}

TEST(Http2ServerFaults, MoreStreamsThanAgreedAreNotTaken) {
  Server server;
  server.options->http2.max_streams = 3;
  Http2Peer peer(server);
  peer.settle();
  for (uint32_t id = 1; id < 11; id += 2) peer.ask(id, test::fields_of("/"));
  server.until([&] { return peer.gone(); });
  EXPECT_EQ(peer.goaway_code(), NGHTTP2_PROTOCOL_ERROR) << "it had acknowledged the limit";
  EXPECT_EQ(server.requests.size(), 3u);
}

TEST(Http2ServerFaults, AConnectionErrorEndsWhatIsInProgress) {
  Server server;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/"));
  server.request(0);
  peer.say(frame(NGHTTP2_DATA, 0, 0, "x"));
  server.until([&] { return peer.gone(); });
  EXPECT_EQ(server.requests[0].aborts, 1);
}

// ---- slow clients

TEST(Http2ServerFaults, DeadlinesOfTheConnection) {
  const struct {
    const char* message;
    std::string rule;
    std::string bytes;
  } cases[] = {
      {"the preface and no SETTINGS", "header_timeout", std::string(test::kPreface)},
      {"a header block that does not end", "header_timeout",
       std::string(test::kPreface) + frame(NGHTTP2_SETTINGS, 0, 0, "") + frame(NGHTTP2_HEADERS, kEnd, 1, "")},
  };
  for (const auto& row : cases) {
    Server server;
    server.options->header_timeout = Duration::ms(50);
    auto client = server.say(row.bytes);
    server.until([&] { return client->gone(); });
    ASSERT_EQ(server.refusals.size(), 1u) << row.message;
    EXPECT_EQ(server.refusals[0].second, row.rule) << row.message;
  }
}

TEST(Http2ServerFaults, ABodyThatStopsIsAnswered408) {
  Server server;
  server.options->body_timeout = Duration::ms(50);
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/", {}, "POST"), false).data(1, "abc");
  EXPECT_EQ(peer.await(1).status, "408");
  EXPECT_EQ(server.requests[0].code, Code::timeout);
}

TEST(Http2ServerFaults, ABodyThatWeDoNotReadMayStop) {
  Server server;
  server.options->body_timeout = Duration::ms(40);
  server.at_head = [](Request& request) { request.stream->pause_request(); };
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/", {}, "POST"), false).data(1, "abc");
  server.request(0);
  server.pass(Duration::ms(150));
  EXPECT_EQ(server.requests[0].aborts, 0);
}

TEST(Http2ServerFaults, AStreamWithoutWindowIsGivenUp) {
  for (const bool connection_wide : {false, true}) {
    Server server;
    server.options->write_timeout = Duration::ms(60);
    server.at_end = hello;
    Http2Peer peer(server, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, connection_wide ? 100'000u : 0u}});
    if (connection_wide) {
      server.at_end = [](Request& request) {
        request.stream->send_head(response(200, proto::http::BodyKind::stream), {}, false);
        request.stream->send_body(std::string(80'000, 'x'));
      };
    }
    peer.ask(1, test::fields_of("/"));
    EXPECT_EQ(peer.await(1).reset, NGHTTP2_CANCEL);
    EXPECT_EQ(server.defences, std::vector{Http2Defence::zero_window});
    EXPECT_EQ(server.requests[0].aborts, connection_wide ? 1 : 0) << "who has sent all is not told";
  }
}

TEST(Http2ServerFaults, AConnectionThatTakesNothingIsClosed) {
  Server server;
  server.options->write_timeout = Duration::ms(60);
  server.at_end = [](Request& request) {
    request.stream->send_head(response(200, proto::http::BodyKind::stream), {}, false);
    request.stream->send_body(std::string(10'000'000, 'x'));
  };
  Http2Peer peer(server, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff}});
  peer.window(0, 0x7fff0000);
  peer.settle();
  peer.peer().stream.pause();
  peer.ask(1, test::fields_of("/"));
  server.until([&] { return server.closed == 1; });
  EXPECT_EQ(server.defences, std::vector{Http2Defence::stalled});
  EXPECT_EQ(server.requests[0].aborts, 1);
}

// ---- floods

/// Says `bytes` for as long as the server listens, at most `times`; returns whether it was thrown out.
bool flood(Server& server, Http2Peer& peer, int times, const std::function<std::string(int)>& bytes) {
  for (int i = 0; i < times && !peer.gone(); ++i) {
    peer.say(bytes(i));
    if (i % 20 == 0) server.loop->run_turn(Duration());
  }
  peer.settle();
  return peer.goaway_code().has_value();
}

std::string request_frame(int i, const List& list = test::fields_of("/"), uint8_t flags = kEnd | kEndHeaders) {
  return frame(NGHTTP2_HEADERS, flags, static_cast<uint32_t>(1 + 2 * i), test::hpack(list));
}

struct Attack {
  const char* message;
  Http2Defence defence;
  std::function<std::string(int)> bytes;
};

const Attack kAttacks[] = {
    {"CVE-2023-44487: a stream is opened and reset", Http2Defence::rapid_reset,
     [](int i) {
       return request_frame(i) +
              frame(NGHTTP2_RST_STREAM, 0, static_cast<uint32_t>(1 + 2 * i), test::big_endian(NGHTTP2_CANCEL, 4));
     }},
    {"CVE-2025-8671: we are made to reset it, by a window that overflows", Http2Defence::rapid_reset,
     [](int i) {
       return request_frame(i) +
              frame(NGHTTP2_WINDOW_UPDATE, 0, static_cast<uint32_t>(1 + 2 * i), test::big_endian(0x7fffffff, 4));
     }},
    {"the same, by a malformed request", Http2Defence::rapid_reset,
     [](int i) {
       return request_frame(i, test::fields_of("/", {{"connection", "x"}}));
     }},
    {"the same, by a body that is longer than declared", Http2Defence::rapid_reset,
     [](int i) {
       return request_frame(i, test::fields_of("/", {{"content-length", "1"}}), kEndHeaders) +
              frame(NGHTTP2_DATA, 0, static_cast<uint32_t>(1 + 2 * i), "abc");
     }},
    {"CVE-2019-9515: SETTINGS", Http2Defence::settings, [](int) { return frame(NGHTTP2_SETTINGS, 0, 0, ""); }},
    {"CVE-2019-9512: PING", Http2Defence::ping, [](int) { return frame(NGHTTP2_PING, 0, 0, "12345678"); }},
    {"answers to PINGs that were not sent", Http2Defence::ping,
     [](int) { return frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678"); }},
    {"PRIORITY", Http2Defence::priority,
     [](int i) { return frame(NGHTTP2_PRIORITY, 0, static_cast<uint32_t>(1 + 2 * i), std::string("\0\0\0\0\7", 5)); }},
    {"WINDOW_UPDATE for nothing", Http2Defence::window_update,
     [](int) { return frame(NGHTTP2_WINDOW_UPDATE, 0, 0, test::big_endian(1, 4)); }},
    {"CVE-2019-9518: empty DATA", Http2Defence::empty_data,
     [](int i) {
       return (i == 0 ? request_frame(0, test::fields_of("/", {}, "POST"), kEndHeaders) : "") +
              frame(NGHTTP2_DATA, 0, 1, "");
     }},
    {"DATA of padding alone", Http2Defence::empty_data,
     [](int i) {
       return (i == 0 ? request_frame(0, test::fields_of("/", {}, "POST"), kEndHeaders) : "") +
              frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\3\0\0\0", 4));
     }},
    {"GOAWAY again and again", Http2Defence::other,
     [](int i) { return (i == 0 ? request_frame(0) : "") + frame(NGHTTP2_GOAWAY, 0, 0, std::string(8, '\0')); }},
    {"CVE-2024-27316: CONTINUATION without end", Http2Defence::continuation,
     [](int i) {
       return i == 0 ? frame(NGHTTP2_HEADERS, kEnd, 1, test::hpack(test::fields_of("/")))
                     : frame(NGHTTP2_CONTINUATION, 0, 1, test::hpack({{"a", "b"}}));
     }},
};

TEST(Http2ServerFaults, FloodsEndTheConnection) {
  for (const Attack& attack : kAttacks) {
    Server server;
    server.options->http2.allowance = {.resets = 20, .control_frames = 50};
    Http2Peer peer(server);
    EXPECT_TRUE(flood(server, peer, 400, attack.bytes)) << attack.message;
    EXPECT_EQ(peer.goaway_code(), NGHTTP2_ENHANCE_YOUR_CALM) << attack.message;
    EXPECT_EQ(server.defences, std::vector{attack.defence}) << attack.message;
    server.until([&] { return peer.gone(); });
    for (const Request& request : server.requests) EXPECT_EQ(request.aborts, 1) << attack.message;
  }
}

TEST(Http2ServerFaults, WhatHpackBlowsUpEndsTheConnection) {
  // A field of 4000 bytes goes into the table once, and is then asked for with one byte each time (RFC 7541 6.1).
  Server server;
  Http2Peer peer(server);
  std::string block = test::hpack(test::fields_of("/")) + std::string("\x40\x01x", 3);
  test::append_hpack_text(block, std::string(4000, 'y'));
  block += std::string(1000, '\xbe');
  peer.say(frame(NGHTTP2_HEADERS, kEnd | kEndHeaders, 1, block));
  server.until([&] { return peer.gone(); });
  EXPECT_EQ(peer.goaway_code(), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(server.defences, std::vector{Http2Defence::header_bomb});
}

TEST(Http2ServerFaults, AHeadThatIsMerelyTooLargeIsAnswered431) {
  Server server;
  server.options->limits.head_bytes = 4096;
  Http2Peer peer(server);
  List list = test::fields_of("/");
  for (int i = 0; i < 12; ++i) list.emplace_back("x" + std::to_string(i), std::string(500, 'y'));
  peer.ask(1, list);
  EXPECT_EQ(peer.await(1).status, "431");
  peer.ask(3, test::fields_of("/"));
  server.request(0);
  EXPECT_FALSE(peer.goaway_code());
}

TEST(Http2ServerFaults, AnswersThatNobodyReadsDoNotPileUp) {
  Server server;
  server.options->http2.allowance.control_frames = 1'000'000;
  server.options->write_timeout = Duration::ms(80);
  Http2Peer peer(server);
  peer.settle();
  peer.peer().stream.pause();
  std::string pings;
  for (int i = 0; i < 4000; ++i) pings += frame(NGHTTP2_PING, 0, 0, "12345678");
  for (int i = 0; i < 400 && server.closed == 0; ++i) {
    peer.say(pings);
    server.loop->run_turn(Duration());
  }
  server.until([&] { return server.closed == 1 || peer.gone(); });
  ASSERT_FALSE(server.defences.empty());
  EXPECT_TRUE(server.defences[0] == Http2Defence::ack || server.defences[0] == Http2Defence::stalled);
}

// ---- who is not an attacker

TEST(Http2ServerFaults, AClientThatCancelsAsOftenAsItWaitsIsLeftAlone) {
  Server server;
  server.options->http2.allowance.resets = 20;
  server.at_end = [](Request& request) {
    if (request.target == "/answer") hello(request);
  };
  Http2Peer peer(server);
  for (uint32_t i = 0; i < 100; ++i) {
    const uint32_t id = 1 + 4 * i;
    peer.ask(id, test::fields_of("/answer"));
    ASSERT_EQ(peer.await(id).body, "hello");
    peer.ask(id + 2, test::fields_of("/wait")).rst(id + 2);
  }
  peer.settle();
  EXPECT_FALSE(peer.goaway_code());
}

TEST(Http2ServerFaults, AClientThatReadsMuchMayGiveCreditOften) {
  Server server;
  server.options->http2.allowance.control_frames = 20;
  server.at_end = [](Request& request) {
    request.stream->send_head(response(200, proto::http::BodyKind::stream), {}, false);
    request.stream->send_body(std::string(2'000'000, 'x'));
    request.stream->send_end({});
  };
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/"));
  size_t acknowledged = 0;
  server.until([&] {
    const size_t got = peer.stream(1).body.size();
    if (got > acknowledged && !peer.stream(1).ended) {
      peer.window(0, static_cast<uint32_t>(got - acknowledged)).window(1, static_cast<uint32_t>(got - acknowledged));
      acknowledged = got;
    }
    return peer.stream(1).ended || peer.gone();
  });
  EXPECT_EQ(peer.stream(1).body.size(), 2'000'000u);
  EXPECT_FALSE(peer.goaway_code());
}

}  // namespace
}  // namespace weir::http
