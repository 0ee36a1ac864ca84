// The feed with streams of our own, whose room we choose, and a server's worth of subscribers.
#include "console/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace weir::console {
namespace {

using ::testing::HasSubstr;

struct Stream final : http::LiveStream {
  void send(std::string_view piece) override {
    if (gone_after > 0 && --gone_after == 0) {
      body->on_gone();
      body.reset();
      return;
    }
    sent += piece;
    if (room > 0) --room;
  }
  [[nodiscard]] bool congested() const override { return room == 0; }
  void drop() override {
    dropped = true;
    body.reset();
  }
  void open(const std::shared_ptr<http::LiveBody>& live) {
    body = live;
    live->on_open(*this);
  }
  void drain(int places) {
    room = places;
    body->on_drained();
  }

  std::shared_ptr<http::LiveBody> body;
  std::string sent;
  int room = 1000;  ///< sends until it is congested
  int gone_after = 0;
  bool dropped = false;
};

std::string tick(int n) { return sse("tick", std::to_string(n)); }

TEST(Feed, FramesAreEvents) { EXPECT_EQ(sse("tick", R"({"t":1})"), "event: tick\ndata: {\"t\":1}\n\n"); }

TEST(Feed, ThePastComesFirst) {
  Feed feed(R"({"token":"x"})");
  feed.tell(Feed::Topic::now, "n1");
  feed.publish("0");
  feed.publish("1");
  Stream stream;
  stream.open(feed.subscribe());
  EXPECT_EQ(stream.sent, sse("hello", R"({"token":"x"})") + tick(0) + tick(1) + sse("now", "n1"));
  stream.sent.clear();
  feed.publish("2");
  EXPECT_EQ(stream.sent, tick(2)) << "what is not new is not told again";
  feed.tell(Feed::Topic::marks, "m1");
  feed.tell(Feed::Topic::marks, "m2");
  feed.publish_told();
  EXPECT_EQ(stream.sent, tick(2) + sse("marks", "m2")) << "only the newest has no past";
}

TEST(Feed, WhoIsSlowGetsItLater) {
  Feed feed("{}");
  Stream stream;
  stream.open(feed.subscribe());
  stream.sent.clear();
  stream.room = 1;
  for (int i = 0; i < 5; ++i) {
    feed.tell(Feed::Topic::now, std::to_string(i));
    feed.publish(std::to_string(i));
  }
  EXPECT_EQ(stream.sent, tick(0)) << "nothing is queued while there is no room";
  stream.drain(1000);
  EXPECT_EQ(stream.sent, tick(0) + tick(1) + tick(2) + tick(3) + tick(4) + sse("now", "4"));
  EXPECT_FALSE(stream.dropped);
}

TEST(Feed, WhoTakesNothingIsDropped) {
  Feed feed("{}");
  Stream stuck;
  Stream slow;
  stuck.open(feed.subscribe());
  slow.open(feed.subscribe());
  stuck.room = slow.room = 0;
  for (uint32_t i = 1; i < Feed::kPatience; ++i) feed.publish("x");
  EXPECT_FALSE(stuck.dropped);
  slow.drain(1);
  feed.publish("x");
  EXPECT_TRUE(stuck.dropped);
  EXPECT_FALSE(slow.dropped) << "a little is progress";
  EXPECT_EQ(feed.subscribers(), 1u);
}

TEST(Feed, WhoIsOvertakenByTheHistoryIsDropped) {
  Feed feed("{}", {.seconds = 3, .bytes = 1000});
  Stream stream;
  stream.open(feed.subscribe());
  stream.room = 0;
  for (int i = 0; i < 3; ++i) feed.publish("x");
  EXPECT_FALSE(stream.dropped);
  feed.publish("x");
  EXPECT_TRUE(stream.dropped);
}

TEST(Feed, PlacesAreFewAndAreGivenBack) {
  Feed feed("{}");
  std::vector<std::unique_ptr<Stream>> streams;
  for (size_t i = 0; i < Feed::kMostSubscribers; ++i) {
    streams.push_back(std::make_unique<Stream>());
    streams.back()->open(feed.subscribe());
  }
  EXPECT_EQ(feed.subscribe(), nullptr);
  streams.pop_back();
  EXPECT_EQ(feed.subscribers(), Feed::kMostSubscribers - 1);
  EXPECT_NE(feed.subscribe(), nullptr) << "asked for with HEAD: never opened, and gone again";
  EXPECT_EQ(feed.subscribers(), Feed::kMostSubscribers - 1);
}

TEST(Feed, OneMayGoWhileItIsSentTo) {
  Feed feed("{}");
  for (int i = 0; i < 5; ++i) feed.publish("x");
  for (const int after : {2, 3, 6}) {
    Stream stream;
    stream.gone_after = after;
    stream.open(feed.subscribe());
    feed.publish("y");
    EXPECT_EQ(stream.body, nullptr) << after;
    EXPECT_EQ(feed.subscribers(), 0u) << after;
  }
}

}  // namespace
}  // namespace weir::console
