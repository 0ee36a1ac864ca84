#pragma once
// For tests: a loop with an acceptor on loopback, and streams that write down what they hear.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/acceptor.h"
#include "net/stream.h"

namespace weir::net {

/// A stream that collects what it hears and takes at most `appetite` bytes per delivery.
struct Peer final : Deferred, Stream::Handler {
  explicit Peer(Loop& loop) : stream(loop, *this) {}
  void on_connected() override {
    connected = true;
    if (when_connected) when_connected();
  }
  bool on_plain_text() override { return takes_plain_text; }
  size_t on_data(std::string_view data) override {
    const size_t taken = std::min(appetite, data.size());
    received += data.substr(0, taken);
    ++deliveries;
    if (pause_after_data) stream.pause();
    return taken;
  }
  void on_end() override { ++ends; }
  void on_drained() override { ++drains; }
  void on_closed(const Error& error) override {
    closed = error.code;
    last_error = error;
  }

  std::string received;
  size_t appetite = SIZE_MAX;
  bool pause_after_data = false;
  bool takes_plain_text = false;
  bool connected = false;
  int ends = 0, drains = 0, deliveries = 0;
  Code closed = Code::ok;
  Error last_error;
  std::function<void()> when_connected;
  Stream stream;
};

struct Rig final : Acceptor::Handler {
  Rig() : loop(std::move(Loop::create().value())) {
    acceptor = std::move(Acceptor::listen(*loop, SocketAddress::parse("127.0.0.1", 0).value(), *this, {}).value());
  }
  void on_accept(Fd fd, const SocketAddress&) override {
    accepted.push_back(std::make_unique<Peer>(*loop));
    if (prepare) prepare(*accepted.back());
    Stream& stream = accepted.back()->stream;
    EXPECT_TRUE((tls ? stream.adopt(std::move(fd), tls) : stream.adopt(std::move(fd))).has_value());
  }
  /// Turns the loop until `done`, or fails after a generous number of turns.
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 5000 && !done(); ++i) loop->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }
  /// A connected pair: client, and accepted.back() as its server.
  std::unique_ptr<Peer> connect() {
    auto client = std::make_unique<Peer>(*loop);
    EXPECT_TRUE(client->stream.connect(acceptor->local_address()).has_value());
    const size_t before = accepted.size();
    until([&] { return client->connected && accepted.size() > before; });
    return client;
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<Acceptor> acceptor;
  std::shared_ptr<const tls::ServerContext> tls;  ///< what is spoken on accepted connections; null: nothing
  std::function<void(Peer&)> prepare;             ///< an accepted peer before its first event
  std::vector<std::unique_ptr<Peer>> accepted;
};

}  // namespace weir::net
