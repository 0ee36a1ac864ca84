#include "proto/websocket/frame_tracker.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::proto::websocket {
namespace {

std::string frame(size_t payload, bool masked) {
  std::string out = "\x82";
  const char mask = masked ? '\x80' : '\0';
  if (payload < 126) {
    out += static_cast<char>(mask | static_cast<char>(payload));
  } else if (payload < 65536) {
    out += static_cast<char>(mask | 126);
    out += static_cast<char>(payload >> 8);
    out += static_cast<char>(payload & 0xff);
  } else {
    out += static_cast<char>(mask | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload >> shift & 0xff);
  }
  if (masked) out += "mask";
  return out.append(payload, '\x88');
}

TEST(FrameTracker, FindsTheEndOfEveryFrameHoweverItIsCut) {
  for (const size_t payload : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
    for (const bool masked : {false, true}) {
      const std::string one = frame(payload, masked);
      for (const size_t cut : {size_t{1}, size_t{2}, size_t{3}, size_t{9}, one.size() - 1, one.size()}) {
        SCOPED_TRACE(testing::Message() << payload << (masked ? " masked" : "") << " cut at " << cut);
        FrameTracker tracker;
        EXPECT_TRUE(tracker.at_boundary());
        tracker.feed(one.substr(0, std::min(cut, one.size() - 1)));
        EXPECT_FALSE(tracker.at_boundary());
        tracker.feed(one.substr(std::min(cut, one.size() - 1)));
        EXPECT_TRUE(tracker.at_boundary());
      }
    }
  }
}

TEST(FrameTracker, StopsAtTheFirstBoundary) {
  const std::string first = frame(300, true), second = frame(5, true);
  FrameTracker tracker;
  tracker.feed(first.substr(0, 10));
  EXPECT_EQ(tracker.feed_to_boundary(first.substr(10) + second), first.size() - 10);
  EXPECT_TRUE(tracker.at_boundary());
  EXPECT_EQ(tracker.feed_to_boundary(second), 0u) << "already there";
}

TEST(FrameTracker, AnImpossibleLengthLosesTheWay) {
  FrameTracker tracker;
  tracker.feed(std::string("\x82\x7f\x80\0\0\0\0\0\0\0", 10));
  EXPECT_TRUE(tracker.lost());
  EXPECT_FALSE(tracker.at_boundary());
  EXPECT_EQ(tracker.feed_to_boundary("anything"), 8u);
}

TEST(CloseFrame, CarriesItsCode) {
  EXPECT_EQ(close_frame(kGoingAway, {}), std::string("\x88\x02\x03\xe9", 4));
  EXPECT_EQ(close_frame(kGoingAway, 0x01020304u), std::string("\x88\x82\x01\x02\x03\x04\x02\xeb", 8));
  FrameTracker tracker;
  tracker.feed(close_frame(kGoingAway, 7u));
  EXPECT_TRUE(tracker.at_boundary());
}

}  // namespace
}  // namespace weir::proto::websocket
