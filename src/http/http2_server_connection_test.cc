// Http2ServerConnection over a loopback socket: frames in, frames out. What attackers send is in
// http2_server_faults_test.cc.
#include "http/http2_server_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "http/test_http2_peer.h"

namespace weir::http {
namespace {

using proto::http::BodyKind;
using test::answer;
using test::hello;
using test::Http2Peer;
using test::List;
using test::Request;
using test::response;
using test::Server;

TEST(Http2ServerConnection, Framing) {
  const struct {
    const char* message;
    std::string status, fields, body;
    List list;
    std::string request_body;
  } cases[] = {
      {"a body of known length", "200", "content-length=5 ", "hello", test::fields_of("/"), ""},
      {"a stream with trailers, empty pieces left out", "200", "x-sum=7 ", "hello", test::fields_of("/stream"), ""},
      {"HEAD has the length of what it leaves out", "200", "content-length=5 ", "",
       test::fields_of("/head", {}, "HEAD"), ""},
      {"204 has no length", "204", "", "", test::fields_of("/204"), ""},
      {"304 may have one", "304", "content-length=5 ", "", test::fields_of("/304/length"), ""},
      {"an empty stream ends with its head", "200", "", "", test::fields_of("/empty"), ""},
      {"a body in", "200", "content-length=4 ", "abc|", test::fields_of("/echo", {}, "POST"), "abc"},
      {"of declared length", "200", "content-length=4 ", "abc|",
       test::fields_of("/echo", {{"content-length", "3"}}, "POST"), "abc"},
  };
  for (const auto& row : cases) {
    Server server;
    server.at_end = answer;
    Http2Peer peer(server);
    peer.ask(1, row.list, row.request_body.empty());
    if (!row.request_body.empty()) peer.data(1, row.request_body, true);
    const auto& got = peer.await(1);
    EXPECT_EQ(got.status, row.status) << row.message;
    EXPECT_EQ(got.fields, row.fields) << row.message;
    EXPECT_EQ(got.body, row.body) << row.message;
    EXPECT_TRUE(got.ended && !got.reset) << row.message;
  }
}

TEST(Http2ServerConnection, IsFoundByItsPrefaceHoweverThatIsCut) {
  for (size_t cut = 1; cut < test::kPreface.size(); ++cut) {
    Server server;
    server.at_end = hello;
    auto client = server.say(test::kPreface.substr(0, cut));
    server.until([&] { return !server.connections.empty() && server.http1(0).bytes_read() == cut; });
    client->say(std::string(test::kPreface.substr(cut)) + test::frame(NGHTTP2_SETTINGS, 0, 0, "") +
                test::frame(NGHTTP2_HEADERS, test::kEnd | test::kEndHeaders, 1, test::hpack(test::fields_of("/"))));
    server.until([&] { return client->got("hello"); });
  }
}

TEST(Http2ServerConnection, IsNotThereWhenSwitchedOff) {
  Server server;
  server.options->http2.enabled = false;
  auto client = server.say(test::kPreface);
  server.until([&] { return client->gone(); });
  EXPECT_TRUE(client->got("HTTP/1.1 505")) << client->received;
}

TEST(Http2ServerConnection, LeavesHttp1AsItWas) {
  Server server;
  server.at_end = hello;
  auto client = server.say("P");
  server.until([&] { return !server.connections.empty() && server.http1(0).bytes_read() == 1; });
  client->say("OST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  server.until([&] { return client->got("hello"); });
}

TEST(Http2ServerConnection, TellsItsLimits) {
  Server server;
  server.options->http2.max_streams = 7;
  server.options->http2.stream_window_bytes = 70'000;
  server.options->limits.head_bytes = 5000;
  Http2Peer peer(server);
  peer.settle();
  EXPECT_EQ(peer.setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 7u);
  EXPECT_EQ(peer.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 70'000u);
  EXPECT_EQ(peer.setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 5000u);
  EXPECT_EQ(peer.credit(0), 1024u * 1024 - 65535);
}

TEST(Http2ServerConnection, AnswersStreamsInAnyOrder) {
  Server server;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/a")).ask(3, test::fields_of("/b")).ask(5, test::fields_of("/c"));
  server.request(2);
  hello(server.request(1));
  EXPECT_EQ(peer.await(3).body, "hello");
  hello(server.request(2));
  EXPECT_EQ(peer.await(5).body, "hello");
  EXPECT_EQ(peer.stream(1).status, "");
  hello(server.request(0));
  EXPECT_EQ(peer.await(1).body, "hello");
}

TEST(Http2ServerConnection, SendsInformationalHeadsAhead) {
  Server server;
  server.at_end = answer;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/hints"));
  const auto& got = peer.await(1);
  EXPECT_EQ(got.informational, std::vector<std::string>{"103"});
  EXPECT_EQ(got.body, "hello");
}

TEST(Http2ServerConnection, TakesTrailers) {
  Server server;
  server.at_end = answer;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/echo", {}, "POST"), false)
      .data(1, "abc")
      .ask(1, {{"x-sum", "6"}, {"content-length", "3"}});
  EXPECT_EQ(peer.await(1).body, "abc|x-sum=6");
}

TEST(Http2ServerConnection, LowersNamesAndLeavesOutWhatConnectionsOwn) {
  Server server;
  server.at_end = [](Request& request) {
    ResponseHead head = response(200, BodyKind::none);
    head.fields = {{.name = "X-Up", .value = "V"},
                   {.name = "Keep-Alive", .value = "5", .id = proto::http::FieldId::keep_alive},
                   {.name = "X-Hop", .value = "1", .hop_by_hop = true}};
    const Field extra[] = {{.name = "Date", .value = "now"}};
    request.stream->send_head(head, extra, true);
  };
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/"));
  EXPECT_EQ(peer.await(1).fields, "x-up=V date=now ");
}

TEST(Http2ServerConnection, AnswersWhatItRefusesAndSaysWhy) {
  const struct {
    const char* message;
    std::string status, rule;
    List list;
  } cases[] = {
      {"a long target", "414", "request_line_too_long", test::fields_of("/" + std::string(300, 'a'))},
      {"a long field", "431", "field_too_long", test::fields_of("/", {{"x", std::string(600, 'a')}})},
      {"a body that is too large", "413", "body_too_large", test::fields_of("/", {{"content-length", "1001"}}, "POST")},
      {"an expectation", "417", "unsupported_expectation", test::fields_of("/", {{"expect", "tea"}}, "POST")},
      {"two hosts", "400", "host_mismatch", test::fields_of("/", {{"host", "b.test"}})},
  };
  for (const auto& row : cases) {
    Server server;
    server.options->limits.request_line_bytes = 256;
    server.options->limits.field_bytes = 512;
    server.options->max_body_bytes = 1000;
    Http2Peer peer(server);
    peer.ask(1, row.list, row.list[0].second == "GET");
    const auto& got = peer.await(1);
    EXPECT_EQ(got.status, row.status) << row.message;
    EXPECT_NE(got.fields.find("x-weir-refusal=rule=" + row.rule + " "), std::string::npos) << row.message;
    ASSERT_EQ(server.refusals.size(), 1u) << row.message;
    EXPECT_EQ(server.refusals[0].second, row.rule);
    peer.settle();
    EXPECT_FALSE(peer.goaway_code()) << row.message << ": the others are not concerned";
  }
}

TEST(Http2ServerConnection, StopsABodyThatGrowsTooLarge) {
  Server server;
  server.options->max_body_bytes = 5;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/", {}, "POST"), false).data(1, "abc").data(1, "def");
  EXPECT_EQ(peer.await(1).status, "413");
  server.until([&] { return peer.stream(1).reset.has_value(); });
  EXPECT_EQ(peer.stream(1).reset, NGHTTP2_NO_ERROR) << "answered in full, the rest is not wanted";
  EXPECT_EQ(server.requests[0].aborts, 1);
  EXPECT_EQ(server.requests[0].code, Code::too_large);
}

TEST(Http2ServerConnection, WantsNoMoreOfARequestThatIsAnswered) {
  Server server;
  server.at_head = hello;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/", {}, "POST"), false).data(1, "abc");
  EXPECT_EQ(peer.await(1).body, "hello");
  server.until([&] { return peer.stream(1).reset.has_value(); });
  EXPECT_EQ(peer.stream(1).reset, NGHTTP2_NO_ERROR);
  EXPECT_EQ(server.requests[0].aborts, 0);
  peer.ask(3, test::fields_of("/"));
  EXPECT_EQ(peer.await(3).body, "hello");
}

TEST(Http2ServerConnection, BreaksOffWhatCannotBeCompleted) {
  Server server;
  server.at_end = [](Request& request) {
    request.stream->send_head(response(200, BodyKind::stream), {}, false);
    request.stream->send_body("half");
    request.stream->abort();
  };
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/"));
  EXPECT_EQ(peer.await(1).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_FALSE(peer.stream(1).ended);
  EXPECT_EQ(server.requests[0].aborts, 0) << "it knows";
}

TEST(Http2ServerConnection, TellsAHandlerThatItsClientLeft) {
  Server server;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/")).ask(3, test::fields_of("/"));
  server.request(1);
  peer.rst(1);
  server.until([&] { return server.requests[0].aborts == 1; });
  EXPECT_EQ(server.requests[0].code, Code::cancelled);
  EXPECT_EQ(server.requests[1].aborts, 0);
  peer.peer().stream.close();
  server.until([&] { return server.closed == 1; });
  EXPECT_EQ(server.requests[1].aborts, 1);
}

// ---- back-pressure

TEST(Http2ServerConnection, GivesCreditOnlyForWhatWasTaken) {
  Server server;
  server.options->http2.stream_window_bytes = 100'000;
  server.at_piece = [](Request& request) { request.stream->pause_request(); };
  Http2Peer peer(server);
  peer.settle();
  const uint64_t connection_credit = peer.credit(0);
  peer.ask(1, test::fields_of("/", {}, "POST"), false);
  for (int i = 0; i < 6; ++i) peer.data(1, std::string(16'000, 'a'));
  peer.settle();
  Request& request = server.request(0);
  EXPECT_EQ(request.body.size(), 16'000u) << "one piece, then it had paused";
  EXPECT_EQ(peer.credit(1), 0u);
  EXPECT_EQ(peer.credit(0), connection_credit);
  request.at_piece = nullptr;
  request.stream->resume_request();
  server.until([&] { return peer.credit(1) == 96'000; });
  EXPECT_EQ(request.body.size(), 96'000u);
  peer.data(1, "end", true);
  server.until([&] { return request.whole; });
  EXPECT_EQ(request.body.size(), 96'003u);
}

TEST(Http2ServerConnection, HoldsTheEndBackUntilTheBodyIsTaken) {
  Server server;
  server.at_head = [](Request& request) { request.stream->pause_request(); };
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/", {}, "POST"), false).data(1, "abc").data(1, "def", true);
  peer.settle();
  Request& request = server.request(0);
  EXPECT_EQ(request.body, "");
  EXPECT_FALSE(request.whole);
  request.stream->resume_request();
  server.until([&] { return request.whole; });
  EXPECT_EQ(request.body, "abcdef");
}

TEST(Http2ServerConnection, APausedStreamHoldsUpNoOther) {
  Server server;
  server.at_head = [](Request& request) {
    if (request.target == "/slow") request.stream->pause_request();
  };
  server.at_end = answer;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/slow", {}, "POST"), false).data(1, std::string(16'000, 'a'));
  peer.ask(3, test::fields_of("/echo", {}, "POST"), false).data(3, "abc", true);
  EXPECT_EQ(peer.await(3).body, "abc|");
}

TEST(Http2ServerConnection, ASlowReaderHoldsUpItsOwnStream) {
  Server server;
  const std::string large(300'000, 'x');
  server.at_end = [&](Request& request) {
    request.stream->send_head(response(200, BodyKind::stream), {}, false);
    request.stream->send_body(request.target == "/large" ? large : "small");
    if (request.target == "/large") {
      EXPECT_TRUE(request.stream->congested());
      return;
    }
    request.stream->send_end({});
  };
  Http2Peer peer(server);
  peer.window(0, 10'000'000);
  peer.ask(1, test::fields_of("/large"));
  server.until([&] { return peer.stream(1).body.size() == 65'535; });
  peer.ask(3, test::fields_of("/small"));
  EXPECT_EQ(peer.await(3).body, "small");
  EXPECT_EQ(server.requests[0].drains, 0);
  peer.window(1, 10'000'000);
  server.until([&] { return peer.stream(1).body.size() == large.size(); });
  EXPECT_EQ(server.requests[0].drains, 1);
  EXPECT_FALSE(server.requests[0].stream->congested());
  server.requests[0].stream->send_end({});
  EXPECT_TRUE(peer.await(1).ended);
}

TEST(Http2ServerConnection, AConnectionThatTakesNothingIsNotReadEither) {
  Server server;
  const std::string large(200'000, 'x');
  server.at_end = [&](Request& request) {
    request.stream->send_head(response(200, BodyKind::stream), {}, false);
    request.stream->send_body(large);
    request.stream->send_end({});
  };
  Http2Peer peer(server, {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0x7fffffff}});
  peer.window(0, 0x7fff0000);
  peer.settle();
  peer.peer().stream.pause();
  for (uint32_t i = 0; i < 100; ++i) peer.ask(1 + 2 * i, test::fields_of("/"));
  server.request(99);
  peer.peer().stream.resume();
  for (uint32_t i = 0; i < 100; ++i) EXPECT_EQ(peer.await(1 + 2 * i).body.size(), large.size());
}

// ---- the end of a connection

TEST(Http2ServerConnection, DrainsWithoutLosingARequest) {
  Server server;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/a"));
  server.request(0);
  server.connections[0]->drain();
  server.until([&] { return peer.goaways().size() == 1; });
  EXPECT_EQ(peer.goaways()[0], (std::pair<uint32_t, uint32_t>(0x7fffffff, NGHTTP2_NO_ERROR))) << "a warning";
  peer.ask(3, test::fields_of("/b"));  // was on its way
  server.request(1);
  server.until([&] { return peer.goaways().size() == 2; });
  EXPECT_EQ(peer.goaways()[1], (std::pair<uint32_t, uint32_t>(3, NGHTTP2_NO_ERROR)));
  peer.ask(5, test::fields_of("/c"));
  peer.settle();
  EXPECT_EQ(server.requests.size(), 2u) << "came too late, and the client knows that it was not looked at";
  hello(server.requests[0]);
  hello(server.requests[1]);
  EXPECT_EQ(peer.await(1).body, "hello");
  EXPECT_EQ(peer.await(3).body, "hello");
  server.until([&] { return peer.gone(); });
}

TEST(Http2ServerConnection, DrainsAnIdleConnection) {
  Server server;
  Http2Peer peer(server);
  peer.settle();
  server.connections[0]->drain();
  server.until([&] { return peer.gone(); });
  EXPECT_EQ(peer.goaways().size(), 2u);
  peer.peer().stream.close();
  server.until([&] { return server.closed == 1; });
}

TEST(Http2ServerConnection, CanBeKilledFromAnywhere) {
  const auto kill = [](Server& server) { server.connections.at(0)->kill(); };
  const struct {
    const char* message;
    std::function<void(Server&)> prepare;
  } cases[] = {
      {"at the head", [&](Server& server) { server.at_head = [&](Request&) { kill(server); }; }},
      {"at a piece", [&](Server& server) { server.at_piece = [&](Request&) { kill(server); }; }},
      {"at the end", [&](Server& server) { server.at_end = [&](Request&) { kill(server); }; }},
      {"after the answer",
       [&](Server& server) {
         server.at_end = [&](Request& request) {
           hello(request);
           kill(server);
         };
       }},
  };
  for (const auto& row : cases) {
    Server server;
    row.prepare(server);
    Http2Peer peer(server);
    peer.ask(1, test::fields_of("/", {}, "POST"), false)
        .data(1, "abc")
        .data(1, "def", true)
        .ask(3, test::fields_of("/"));
    server.until([&] { return peer.gone(); });
    EXPECT_EQ(server.closed, 1) << row.message;
    EXPECT_EQ(server.requests.size(), 1u) << row.message;
  }
}

TEST(Http2ServerConnection, ClosesWhenIdle) {
  Server server;
  server.options->idle_timeout = Duration::ms(50);
  server.at_end = hello;
  Http2Peer peer(server);
  peer.ask(1, test::fields_of("/"));
  EXPECT_EQ(peer.await(1).body, "hello");
  server.until([&] { return peer.gone(); });
  EXPECT_EQ(peer.goaway_code(), NGHTTP2_NO_ERROR);
}

}  // namespace
}  // namespace weir::http
