// Latency averaging, slow start and backoff: the small arithmetic.
#include "balance/ewma.h"

#include <gtest/gtest.h>

#include <cmath>

#include "balance/backoff.h"
#include "balance/slow_start.h"
#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

TEST(Ewma, AHigherSampleReplacesTheAverageAtOnce) {
  EndpointLoad load;
  EXPECT_EQ(decayed_latency(load, kStart), Duration{});
  record_latency(load, Duration::ms(10), kStart);
  record_latency(load, Duration::ms(80), kStart + Duration::ms(1));
  EXPECT_EQ(decayed_latency(load, kStart + Duration::ms(1)), Duration::ms(80));
}

TEST(Ewma, ALowerSamplePullsDownByTheElapsedTime) {
  EndpointLoad load;
  record_latency(load, Duration::ms(100), kStart);
  record_latency(load, Duration::ms(20), kStart + Duration::s(10));
  // One tau: 100 / e + 20 (1 - 1/e) = 49.43 ms.
  EXPECT_NEAR(decayed_latency(load, kStart + Duration::s(10)).seconds(), 0.04943, 0.00001);
}

TEST(Ewma, ReadingDecays) {
  EndpointLoad load;
  record_latency(load, Duration::ms(100), kStart);
  EXPECT_NEAR(decayed_latency(load, kStart + Duration::s(10)).seconds(), 0.1 / 2.71828, 1e-6);
  EXPECT_GT(decayed_latency(load, kStart + Duration::s(10'000)), Duration{}) << "measured stays measured";
}

TEST(Ewma, TheStraightLineForShortGapsMeetsTheExponential) {
  for (const int64_t us : {1, 1'000, 9'999, 10'001}) {
    EXPECT_NEAR(decay_factor(Duration::us(us), kLatencyTau), std::exp(-static_cast<double>(us) / 1e7), 1e-6) << us;
  }
}

TEST(Ewma, AFailureIsNeverQuick) {
  EndpointLoad load;
  record_latency(load, Duration::ms(1), kStart);
  record_failure_penalty(load, kStart);
  EXPECT_EQ(decayed_latency(load, kStart), kFailurePenalty);
  record_latency(load, Duration::s(3), kStart);
  record_failure_penalty(load, kStart);
  EXPECT_EQ(decayed_latency(load, kStart), Duration::s(3)) << "a failure does not make a slow endpoint faster";
}

TEST(Ewma, ASampleFromTheCellsFutureDoesNotTurnTimeBack) {
  EndpointLoad load;
  record_latency(load, Duration::ms(10), kStart + Duration::s(1));
  record_latency(load, Duration::ms(20), kStart);
  EXPECT_EQ(load.latency_at_ns.load(), (kStart + Duration::s(1)).ns());
}

TEST(SlowStart, RampsLinearlyFromAFloor) {
  struct Case {
    const char* message;
    uint32_t expected;
    Duration age;
  };
  const Case cases[] = {
      {"at the beginning the floor", 100, Duration{}},
      {"before the beginning the floor", 100, Duration::s(-5)},
      {"half way", 550, Duration::s(5)},
      {"at the end everything", 1000, Duration::s(10)},
      {"and for ever", 1000, Duration::s(1000)},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(slow_start_factor(kStart + c.age, kStart, Duration::s(10)), c.expected) << c.message;
  }
  EXPECT_EQ(slow_start_factor(kStart, Instant{}, Duration::s(10)), kFullFactor) << "never joined: no ramp";
  EXPECT_EQ(slow_start_factor(kStart, kStart, Duration{}), kFullFactor) << "no window: no ramp";
}

TEST(Backoff, LimitDoublesUpToTheCap) {
  struct Case {
    int64_t expected_ms;
    uint32_t retry;
  };
  for (const Case& c : {Case{0, 0}, {25, 1}, {75, 2}, {175, 3}, {250, 4}, {250, 40}, {250, 4'000'000'000}}) {
    EXPECT_EQ(backoff_limit(c.retry, Duration::ms(25), Duration::ms(250)).ms(), c.expected_ms) << c.retry;
  }
  EXPECT_EQ(backoff_limit(3, Duration{}, Duration::ms(250)), Duration{}) << "no base, no pause";
}

TEST(Backoff, JitterCoversTheWholeRange) {
  Prng prng(7);
  int64_t sum = 0;
  Duration lowest = Duration::max();
  Duration highest{};
  for (int i = 0; i < 10'000; ++i) {
    const Duration pause = backoff(2, Duration::ms(25), Duration::ms(250), prng);
    lowest = std::min(lowest, pause);
    highest = std::max(highest, pause);
    sum += pause.us();
  }
  EXPECT_LT(lowest, Duration::ms(1));
  EXPECT_GT(highest, Duration::ms(74));
  EXPECT_LE(highest, Duration::ms(75));
  EXPECT_NEAR(static_cast<double>(sum) / 10'000, 37'500, 750) << "uniform: the mean is half the limit, within 2 %";
}

}  // namespace
}  // namespace weir::balance
