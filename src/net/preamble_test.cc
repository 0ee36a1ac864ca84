// Preamble on real loopback sockets.
#include "net/preamble.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <vector>

#include "net/stream.h"

namespace weir::net {
namespace {

/// Takes the socket once `wanted` bytes are there.
struct Watcher final : Preamble::Handler {
  Watcher(Loop& loop, size_t limit) : preamble(loop, *this, limit) {}
  void on_preamble(std::string_view bytes) override {
    seen.emplace_back(bytes);
    if (bytes.size() >= wanted) taken = preamble.take(wanted);
  }
  void on_preamble_end(size_t bytes) override {
    ended_after = bytes;
    ++ends;
  }

  size_t wanted = SIZE_MAX;
  std::vector<std::string> seen;
  Fd taken;
  size_t ended_after = 0;
  int ends = 0;
  Preamble preamble;
};

struct PreambleTest : testing::Test {
  PreambleTest() : loop(std::move(Loop::create().value())) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    client = Fd(pair[0]);
    server = Fd(pair[1]);
  }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void turns() {
    for (int i = 0; i < 3; ++i) loop->run_turn(Duration{});
  }

  std::unique_ptr<Loop> loop;
  Fd client, server;
};

TEST_F(PreambleTest, ShowsAllThatHasComeAndTakesWhatItIsTold) {
  Watcher watcher(*loop, 100);
  watcher.wanted = 5;
  ASSERT_TRUE(watcher.preamble.adopt(std::move(server)));
  turns();
  EXPECT_TRUE(watcher.seen.empty()) << "nothing has come";
  send("he");
  turns();
  turns();
  EXPECT_EQ(watcher.seen, (std::vector<std::string>{"he"})) << "told once, however long it lies there";
  send("ader");
  turns();
  EXPECT_EQ(watcher.seen.back(), "header");
  ASSERT_TRUE(watcher.taken.valid());
  char rest[10];
  EXPECT_EQ(::recv(watcher.taken.get(), rest, sizeof rest, 0), 1) << "the next owner's";
  EXPECT_EQ(rest[0], 'r');
  send("more");
  turns();
  EXPECT_EQ(watcher.seen.size(), 2u) << "no longer its socket";
  EXPECT_EQ(watcher.ends, 0);
}

TEST_F(PreambleTest, LooksNoFurtherThanItsLimit) {
  Watcher watcher(*loop, 4);
  ASSERT_TRUE(watcher.preamble.adopt(std::move(server)));
  send("a long header");
  turns();
  EXPECT_EQ(watcher.seen, (std::vector<std::string>{"a lo"}));
}

TEST_F(PreambleTest, TheEndIsToldAfterWhatCameBeforeIt) {
  Watcher watcher(*loop, 100);
  ASSERT_TRUE(watcher.preamble.adopt(std::move(server)));
  send("he");
  client.reset();
  turns();
  EXPECT_EQ(watcher.seen, (std::vector<std::string>{"he"}));
  EXPECT_EQ(watcher.ends, 1);
  EXPECT_EQ(watcher.ended_after, 2u);
}

TEST_F(PreambleTest, AnEndWithoutAWord) {
  Watcher watcher(*loop, 100);
  ASSERT_TRUE(watcher.preamble.adopt(std::move(server)));
  client.reset();
  turns();
  EXPECT_TRUE(watcher.seen.empty());
  EXPECT_EQ(watcher.ends, 1);
  EXPECT_EQ(watcher.ended_after, 0u);
}

TEST_F(PreambleTest, AWholePreambleIsTakenThoughThePeerHasEnded) {
  Watcher watcher(*loop, 100);
  watcher.wanted = 6;
  ASSERT_TRUE(watcher.preamble.adopt(std::move(server)));
  send("header");
  ASSERT_EQ(::shutdown(client.get(), SHUT_WR), 0);
  turns();
  EXPECT_TRUE(watcher.taken.valid());
  EXPECT_EQ(watcher.ends, 0);
}

}  // namespace
}  // namespace weir::net
