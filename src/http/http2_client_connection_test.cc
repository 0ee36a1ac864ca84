// Http2ClientConnection against an endpoint that is scripted frame by frame.
#include "http/http2_client_connection.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "http/test_http2_client.h"

namespace weir::http {
namespace {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http::Method;
using test::Answer;
using test::get;
using test::Http2Client;
using test::kEnd;
using test::kEndHeaders;

TEST(Http2ClientConnection, RequestFields) {
  const std::string kLine = ":method=GET :scheme=http :authority=example.test :path=/ ";
  const struct {
    const char* message;
    std::string expected;
    std::function<void(RequestHead&)> change;
  } cases[] = {
      {"the authority is the Host", kLine, [](RequestHead&) {}},
      {"a Host of its own stays", ":method=GET :scheme=http :authority=own.test :path=/ ",
       [](RequestHead& head) {
         head.fields = {{"Host", "own.test", FieldId::host}};
       }},
      {"one that is not to be passed on does not", kLine,
       [](RequestHead& head) {
         head.fields = {{"Host", "own.test", FieldId::host, true}};
       }},
      {"nobody knows one", ":method=GET :scheme=http :path=/ ", [](RequestHead& head) { head.authority = {}; }},
      {"names in lower case", kLine + "x-a=B ",
       [](RequestHead& head) {
         head.fields = {{"X-A", "B"}};
       }},
      {"nothing of the connection before", kLine,
       [](RequestHead& head) {
         head.fields = {{"Connection", "x", FieldId::connection},
                        {"X", "1", FieldId::other, true},
                        {"Keep-Alive", "timeout=5", FieldId::keep_alive},
                        {"Upgrade", "h2c", FieldId::upgrade},
                        {"TE", "gzip", FieldId::te}};
       }},
      {"trailers are welcome", kLine + "te=trailers ",
       [](RequestHead& head) {
         head.fields = {{"TE", "deflate, Trailers", FieldId::te, true}};
       }},
      {"a length", kLine + "content-length=5 ",
       [](RequestHead& head) {
         head.body = BodyKind::length;
         head.content_length = 5;
         head.fields = {{"Content-Length", "5", FieldId::content_length}};
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answer;
    Http2Client client;
    RequestHead head = get("/");
    c.change(head);
    client.connection->open(answer).send_head(head, {}, true);
    EXPECT_EQ(client.asked(1).fields, c.expected);
    EXPECT_TRUE(client.endpoint().stream(1).ended);
  }
}

TEST(Http2ClientConnection, TheGreetingBoundsTheEndpoint) {
  Answer answer;
  Http2Client client({.stream_window_bytes = 100'000, .connection_window_bytes = 300'000}, {.head_bytes = 5000});
  client.ask(answer);
  client.asked(1);
  EXPECT_EQ(client.endpoint().setting(NGHTTP2_SETTINGS_ENABLE_PUSH), 0u);
  EXPECT_EQ(client.endpoint().setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), 100'000u);
  EXPECT_EQ(client.endpoint().setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 5000u);
  EXPECT_EQ(client.endpoint().credit(0), 300'000u - 65'535u);
}

TEST(Http2ClientConnection, Responses) {
  using Act = std::function<void(test::Http2Endpoint&)>;
  const struct {
    const char* message;
    uint16_t status;
    const char* body;
    Method method;
    Act act;
    const char* trailers = "";
    size_t informational = 0;
  } cases[] = {
      {"a body", 200, "hello", Method::get, [](auto& peer) { peer.answer(1, "200", "hello"); }},
      {"of known length", 200, "hello", Method::get,
       [](auto& peer) {
         peer.answer(1, "200", "hello", {{"content-length", "5"}});
       }},
      {"none", 200, "", Method::get, [](auto& peer) { peer.answer(1, "200"); }},
      {"none, as turns out later", 200, "", Method::get,
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).data(1, "", true);
       }},
      {"in pieces, with trailers", 200, "hello", Method::get,
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).data(1, "he").data(1, "llo").head(1, {{"x-a", "1"}}, true);
       },
       "x-a=1"},
      {"trailers alone", 200, "", Method::get,
       [](auto& peer) {
         peer.head(1, {{":status", "200"}}, false).head(1, {{"grpc-status", "0"}}, true);
       },
       "grpc-status=0"},
      {"1xx before it", 200, "hello", Method::get,
       [](auto& peer) {
         peer.head(1, {{":status", "100"}}, false).head(1, {{":status", "103"}, {"link", "x"}}, false);
         peer.answer(1, "200", "hello");
       },
       "", 2},
      {"HEAD", 200, "", Method::head,
       [](auto& peer) {
         peer.answer(1, "200", "", {{"content-length", "5"}});
       }},
      {"HEAD whose end comes later", 200, "", Method::head,
       [](auto& peer) {
         peer.head(1, {{":status", "200"}, {"content-length", "5"}}, false).data(1, "", true);
       }},
      {"204", 204, "", Method::get, [](auto& peer) { peer.answer(1, "204"); }},
      {"304", 304, "", Method::get,
       [](auto& peer) {
         peer.answer(1, "304", "", {{"content-length", "5"}});
       }},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answer;
    Http2Client client;
    RequestHead head = get("/");
    head.method = c.method;
    head.method_text = c.method == Method::head ? "HEAD" : "GET";
    client.connection->open(answer).send_head(head, {}, true);
    EXPECT_EQ(client.connection->in_flight(), 1u);
    client.asked(1);
    c.act(client.endpoint());
    client.until([&] { return answer.over(); });
    EXPECT_EQ(answer.status, c.status);
    EXPECT_EQ(answer.body, c.body);
    EXPECT_EQ(answer.trailers, c.trailers);
    EXPECT_EQ(answer.informational.size(), c.informational);
    EXPECT_EQ(answer.ends, 1);
    EXPECT_EQ(answer.failures, 0);
    EXPECT_EQ(client.told, "ci");
    EXPECT_EQ(client.connection->in_flight(), 0u);
    EXPECT_EQ(client.connection->served(), 1u);
  }
}

