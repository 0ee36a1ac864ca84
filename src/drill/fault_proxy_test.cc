// Each fault, observed by a real client and a real server on loopback sockets that share one loop with the proxy.
#include "drill/fault_proxy.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "net/stream.h"

namespace weir::drill {
namespace {

using net::Loop;
using net::SocketAddress;

struct Peer final : net::Deferred, net::Stream::Handler {
  explicit Peer(Loop& loop) : stream(loop, *this) {}
  size_t on_data(std::string_view data) override {
    received += data;
    pieces.push_back(data.size());
    last_at = net::read_clock();
    if (echo) stream.write(data);
    return data.size();
  }
  void on_connected() override { connected = true; }
  void on_end() override {
    ended = true;
    if (echo) stream.shutdown_write();
  }
  void on_drained() override {}
  void on_closed(const Error& error) override { closed = error.code; }

  std::string received;
  std::vector<size_t> pieces;
  Instant last_at;
  bool echo = false, connected = false, ended = false;
  Code closed = Code::ok;
  net::Stream stream;
};

const SocketAddress kAnyPort = SocketAddress::parse("127.0.0.1", 0).value();

/// An echo server behind a fault proxy.
struct Rig final : net::Acceptor::Handler {
  Rig() : loop(std::move(Loop::create().value())) {
    acceptor = std::move(net::Acceptor::listen(*loop, kAnyPort, *this, {}).value());
    proxy = std::move(FaultProxy::create(*loop, kAnyPort, acceptor->local_address(), 1).value());
  }
  void on_accept(net::Fd fd, const SocketAddress&) override {
    servers.push_back(std::make_unique<Peer>(*loop));
    servers.back()->echo = echo;
    EXPECT_TRUE(servers.back()->stream.adopt(std::move(fd)).has_value());
  }
  std::unique_ptr<Peer> client() {
    auto peer = std::make_unique<Peer>(*loop);
    EXPECT_TRUE(peer->stream.connect(proxy->local_address()).has_value());
    return peer;
  }
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 20'000 && !done(); ++i) loop->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }
  /// A client whose first bytes came back, so that the whole connection stands.
  std::unique_ptr<Peer> settled_client() {
    auto peer = client();
    peer->stream.write("hello");
    until([&] { return peer->received == "hello"; });
    peer->received.clear();
    peer->pieces.clear();
    return peer;
  }

