#include "http/http2_guard.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace weir::http {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000'000);

/// How many events are admitted at one moment, at most 1000.
int admitted(Http2Guard& guard, Http2Defence kind, Instant now) {
  int count = 0;
  while (count < 1000 && guard.admit(kind, now)) ++count;
  return count;
}

TEST(Http2Guard, AdmitsItsAllowanceInAWindow) {
  Http2Guard guard({.resets = 10, .control_frames = 30});
  EXPECT_EQ(admitted(guard, Http2Defence::ping, kStart), 30);
  EXPECT_EQ(admitted(guard, Http2Defence::settings, kStart), 30) << "each kind has its own";
  EXPECT_EQ(admitted(guard, Http2Defence::rapid_reset, kStart), 10);
  EXPECT_EQ(admitted(guard, Http2Defence::ping, kStart + Http2Guard::kWindow - Duration::ns(1)), 0);
  EXPECT_EQ(admitted(guard, Http2Defence::ping, kStart + Http2Guard::kWindow), 30);
}

TEST(Http2Guard, AllowsAsManyResetsAsResponses) {
  Http2Guard guard({.resets = 10, .control_frames = 30});
  EXPECT_TRUE(guard.admit(Http2Defence::rapid_reset, kStart));
  for (int i = 0; i < 50; ++i) guard.on_completed();
  EXPECT_EQ(admitted(guard, Http2Defence::rapid_reset, kStart), 49);
  EXPECT_EQ(admitted(guard, Http2Defence::rapid_reset, kStart + Http2Guard::kWindow), 10) << "of that window";
}

TEST(Http2Guard, OwesCreditForData) {
  Http2Guard guard({.resets = 10, .control_frames = 30});
  EXPECT_TRUE(guard.admit(Http2Defence::window_update, kStart));
  for (int i = 0; i < 50; ++i) guard.on_data_sent();
  EXPECT_EQ(admitted(guard, Http2Defence::window_update, kStart), 129);
}

TEST(Http2Guard, NamesAreThere) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kHttp2Defences; ++i) names.insert(name_of(static_cast<Http2Defence>(i)));
  EXPECT_EQ(names.size(), kHttp2Defences);
}

}  // namespace
}  // namespace weir::http
