// How an Http2ClientConnection and its requests end: resets, GOAWAY, losses, silence.
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

TEST(Http2ClientEndings, ResetsSayWhetherToTryAgain) {
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

TEST(Http2ClientEndings, GoawayMovesWhatWasNotLookedAt) {
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

TEST(Http2ClientEndings, GoawayMovesWhatWasNotSentYet) {
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

TEST(Http2ClientEndings, GoawayEndsAnIdleConnectionAtOnce) {
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

TEST(Http2ClientEndings, ALostConnectionSaysWhatWasHeard) {
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

TEST(Http2ClientEndings, ClosingSaysGoaway) {
  Answer answer;
  Http2Client client;
  client.ask(answer);
  client.asked(1);
  client.connection->close();
  EXPECT_EQ(answer.failure.code, Code::cancelled);
  client.until([&] { return client.endpoint().gone(); });
  EXPECT_EQ(client.endpoint().goaway_code(), NGHTTP2_NO_ERROR);
}

TEST(Http2ClientEndings, DrainingEndsWithTheLastRequest) {
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

TEST(Http2ClientEndings, AnOwnerMayCloseItFromWithin) {
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

// ---- signs of life

TEST(Http2ClientEndings, WhoIsGivenUpInSilenceIsAskedForASignOfLife) {
  Answer silent, next;
  Http2Client client({.answer_timeout = Duration::s(60)});
  ClientStream& stream = client.ask(silent);
  client.asked(1);
  client.settle();
  client.ask(next);
  client.asked(3);
  client.endpoint().answer_pings = false;
  stream.cancel();
  client.settle();
  EXPECT_TRUE(client.endpoint().pings.empty()) << "something was heard since it was asked";

  ClientStream& last = client.ask(silent);
  client.asked(5);
  last.cancel();
  EXPECT_FALSE(client.connection->shareable()) << "nothing new until it has answered";
  client.connection->full = true;
  client.until([&] { return !client.endpoint().pings.empty() || client.endpoint().stream(5).reset; });
  client.until([&] { return client.endpoint().pings.size() == 1; });
  client.endpoint().say(test::frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, client.endpoint().pings[0]));
  client.until([&] { return client.connection->shareable(); });
  EXPECT_EQ(client.told, "cr");
  client.endpoint().answer(3, "200");
  client.until([&] { return next.over(); });
}

TEST(Http2ClientEndings, WhoGivesNoSignOfLifeIsLeft) {
  Answer silent, other;
  Http2Client client({.answer_timeout = Duration::ms(20)});
  client.ask(other);
  client.asked(1);
  client.settle();
  client.endpoint().answer_pings = false;
  ClientStream& stream = client.ask(silent);
  client.asked(3);
  stream.cancel();
  client.until([&] { return client.gone; });
  EXPECT_EQ(client.closed_with.code, Code::timeout);
  EXPECT_EQ(other.failures, 1);
  EXPECT_EQ(other.failure.code, Code::timeout);
}

TEST(Http2ClientEndings, AfterASilenceAPingGoesWithTheRequest) {
  for (const bool alive : {true, false}) {
    SCOPED_TRACE(alive);
    Answer first, second;
    Http2Client client({.answer_timeout = Duration::ms(20), .quiet = Duration()});
    client.ask(first);
    client.asked(1);
    client.endpoint().answer(1, "200");
    client.until([&] { return first.over(); });
    client.endpoint().answer_pings = alive;
    client.ask(second);
    EXPECT_TRUE(client.connection->shareable()) << "it is not suspected of anything";
    client.asked(3);
    client.until([&] { return client.endpoint().pings.size() == 1; });
    if (alive) {
      client.server.pass(Duration::ms(50));
      EXPECT_FALSE(client.gone);
      client.endpoint().answer(3, "200");
    }
    client.until([&] { return second.over(); });
    EXPECT_EQ(second.failures, alive ? 0 : 1);
    if (!alive) {
      EXPECT_EQ(second.failure.retry, Retry::if_reused);
    }
  }
}

}  // namespace
}  // namespace weir::http