TEST(Http2ClientConnection, ManyRequestsShareItAndAreAnsweredInAnyOrder) {
  Answer answers[3];
  Http2Client client;
  for (Answer& answer : answers) client.ask(answer);
  client.asked(5);
  client.endpoint().answer(5, "205").answer(1, "201");
  client.until([&] { return answers[2].over() && answers[0].over(); });
  EXPECT_EQ(client.told, "c") << "idle only when nothing is in flight";
  client.endpoint().answer(3, "203");
  client.until([&] { return answers[1].over(); });
  EXPECT_EQ(answers[0].status, 201);
  EXPECT_EQ(answers[1].status, 203);
  EXPECT_EQ(answers[2].status, 205);
  EXPECT_EQ(client.told, "ci");
  EXPECT_EQ(client.connection->served(), 3u);
}

TEST(Http2ClientConnection, SharesNoMoreThanItMay) {
  const struct {
    const char* message;
    uint32_t wanted;
    std::vector<std::pair<uint16_t, uint32_t>> granted;
    size_t expected;
  } cases[] = {
      {"what the options say", 2, {}, 2},
      {"what the endpoint grants", 100, {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}}, 3},
      {"the smaller of the two", 2, {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 3}}, 2},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer answers[4];
    Http2Client client({.max_streams = c.wanted});
    client.ask(answers[0]);
    client.endpoint(c.granted);
    client.asked(1);
    client.settle();
    size_t opened = 1;
    for (; client.connection->shareable() && opened < 4; ++opened) client.ask(answers[opened]);
    EXPECT_EQ(opened, c.expected);
    client.connection->full = true;
    client.endpoint().answer(1, "200");
    client.until([&] { return answers[0].over(); });
    EXPECT_EQ(client.told, "cr") << "there is room again";
    EXPECT_TRUE(client.connection->shareable());
  }
}

TEST(Http2ClientConnection, AnEndpointMayGrantMoreLater) {
  Answer answer;
  Http2Client client;
  client.ask(answer);
  client.endpoint({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}});
  client.asked(1);
  client.settle();
  EXPECT_FALSE(client.connection->shareable());
  client.connection->full = true;
  client.endpoint().settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}}).settle();
  EXPECT_TRUE(client.connection->shareable());
  EXPECT_EQ(client.told, "cr");
}

// ---- back-pressure

