// Several requests in flight on one Http1ClientConnection (RFC 9112 section 9.3.2).
#include <gtest/gtest.h>

#include <string>

#include "http/http1_client_connection.h"
#include "http/test_client.h"

namespace weir::http {
namespace {

using test::Answer;
using test::Client;

constexpr const char* kOne = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1";
constexpr const char* kTwo = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2";
constexpr const char* kThree = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3";

/// Three requests in flight.
struct Pipeline {
  Pipeline() {
    for (size_t i = 0; i < 3; ++i) streams[i] = &client.ask(answers[i], std::string("/") + std::to_string(i));
    client.server.until([&] { return client.endpoint().got("/2 "); });
  }
  Answer answers[3];  // they outlive the connection, which tells them of its end
  Client client;
  ClientStream* streams[3];
};

TEST(ClientPipeline, APipelineIsAnsweredInOrder) {
  Pipeline line;
  EXPECT_EQ(line.client.connection->in_flight(), 3u);
  line.client.endpoint().say(std::string(kOne) + kTwo);
  line.client.server.until([&] { return line.answers[1].over(); });
  EXPECT_EQ(line.client.told, "c") << "idle only when nothing is in flight";
  line.client.endpoint().say(kThree);
  line.client.server.until([&] { return line.answers[2].over(); });
  EXPECT_EQ(line.answers[0].body + line.answers[1].body + line.answers[2].body, "123");
  EXPECT_EQ(line.client.told, "ci");
  EXPECT_EQ(line.client.connection->served(), 3u);
}

TEST(ClientPipeline, ADeathInTheMiddleFailsTheRest) {
  Pipeline line;
  line.client.endpoint()
      .say(std::string(kOne) + "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n2")
      .stream.shutdown_write();
  line.client.server.until([&] { return line.answers[2].over(); });
  EXPECT_EQ(line.answers[0].ends, 1);
  EXPECT_EQ(line.answers[1].failures, 1);
  EXPECT_EQ(line.answers[1].failure.retry, Retry::no);
  EXPECT_EQ(line.answers[2].failures, 1);
  EXPECT_EQ(line.answers[2].failure.code, Code::cancelled) << "it was another's fault";
  EXPECT_EQ(line.answers[2].failure.retry, Retry::if_reused);
  EXPECT_EQ(line.client.told, "cx");
}

TEST(ClientPipeline, AnAnswerThatSaysCloseFailsTheRest) {
  Pipeline line;
  line.client.endpoint().say("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n1");
  line.client.server.until([&] { return line.answers[2].over(); });
  EXPECT_EQ(line.answers[0].ends, 1);
  for (const size_t i : {1, 2}) {
    EXPECT_EQ(line.answers[i].failures, 1);
    EXPECT_EQ(line.answers[i].failure.retry, Retry::if_reused);
  }
}

TEST(ClientPipeline, ACancelledRequestIsReadOver) {
  for (const size_t cancelled : {0, 1, 2}) {
    SCOPED_TRACE(cancelled);
    Pipeline line;
    line.streams[cancelled]->cancel();
    line.client.endpoint().say(std::string(kOne) + kTwo + kThree);
    line.client.server.until([&] { return line.client.told == "cx"; });
    const char* const bodies[] = {"1", "2", "3"};
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(line.answers[i].body, i == cancelled ? "" : bodies[i]);
      EXPECT_EQ(line.answers[i].over(), i != cancelled);
    }
  }
}

TEST(ClientPipeline, ASlowReaderInFrontSendsTheOthersElsewhere) {
  Pipeline line;
  line.streams[0]->pause_response();
  for (const size_t i : {1, 2}) {
    EXPECT_EQ(line.answers[i].failures, 1);
    EXPECT_EQ(line.answers[i].failure.code, Code::cancelled);
    EXPECT_EQ(line.answers[i].failure.retry, Retry::if_reused);
  }
  line.streams[0]->resume_response();
  line.client.endpoint().say(std::string(kOne) + kTwo + kThree);
  line.client.server.until([&] { return line.client.told == "cx"; });
  EXPECT_EQ(line.answers[0].body, "1");
}

TEST(ClientPipeline, CancellingWithinABodyOrTheOnlyRequestCloses) {
  Pipeline line;
  line.client.endpoint().say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1");
  line.client.server.until([&] { return line.answers[0].body == "1"; });
  line.streams[0]->cancel();
  EXPECT_EQ(line.client.told, "cx");
  EXPECT_FALSE(line.answers[0].over()) << "whoever cancels is not told";
  EXPECT_EQ(line.answers[1].failures, 1);
  EXPECT_EQ(line.answers[2].failures, 1);

  Answer answer;
  Client only;
  only.ask(answer, "/it").cancel();
  EXPECT_EQ(only.told, "x");
  EXPECT_FALSE(answer.over());
}

}  // namespace
}  // namespace weir::http
