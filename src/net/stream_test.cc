// Loop, Acceptor and Stream on real loopback sockets.
#include "net/stream.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <thread>
#include <vector>

#include "net/acceptor.h"
#include "net/test_rig.h"

namespace weir::net {
namespace {

TEST(Stream, BytesQueuedBeforeTheConnectionArrive) {
  Rig rig;
  auto client = std::make_unique<Peer>(*rig.loop);
  ASSERT_TRUE(client->stream.connect(rig.acceptor->local_address()).has_value());
  client->stream.write("hello ");
  client->stream.write("weir");
  rig.until([&] { return !rig.accepted.empty() && rig.accepted[0]->received == "hello weir"; });
  EXPECT_EQ(rig.accepted[0]->deliveries, 1) << "two writes of one turn are one segment";
}

TEST(Stream, UnconsumedBytesComeAgainWithWhatFollows) {
  Rig rig;
  auto client = rig.connect();
  Peer& server = *rig.accepted[0];
  server.appetite = 0;
  client->stream.write("abc");
  rig.until([&] { return server.stream.retained() == 3; });
  server.appetite = 4;
  client->stream.write("def");
  rig.until([&] { return server.received == "abcd"; });
  EXPECT_EQ(server.stream.retained(), 2u);
}

TEST(Stream, PauseHoldsBytesBackAndResumeDeliversThem) {
  Rig rig;
  auto client = rig.connect();
  Peer& server = *rig.accepted[0];
  server.pause_after_data = true;
  server.appetite = 1;
  client->stream.write("xy");
  rig.until([&] { return server.received == "x"; });
  client->stream.write("z");
  rig.loop->run_turn(Duration::ms(20));
  EXPECT_EQ(server.received, "x");
  server.appetite = SIZE_MAX;
  server.pause_after_data = false;
  server.stream.resume();
  rig.until([&] { return server.received == "xyz"; });
}

TEST(Stream, LargeOutputIsCongestedThenDrainsInOrder) {
  Rig rig;
  auto client = rig.connect();
  Peer& server = *rig.accepted[0];
  server.stream.pause();
  std::string sent;
  for (int i = 0; !client->stream.congested(); ++i) {
    const std::string piece(20'000, static_cast<char>('a' + i % 26));
    sent += piece;
    client->stream.write(piece);
    rig.loop->run_turn(Duration{});
  }
  EXPECT_EQ(client->drains, 0);
  server.stream.resume();
  rig.until([&] { return server.received.size() == sent.size(); });
  EXPECT_EQ(server.received, sent);
  EXPECT_EQ(client->drains, 1);
}

TEST(Stream, FinIsOneEndAfterAllBytesAlsoWhenPaused) {
  Rig rig;
  auto client = rig.connect();
  Peer& server = *rig.accepted[0];
  server.stream.pause();
  client->stream.write("last words");
  client->stream.shutdown_write();
  rig.loop->run_turn(Duration::ms(20));
  EXPECT_EQ(server.ends, 0);
  server.stream.resume();
  rig.until([&] { return server.ends == 1; });
  EXPECT_EQ(server.received, "last words");
  server.stream.write("reply");
  rig.until([&] { return client->received == "reply"; });
  client->stream.close();
  for (int i = 0; i < 5; ++i) rig.loop->run_turn(Duration::ms(2));
  EXPECT_EQ(server.ends, 1);
}

TEST(Stream, ResetAndRefusalAreNamed) {
  Rig rig;
  auto client = rig.connect();
  Peer& server = *rig.accepted[0];
  client->stream.abort();
  rig.until([&] { return server.closed != Code::ok; });
  EXPECT_EQ(server.closed, Code::reset);
  EXPECT_FALSE(server.stream.open());

  const SocketAddress gone = rig.acceptor->local_address();
  rig.acceptor->close();
  Peer refused(*rig.loop);
  if (refused.stream.connect(gone).has_value()) {
    rig.until([&] { return refused.closed != Code::ok; });
    EXPECT_EQ(refused.closed, Code::connect_refused);
  }
}

TEST(Stream, AResetPeerIsReportedToAPausedServer) {
  Rig rig;
  auto client = rig.connect();
  Peer& server = *rig.accepted[0];
  server.stream.fail_fast_on_reset();
  server.stream.pause();
  client->stream.abort();
  rig.until([&] { return server.closed == Code::reset; });
}

TEST(Acceptor, AFullDescriptorTablePausesAndRecovers) {
  Rig rig;
  auto first = rig.connect();
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  auto second = std::make_unique<Peer>(*rig.loop);
  ASSERT_TRUE(second->stream.connect(rig.acceptor->local_address()).has_value());
  rlimit full = saved;
  full.rlim_cur = static_cast<rlim_t>(second->stream.fd()) + 1;  // nothing above the newest descriptor
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &full), 0);
  std::vector<Fd> fillers;  // and no hole below it
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) fillers.emplace_back(fd);
  rig.until([&] { return rig.acceptor->times_starved() >= 1; });
  EXPECT_EQ(rig.accepted.size(), 1u);
  // Waiting must not spin: in some turns' worth of time only a few retries happen.
  const uint64_t before = rig.acceptor->times_starved();
  for (int i = 0; i < 3; ++i) rig.loop->run_turn(Duration::ms(10));
  EXPECT_LE(rig.acceptor->times_starved() - before, 4u);
  fillers.clear();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
  rig.until([&] { return rig.accepted.size() == 2; });
}

TEST(Loop, PostsFromOtherThreadsRunInOrderAndStopEndsRun) {
  auto loop = std::move(Loop::create().value());
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop->post([&order, i] { order.push_back(i); });
    loop->stop();
  });
  loop->run();
  loop->run_turn(Duration{});
  other.join();
  loop->run_turn(Duration{});
  ASSERT_EQ(order.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Loop, RetiredObjectsOutliveTheTurn) {
  auto loop = std::move(Loop::create().value());
  struct Watch final : Deferred {
    explicit Watch(bool& flag) : gone(flag) {}
    ~Watch() override { gone = true; }
    bool& gone;
  };
  bool gone = false, seen_alive = false;
  loop->post([&] {
    loop->defer_delete(std::make_unique<Watch>(gone));
    seen_alive = !gone;
  });
  loop->run_turn(Duration::ms(10));
  EXPECT_TRUE(seen_alive);
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace weir::net
