#include "console/latency_window.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::console {
namespace {

LatencySecond take(LatencyWindow& window, const Histogram& histogram) {
  LatencyGain gain;
  window.take(histogram, gain);
  return gain.summary();
}

TEST(LatencyWindow, TellsOnlyWhatIsNew) {
  Histogram histogram;
  LatencyWindow window;
  for (int i = 0; i < 98; ++i) histogram.record(1000);
  histogram.record(50'000);
  histogram.record(50'000);
  LatencySecond second = take(window, histogram);
  EXPECT_EQ(second.count, 100u);
  EXPECT_EQ(second.sum_us, 198'000);
  EXPECT_NEAR(static_cast<double>(second.p50_us), 1000, 8);
  EXPECT_NEAR(static_cast<double>(second.p99_us), 50'000, 400);

  second = take(window, histogram);
  EXPECT_EQ(second.count, 0u) << "nothing happened";
  EXPECT_EQ(second.p99_us, 0u);
  EXPECT_EQ(second.heat, "");

  histogram.record(20);
  second = take(window, histogram);
  EXPECT_EQ(second.count, 1u) << "the past weighs nothing";
  EXPECT_EQ(second.p50_us, 20u);
  EXPECT_EQ(second.p99_us, 20u);
  EXPECT_EQ(second.heat, "1");
}

TEST(LatencyWindow, SeveralAddUp) {
  Histogram a;
  Histogram b;
  for (int i = 0; i < 60; ++i) a.record(100);
  for (int i = 0; i < 40; ++i) b.record(3000);
  LatencyWindow of_a;
  LatencyWindow of_b;
  LatencyGain gain;
  of_a.take(a, gain);
  LatencyGain other;
  of_b.take(b, other);
  gain.add(other);
  EXPECT_EQ(gain.summary().count, 100u);
  EXPECT_EQ(gain.summary().sum_us, 126'000);
  EXPECT_EQ(gain.summary().p50_us, 100u);
  EXPECT_NEAR(static_cast<double>(gain.summary().p99_us), 3000, 24);
  gain.clear();
  EXPECT_EQ(gain.summary().count, 0u);
}

TEST(Heat, RowsAreHalfDoublings) {
  const struct {
    size_t expected;
    uint64_t us;
  } cases[] = {
      {0, 0},     {0, 63},          {0, 64},           {0, 90},          {1, 91},
      {1, 127},   {2, 128},         {3, 182},          {8, 1024},        {9, 1449},
      {10, 2048}, {39, 50'000'000}, {39, 100'000'000}, {39, UINT64_MAX}, {38, 33'600'000},
  };
  for (const auto& c : cases) EXPECT_EQ(heat_row(c.us), c.expected) << c.us;
  for (uint64_t us = 1; us < 100'000'000; us += 1 + us / 7) {
    const double expected = us < kHeatLowestUs ? 0 : std::floor(2 * std::log2(static_cast<double>(us) / kHeatLowestUs));
    EXPECT_EQ(heat_row(us), static_cast<size_t>(std::min(expected, kHeatRows - 1.0))) << us;
  }
}

TEST(Heat, LettersAreThirdsOfDoublings) {
  const struct {
    char expected;
    uint64_t count;
  } cases[] = {{'0', 0}, {'1', 1},    {'4', 2},        {'5', 3},         {'7', 4},
               {'a', 8}, {'u', 1000}, {'Z', 1u << 20}, {'Z', UINT64_MAX}};
  for (const auto& c : cases) EXPECT_EQ(heat_letter(c.count), c.expected) << c.count;
}

}  // namespace
}  // namespace weir::console
