// What a client can do to a server connection at the worst moment; each was once a defect.
#include "http/http1_server_connection.h"

#include <gtest/gtest.h>

#include <string>

#include "http/test_server.h"

namespace weir::http {
namespace {

using proto::http::BodyKind;
using test::answer;
using test::Request;
using test::response;
using test::Server;

TEST(ServerFaults, ASlowReaderGetsTheEndOfALastAnswer) {
  Server server;
  const auto client = server.say("GET / HTTP/1.0\r\n\r\n");
  client->stream.pause();
  Request& request = server.request(0);
  constexpr size_t kBytes = 24 * 1024 * 1024;
  request.stream->send_head(response(200, BodyKind::stream), {}, false);
  request.stream->send_body(std::string(kBytes, 'x'));
  request.stream->send_end({});
  server.pass(Duration::ms(2500));
  client->stream.resume();
  server.until([&] { return client->gone(); });
  const bool cut = client->received.size() < kBytes;
  EXPECT_FALSE(cut && client->ended) << client->received.size() << " of " << kBytes << " bytes, and it looks whole";
  EXPECT_FALSE(cut) << "cut off after " << client->received.size();
}

/// The same on a connection that persists: idle_timeout closes it while its answer is being written, and
/// write_timeout no longer watches.
TEST(ServerFaults, IdlenessBeginsWhenTheAnswerIsWritten) {
  Server server;
  server.options->idle_timeout = Duration::ms(30);
  const auto client = server.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client->stream.pause();
  Request& request = server.request(0);
  constexpr size_t kBytes = 24 * 1024 * 1024;
  request.stream->send_head(response(200, BodyKind::length, kBytes), {}, false);
  request.stream->send_body(std::string(kBytes, 'x'));
  request.stream->send_end({});
  server.pass(Duration::ms(60));
  client->stream.resume();
  server.until([&] { return client->gone(); });
  EXPECT_GT(client->received.size(), kBytes);
}

TEST(ServerFaults, AHalfCloseStillGetsItsAnswer) {
  for (const char* text : {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "nonsense\r\n\r\n"}) {
    Server server;
    server.at_end = answer;
    const auto client = server.say(text);
    client->stream.shutdown_write();
    server.until([&] { return client->gone(); });
    EXPECT_TRUE(client->got("HTTP/1.1 ")) << text;
  }
}

TEST(ServerFaults, AnEarlyAnswerLeavesTheHead) {
  struct Early final : RequestHandler {
    void on_request(ServerStream& stream, RequestHead& head, std::string_view, bool) override {
      ResponseHead no = response(403, BodyKind::none);
      stream.send_head(no, {}, true);
      method = std::string(head.method_text);
    }
    void on_request_body(std::string_view) override {}
    void on_request_end(const Fields&) override {}
    void on_request_aborted(const Error&) override {}
    void on_response_drained() override {}
    std::string method;
  };
  static Early early;
  Server server;
  server.substitute = &early;
  const auto client = server.say("POST / HTTP/1.1\r\nHost: x\r\n");
  for (int i = 0; i < 5; ++i) server.loop->run_turn(Duration::ms(1));
  client->say("Content-Length: 5\r\n\r\n");
  server.until([&] { return client->ended; });
  EXPECT_EQ(early.method, "POST");
}

TEST(ServerFaults, A204ToHeadHasNoLength) {
  Server server;
  server.at_end = [](Request& request) { request.stream->send_head(response(204, BodyKind::length, 5), {}, true); };
  const auto client = server.say("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  server.until([&] { return client->got("\r\n\r\n"); });
  EXPECT_FALSE(client->got("Content-Length")) << client->received;
}
}  // namespace
}  // namespace weir::http
