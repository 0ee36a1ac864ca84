#pragma once
// What the tests of this module and of those above it talk to: a raw TCP peer that keeps what it hears, a loop with a
// listening socket on loopback, and a ResponseHandler that writes down what it is told. Tests only; one loop, one
// thread, no sleeping: `until` turns the loop until something is true.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/streams.h"
#include "net/acceptor.h"
#include "net/stream.h"

namespace weir::http::test {

struct Peer final : net::Deferred, net::Stream::Handler {
  explicit Peer(net::Loop& loop) : stream(loop, *this) {}
  void on_connected() override { connected = true; }
  size_t on_data(std::string_view data) override {
    received += data;
    return data.size();
  }
  void on_end() override { ended = true; }
  void on_drained() override {}
  void on_closed(const Error& error) override { closed = error.code; }

  [[nodiscard]] bool got(std::string_view text) const { return received.find(text) != std::string::npos; }
  [[nodiscard]] bool gone() const { return ended || closed; }
  Peer& say(std::string_view bytes) {
    stream.write(bytes);
    return *this;
  }

  std::string received;
  bool connected = false;
  bool ended = false;
  std::optional<Code> closed;
  net::Stream stream;
};

/// A loop and a listening socket; what is accepted is the business of whoever derives.
class Loopback : protected net::Acceptor::Handler {
 public:
  Loopback() : loop(std::move(net::Loop::create().value())) {
    acceptor = std::move(net::Acceptor::listen(*loop, net::SocketAddress::parse("127.0.0.1", 0).value(), *this,
                                               {.backlog = 64, .reuse_port = false})
                             .value());
  }
  virtual ~Loopback() = default;
  [[nodiscard]] net::SocketAddress address() const { return acceptor->local_address(); }
  /// Turns the loop until `done`, or fails after a generous number of turns.
  void until(const std::function<bool()>& done) const {
    for (int i = 0; i < 2000 && !done(); ++i) loop->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }
  /// Lets the loop's clock advance: for what must *not* happen in the meantime.
  void pass(Duration time) const {
    const Instant end = loop->now() + time;
    until([&] { return loop->now() >= end; });
  }
  std::unique_ptr<Peer> connect() const {
    auto peer = std::make_unique<Peer>(*loop);
    EXPECT_TRUE(peer->stream.connect(address()).has_value());
    return peer;
  }

  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<net::Acceptor> acceptor;
};

/// A scripted endpoint: every connection is a Peer that the test lets speak.
class RawServer final : public Loopback {
 public:
  Peer& accepted(size_t index) {
    until([&] { return peers.size() > index; });
    return *peers.at(index);
  }
  std::vector<std::unique_ptr<Peer>> peers;

 private:
  void on_accept(net::Fd fd, const net::SocketAddress& /*peer*/) override {
    peers.push_back(std::make_unique<Peer>(*loop));
    EXPECT_TRUE(peers.back()->stream.adopt(std::move(fd)).has_value());
  }
};

/// Writes down one response.
struct Answer final : ResponseHandler {
  void on_informational(const ResponseHead& head) override { informational.push_back(head.status); }
  void on_response(ResponseHead& head, std::string_view /*memory*/, bool end) override {
    EXPECT_EQ(status, 0) << "one head per response";
    status = head.status;
    if (end) ++ends;
    if (then) then();
  }
  void on_response_body(std::string_view piece) override {
    EXPECT_FALSE(over());
    body += piece;
    if (then) then();
  }
  void on_response_end(const Fields& fields) override {
    for (const Field& field : fields) ((trailers += field.name) += '=') += field.value;
    ++ends;
    if (then) then();
  }
  void on_response_failed(const Error& error) override {
    ++failures;
    failure = error;
    if (then) then();
  }
  void on_request_drained() override { ++drains; }
  [[nodiscard]] bool over() const { return ends + failures > 0; }

  std::function<void()> then;  ///< after every event of the response
  std::vector<uint16_t> informational;
  std::string body;
  std::string trailers;
  Error failure;
  uint16_t status = 0;
  int ends = 0, failures = 0, drains = 0;
};

inline RequestHead get(std::string_view target) {
  RequestHead head;
  head.method_text = "GET";
  head.target = target;
  head.authority = "example.test";
  return head;
}

}  // namespace weir::http::test