TEST(Http2ClientConnection, ASlowReaderHoldsUpItsOwnStreamOnly) {
  Answer slow, other;
  Http2Client client({.stream_window_bytes = 20'000});
  ClientStream& stream = client.ask(slow);
  client.asked(1);
  slow.then = [&] {
    if (!slow.over()) stream.pause_response();
  };
  client.endpoint()
      .head(1, {{":status", "200"}}, false)
      .data(1, std::string(10'000, 'a'))
      .data(1, std::string(10'000, 'b'));
  client.settle();
  EXPECT_EQ(slow.body, "");
  EXPECT_EQ(client.endpoint().credit(1), 0u) << "what is held has no credit";
  client.ask(other);
  client.asked(3);
  client.endpoint().answer(3, "200", "quick");
  client.until([&] { return other.over(); });

  slow.then = nullptr;
  stream.resume_response();
  client.until([&] { return slow.body.size() == 20'000; });
  client.settle();
  EXPECT_EQ(client.endpoint().credit(1), 20'000u);
  client.endpoint().data(1, "c", true);
  client.until([&] { return slow.over(); });
  EXPECT_EQ(slow.ends, 1);
  EXPECT_EQ(slow.body.size(), 20'001u);
}

TEST(Http2ClientConnection, AResponseThatIsAllThereOutlivesItsConnection) {
  for (const bool other_too : {false, true}) {
    Answer slow, other;
    Http2Client client;
    ClientStream& stream = client.ask(slow);
    client.asked(1);
    if (other_too) {
      client.ask(other);
      client.asked(3);
    }
    slow.then = [&] {
      if (!slow.over()) stream.pause_response();
    };
    client.endpoint().head(1, {{":status", "200"}}, false).data(1, "whole").head(1, {{"x-sum", "5"}}, true).goaway(3);
    client.endpoint().peer().stream.shutdown_write();
    client.until([&] { return !client.connection->shareable() && (!other_too || other.over()); });
    client.server.pass(Duration::ms(5));
    EXPECT_FALSE(slow.over());
    EXPECT_FALSE(client.gone) << "it owes somebody a response";
    if (other_too) {
      EXPECT_EQ(other.failures, 1);
      EXPECT_EQ(other.failure.code, Code::closed_early);
    }
    slow.then = nullptr;
    stream.resume_response();
    client.until([&] { return client.gone; });
    EXPECT_EQ(slow.body, "whole");
    EXPECT_EQ(slow.trailers, "x-sum=5");
    EXPECT_EQ(slow.ends, 1);
    EXPECT_EQ(client.told, "cx");
  }
}

TEST(Http2ClientConnection, ARequestBodyWaitsForTheEndpointsWindows) {
  Answer answer;
  Http2Client client;
  ClientStream& stream = client.post(answer);
  client.endpoint({{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
  client.asked(1);
  client.settle();
  stream.send_body(std::string(70'000, 'x'));
  EXPECT_TRUE(stream.congested());
  client.settle();
  const size_t first = client.endpoint().stream(1).body.size();
  EXPECT_LE(first, 10u);
  EXPECT_EQ(answer.drains, 0);
  client.endpoint().window(1, 60'000);
  client.until([&] { return answer.drains == 1; });
  EXPECT_FALSE(stream.congested());
  stream.send_end({{"X-Sum", "7"}, {"Content-Length", "1", FieldId::content_length}});
  client.endpoint().window(1, 100'000).window(0, 100'000);
  client.until([&] { return client.endpoint().stream(1).ended; });
  EXPECT_EQ(client.endpoint().stream(1).body.size(), 70'000u);
  EXPECT_NE(client.endpoint().stream(1).fields.find("x-sum=7"), std::string::npos);
  EXPECT_EQ(client.endpoint().stream(1).fields.find("content-length"), std::string::npos);
  client.endpoint().answer(1, "200");
  client.until([&] { return answer.over(); });
  EXPECT_EQ(answer.ends, 1);
}

// ---- streams that end early

TEST(Http2ClientConnection, AnAnswerBeforeTheRequestsEndEndsIt) {
  Answer early, next;
  Http2Client client;
  client.post(early);
  client.asked(1);
  client.endpoint().answer(1, "413");
  client.until([&] { return early.over(); });
  EXPECT_EQ(early.status, 413);
  EXPECT_EQ(early.ends, 1);
  client.settle();
  EXPECT_EQ(client.endpoint().stream(1).reset, NGHTTP2_CANCEL);
  EXPECT_EQ(client.endpoint().stream(1).body, "");
  EXPECT_EQ(client.told, "ci");
  client.ask(next);
  client.asked(3);
  client.endpoint().rst(1, NGHTTP2_NO_ERROR).answer(3, "200");
  client.until([&] { return next.over(); });
  EXPECT_EQ(next.status, 200);
}

TEST(Http2ClientConnection, ACancelledRequestEndsAlone) {
  Answer given_up, other;
  Http2Client client;
  ClientStream& stream = client.ask(given_up);
  client.ask(other);
  client.asked(3);
  client.endpoint().head(1, {{":status", "200"}}, false).data(1, "begun");
  client.until([&] { return given_up.body == "begun"; });
  stream.cancel();
  client.settle();
  EXPECT_EQ(client.endpoint().stream(1).reset, NGHTTP2_CANCEL);
  EXPECT_EQ(client.connection->in_flight(), 1u);
  client.endpoint().data(1, "late", true).answer(3, "200", "whole");
  client.until([&] { return other.over(); });
  EXPECT_EQ(other.body, "whole");
  EXPECT_FALSE(given_up.over());
  EXPECT_EQ(client.told, "ci");
}

TEST(Http2ClientConnection, WhatIsCancelledBeforeItIsSentIsNeverSeen) {
  Answer unsent, sent;
  Http2Client client;
  client.connection->open(unsent).cancel();
  client.ask(unsent).cancel();
  client.ask(sent, "/sent");
  client.asked(3);
  EXPECT_TRUE(client.endpoint().stream(1).fields.empty());
  client.endpoint().answer(3, "200");
  client.until([&] { return sent.over(); });
  EXPECT_EQ(sent.status, 200);
  EXPECT_FALSE(unsent.over());
  EXPECT_EQ(client.connection->in_flight(), 0u);
}

TEST(Http2ClientConnection, ResetsSayWhetherToTryAgain) {
  const struct {
    const char* message;
    uint32_t code;
    bool responded;
    bool known;  ///< the endpoint has said how many streams it grants
    Code expected;
    Retry retry;
  } cases[] = {
      {"refused", NGHTTP2_REFUSED_STREAM, false, true, Code::reset, Retry::yes},
      {"refused before it had said how many it takes", NGHTTP2_REFUSED_STREAM, false, false, Code::cancelled,
       Retry::yes},
      {"refused when half is there", NGHTTP2_REFUSED_STREAM, true, true, Code::reset, Retry::no},
      {"broken", NGHTTP2_INTERNAL_ERROR, false, true, Code::reset, Retry::no},
      {"cancelled", NGHTTP2_CANCEL, true, true, Code::reset, Retry::no},
      {"without a reason", NGHTTP2_NO_ERROR, false, true, Code::closed_early, Retry::no},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer first, answer;
    Http2Client client;
    uint32_t id = 1;
    if (c.known) {
      client.ask(first);
      client.asked(id);
      client.endpoint().answer(id, "200");
      client.until([&] { return first.over(); });
      id += 2;
    }
    client.ask(answer);
    client.asked(id);
    if (c.responded) client.endpoint().head(id, {{":status", "200"}}, false);
    client.endpoint().rst(id, c.code);
    client.until([&] { return answer.over(); });
    EXPECT_EQ(answer.failures, 1);
    EXPECT_EQ(answer.failure.code, c.expected);
    EXPECT_EQ(answer.failure.retry, c.retry);
    EXPECT_FALSE(client.gone);
    EXPECT_EQ(client.connection->in_flight(), 0u);
  }
}

// ---- the connection's end

TEST(Http2ClientConnection, GoawayMovesWhatWasNotLookedAt) {
  Answer kept, moved, begun;
  Http2Client client;
  client.ask(kept);
  client.ask(moved);
  client.asked(3);
  client.endpoint().goaway(1);
  client.until([&] { return moved.over(); });
  EXPECT_EQ(moved.failure.code, Code::cancelled) << "the endpoint is not to blame";
  EXPECT_EQ(moved.failure.retry, Retry::yes);
  EXPECT_FALSE(client.connection->shareable());
  EXPECT_FALSE(kept.over());
  client.endpoint().answer(1, "200", "whole");
  client.until([&] { return client.gone; });
  EXPECT_EQ(kept.body, "whole");
  EXPECT_EQ(client.told, "cx") << "never idle again";
}

TEST(Http2ClientConnection, GoawayMovesWhatWasNotSentYet) {
  Answer first, unsent;
  Http2Client client;
  client.ask(first);
  client.asked(1);
  // It is opened in the turn in which the GOAWAY is read.
  first.then = [&] {
    if (first.over()) client.ask(unsent);
  };
  client.endpoint().answer(1, "200").goaway(0x7fffffff);
  client.until([&] { return client.gone; });
  EXPECT_EQ(unsent.failures, 1);
  EXPECT_EQ(unsent.failure.code, Code::cancelled);
  EXPECT_EQ(unsent.failure.retry, Retry::yes);
  client.until([&] { return client.endpoint().gone(); });
  EXPECT_EQ(client.endpoint().stream(3).fields, "");
}

TEST(Http2ClientConnection, GoawayEndsAnIdleConnectionAtOnce) {
  Answer answer;
  Http2Client client;
  client.ask(answer);
  client.asked(1);
  client.endpoint().answer(1, "200");
  client.until([&] { return client.told == "ci"; });
  client.endpoint().goaway(1);
  client.until([&] { return client.gone; });
  EXPECT_EQ(client.endpoint().goaway_code(), std::nullopt);
}

TEST(Http2ClientConnection, ALostConnectionSaysWhatWasHeard) {
  const struct {
    const char* message;
    bool served;
    bool word;  ///< the endpoint said something after it was asked
    Retry retry;
  } cases[] = {
      {"new, and silent", false, false, Retry::no},
      {"not new, and silent: it may have been dead before", true, false, Retry::if_reused},
      {"not new, and it spoke", true, true, Retry::no},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Answer first, answer;
    Http2Client client;
    uint32_t id = 1;
    if (c.served) {
      client.ask(first);
      client.asked(1);
      client.endpoint().answer(1, "200");
      client.until([&] { return first.over(); });
      client.settle();
      id = 3;
    }
    client.ask(answer);
    client.server.until(
        [&] { return client.server.peers.size() == 1 && client.server.peers[0]->received.size() > 60; });
    if (c.served) client.asked(id);
    if (c.word) client.settle();
    client.server.peers[0]->stream.close();
    client.until([&] { return answer.over(); });
    EXPECT_EQ(answer.failure.retry, c.retry);
    EXPECT_NE(answer.failure.code, Code::cancelled);
    EXPECT_TRUE(client.gone);
  }
}

TEST(Http2ClientConnection, ClosingSaysGoaway) {
  Answer answer;
  Http2Client client;
  client.ask(answer);
  client.asked(1);
  client.connection->close();
  EXPECT_EQ(answer.failure.code, Code::cancelled);
  client.until([&] { return client.endpoint().gone(); });
  EXPECT_EQ(client.endpoint().goaway_code(), NGHTTP2_NO_ERROR);
}

TEST(Http2ClientConnection, DrainingEndsWithTheLastRequest) {
  Answer answer;
  Http2Client client;
  client.ask(answer);
  client.asked(1);
  client.connection->drain();
  EXPECT_FALSE(client.connection->shareable());
  client.server.pass(Duration::ms(5));
  EXPECT_FALSE(client.gone);
  client.endpoint().answer(1, "200");
  client.until([&] { return client.gone; });
  EXPECT_EQ(answer.ends, 1);
  EXPECT_EQ(client.told, "cx");
}

TEST(Http2ClientConnection, AnOwnerMayCloseItFromWithin) {
  for (const bool with_body : {false, true}) {
    Answer answers[2];
    Http2Client client;
    client.ask(answers[0]);
    client.ask(answers[1]);
    client.asked(3);
    answers[0].then = [&] {
      if (!client.gone) client.connection->close();
    };
    client.endpoint().answer(1, "200", with_body ? "body" : "").answer(3, "200");
    client.until([&] { return client.gone; });
    EXPECT_EQ(answers[0].ends + answers[0].failures, 1);
    EXPECT_EQ(answers[1].failures, 1);
    EXPECT_EQ(answers[1].status, 0);
  }
}

}  // namespace
}  // namespace weir::http