  std::unique_ptr<Loop> loop;
  std::unique_ptr<net::Acceptor> acceptor;
  std::unique_ptr<FaultProxy> proxy;
  std::vector<std::unique_ptr<Peer>> servers;
  bool echo = true;
};

TEST(FaultProxy, WithoutFaultsBytesAndEndsPass) {
  Rig rig;
  auto client = rig.settled_client();
  const std::string large(3'000'000, 'x');
  client->stream.write(large);
  client->stream.shutdown_write();
  rig.until([&] { return client->ended; });
  EXPECT_EQ(client->received, large);
  rig.until([&] { return rig.proxy->counters().open == 0; });
  EXPECT_EQ(rig.proxy->counters().accepted, 1u);
}

TEST(FaultProxy, DelayHoldsEveryByteInItsDirection) {
  struct {
    const char* message;
    ProxyFaults faults;
  } const cases[] = {
      {"upstream", {.upstream = {.delay = Duration::ms(60)}, .downstream = {}}},
      {"downstream", {.upstream = {}, .downstream = {.delay = Duration::ms(60), .jitter = Duration::ms(5)}}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Rig rig;
    auto client = rig.settled_client();
    rig.proxy->set_faults(c.faults);
    const Instant begun = net::read_clock();
    client->stream.write("late");
    rig.until([&] { return client->received == "late"; });
    EXPECT_GE(client->last_at - begun, Duration::ms(60));
  }
}

TEST(FaultProxy, JitterKeepsTheOrderOfBytes) {
  Rig rig;
  auto client = rig.settled_client();
  rig.proxy->set_faults({.upstream = {.jitter = Duration::ms(20), .split = 3}, .downstream = {}});
  client->stream.write("abcdefghijklmnopqrstuvwxyz");
  rig.until([&] { return client->received.size() == 26; });
  EXPECT_EQ(client->received, "abcdefghijklmnopqrstuvwxyz");
}

TEST(FaultProxy, TakingAwayADelayLetsGoWhatWaits) {
  Rig rig;
  auto client = rig.settled_client();
  rig.proxy->set_faults({.upstream = {.delay = Duration::s(3600)}, .downstream = {}});
  client->stream.write("held");
  rig.until([&] { return client->stream.pending() == 0; });
  for (int i = 0; i < 10; ++i) rig.loop->run_turn(Duration::ms(2));
  EXPECT_EQ(client->received, "");
  rig.proxy->set_faults({});
  rig.until([&] { return client->received == "held"; });
}

TEST(FaultProxy, DropSwallowsAndTheConnectionIsResetAfterwards) {
  Rig rig;
  auto client = rig.settled_client();
  rig.proxy->set_faults({.upstream = {.drop = true}, .downstream = {}});
  client->stream.write("lost");
  for (int i = 0; i < 20; ++i) rig.loop->run_turn(Duration::ms(2));
  EXPECT_EQ(rig.servers[0]->received, "hello");
  EXPECT_TRUE(client->stream.open());
  rig.proxy->set_faults({});
  rig.until([&] { return client->closed == Code::reset; });
}

TEST(FaultProxy, CloseByFinAndByReset) {
  for (const CloseBy how : {CloseBy::fin, CloseBy::reset}) {
    Rig rig;
    auto client = rig.settled_client();
    rig.proxy->set_faults({.upstream = {}, .downstream = {.close = how}});
    client->stream.write("x");
    if (how == CloseBy::fin) rig.until([&] { return client->ended; });
    if (how == CloseBy::reset) rig.until([&] { return client->closed == Code::reset; });
    EXPECT_EQ(client->received, "");
  }
}

TEST(FaultProxy, CorruptChangesOneByteOfAPiece) {
  Rig rig;
  auto client = rig.settled_client();
  rig.proxy->set_faults({.upstream = {.corrupt_percent = 100}, .downstream = {}});
  const std::string sent = "all is well";
  client->stream.write(sent);
  rig.until([&] { return client->received.size() == sent.size(); });
  size_t changed = 0;
  for (size_t i = 0; i < sent.size(); ++i) changed += client->received[i] != sent[i] ? 1 : 0;
  EXPECT_EQ(changed, 1u);
}

TEST(FaultProxy, LimitRateIsSharedByAllConnections) {
  Rig rig;
  auto first = rig.settled_client();
  auto second = rig.settled_client();
  rig.proxy->set_faults({.upstream = {}, .downstream = {.limit_rate = 100'000}});
  const Instant begun = net::read_clock();
  const std::string half(10'000, 'y');
  first->stream.write(half);
  second->stream.write(half);
  rig.until([&] { return first->received == half && second->received == half; });
  // 20,000 bytes at 100,000 a second.
  EXPECT_GE(std::max(first->last_at, second->last_at) - begun, Duration::ms(195));
}

TEST(FaultProxy, SplitMakesSmallPieces) {
  Rig rig;
  auto client = rig.settled_client();
  rig.proxy->set_faults({.upstream = {}, .downstream = {.split = 2}});
  client->stream.write("abcdefgh");
  rig.until([&] { return client->received == "abcdefgh"; });
  EXPECT_GE(client->pieces.size(), 2u);  // the kernel may glue some that we read late
}

TEST(FaultProxy, HalfOpenCutsOffTheSenderAndTellsNobody) {
  Rig rig;
  auto client = rig.settled_client();
  rig.proxy->set_faults({.upstream = {}, .downstream = {.half_open = true}});
  rig.until([&] { return rig.servers[0]->closed == Code::reset; });
  client->stream.write("anybody?");
  for (int i = 0; i < 20; ++i) rig.loop->run_turn(Duration::ms(2));
  EXPECT_TRUE(client->stream.open());
  EXPECT_FALSE(client->ended);
  EXPECT_EQ(client->received, "");
  rig.proxy->set_faults({});
  rig.until([&] { return client->closed == Code::reset; });
}

TEST(FaultProxy, ConnectionsBeyondTheLimitAreReset) {
  Rig rig;
  auto first = rig.settled_client();
  auto second = rig.settled_client();
  rig.proxy->set_faults({.upstream = {}, .downstream = {}, .connection_limit = 1});
  rig.until([&] { return second->closed == Code::reset; });
  auto third = rig.client();
  third->stream.write("x");
  rig.until([&] { return third->closed != Code::ok; });
  first->stream.write("still here");
  rig.until([&] { return first->received == "still here"; });
  EXPECT_EQ(rig.proxy->counters().refused, 2u);
  rig.proxy->set_faults({});
  EXPECT_NE(rig.settled_client(), nullptr);
}

TEST(FaultProxy, AServerThatIsNotThereResetsTheClient) {
  Rig rig;
  rig.acceptor.reset();
  auto client = rig.client();
  rig.until([&] { return client->closed != Code::ok; });
}

TEST(FaultProxy, MemoryIsBounded) {
  Rig rig;
  rig.echo = false;
  auto client = rig.client();
  rig.until([&] { return !rig.servers.empty(); });
  rig.proxy->set_faults({.upstream = {.delay = Duration::s(3600)}, .downstream = {}});
  const std::string piece(1 << 20, 'z');
  const uint64_t most = 64 << 20;  // far more than two sockets' buffers and one queue hold
  for (int i = 0; i < 500 && client->stream.bytes_written() < most; ++i) {
    if (!client->stream.congested()) client->stream.write(piece);
    rig.loop->run_turn(Duration::ms(1));
  }
  EXPECT_LT(client->stream.bytes_written(), most);
  EXPECT_EQ(rig.servers[0]->received, "");
}

TEST(Link, TheRateIsKeptExactly) {
  Link link;
  link.set({.limit_rate = 1'000});
  Prng prng(1);
  const Instant now = Instant::from_ns(5'000'000'000);
  EXPECT_EQ(link.departure(100, now, {}, prng), now + Duration::ms(100));
  EXPECT_EQ(link.departure(100, now, {}, prng), now + Duration::ms(200));
  EXPECT_EQ(link.departure(100, now + Duration::s(9), {}, prng), now + Duration::ms(9'100));
}

TEST(Link, CorruptionComesAtItsRate) {
  Prng prng(3);
  int changed = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string piece = "0123456789";
    corrupt(piece, 5, prng);
    changed += piece != "0123456789" ? 1 : 0;
  }
  EXPECT_NEAR(changed, 500, 80);
}

}  // namespace
}  // namespace weir::drill
