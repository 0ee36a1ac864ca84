// Http2ClientConnection and an endpoint that may be dead: when it is asked for a sign of life, and what follows.
#include <gtest/gtest.h>

#include "http/http2_client_connection.h"
#include "http/test_http2_client.h"

namespace weir::http {
namespace {

using test::Answer;
using test::Http2Client;

TEST(Http2ClientLiveness, WhoIsGivenUpInSilenceIsAskedForASignOfLife) {
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

TEST(Http2ClientLiveness, WhoGivesNoSignOfLifeIsLeft) {
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

TEST(Http2ClientLiveness, AfterASilenceAPingGoesWithTheRequest) {
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
