#include "balance/outlier_tally.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {

void PrintTo(const OutlierTally::Counts& counts, std::ostream* out) {
  *out << counts.failures << "/" << counts.requests;
}

namespace {

using Counts = OutlierTally::Counts;
constexpr Duration kLatency = Duration::ms(10);

TEST(OutlierTally, CountsExactlyTheWindow) {
  OutlierTally tally(Duration::s(10));
  for (int second = 0; second < 15; ++second) {
    const Instant now = kStart + Duration::s(second);
    for (int i = 0; i < 10; ++i) tally.record(i < second ? Outcome::server_error : Outcome::success, kLatency, now);
  }
  // Seconds 5 to 14: 5 + 6 + 7 + 8 + 9 + 5 x 10 failures.
  EXPECT_EQ(tally.counts(kStart + Duration::s(14)), (Counts{100, 85}));
  EXPECT_EQ(tally.counts(kStart + Duration::s(20)), (Counts{40, 40}));
  EXPECT_EQ(tally.counts(kStart + Duration::s(24)), (Counts{0, 0}));
}

TEST(OutlierTally, FullBucketsKeepTheirRatio) {
  OutlierTally tally(Duration::s(10));
  for (int i = 0; i < 3'000'000; ++i)
    tally.record(i % 4 == 0 ? Outcome::server_error : Outcome::success, kLatency, kStart);
  const Counts counts = tally.counts(kStart);
  EXPECT_GT(counts.requests, 500'000u);
  EXPECT_NEAR(static_cast<double>(counts.failures) / static_cast<double>(counts.requests), 0.25, 0.001);
}

TEST(OutlierTally, RunsOfGatewayAndLocalFailuresAreApart) {
  struct Case {
    const char* message;
    uint32_t expected_gateway;
    uint32_t expected_local;
    std::vector<Outcome> outcomes;
  };
  using enum Outcome;
  const Case cases[] = {
      {"gateway failures add up", 3, 0, {gateway_failure, gateway_failure, gateway_failure}},
      {"a success ends both runs", 0, 0, {local_failure, gateway_failure, success}},
      {"an answer of its own, if an error, ends both", 0, 0, {gateway_failure, server_error}},
      {"a failed connect leaves the gateway run", 2, 1, {gateway_failure, gateway_failure, local_failure}},
      {"a gateway failure was connected", 1, 0, {local_failure, local_failure, gateway_failure}},
      {"who cancels says nothing", 2, 0, {gateway_failure, cancelled, gateway_failure}},
  };
  for (const Case& c : cases) {
    OutlierTally tally(Duration::s(10));
    for (const Outcome outcome : c.outcomes) tally.record(outcome, kLatency, kStart);
    EXPECT_EQ(tally.gateway_run(), c.expected_gateway) << c.message;
    EXPECT_EQ(tally.local_run(), c.expected_local) << c.message;
  }
}

TEST(OutlierTally, SaysWhenTheSlowPathIsDue) {
  OutlierTally tally(Duration::s(10));
  EXPECT_FALSE(tally.record(Outcome::success, kLatency, kStart));
  EXPECT_FALSE(tally.record(Outcome::cancelled, kLatency, kStart));
  EXPECT_TRUE(tally.record(Outcome::server_error, kLatency, kStart));
  tally.set_state(OutlierState::ejected);
  EXPECT_FALSE(tally.record(Outcome::gateway_failure, kLatency, kStart)) << "it is out already";
  tally.set_state(OutlierState::probation);
  EXPECT_TRUE(tally.record(Outcome::success, kLatency, kStart));
  EXPECT_TRUE(tally.record(Outcome::cancelled, kLatency, kStart));
}

TEST(OutlierTally, ProbationIsClaimedOnce) {
  OutlierTally tally(Duration::s(10));
  EXPECT_FALSE(tally.try_claim_probation()) << "serving";
  tally.set_state(OutlierState::probation);
  EXPECT_TRUE(tally.try_claim_probation());
  EXPECT_FALSE(tally.try_claim_probation());
  EXPECT_TRUE(tally.release_probation());
  EXPECT_TRUE(tally.try_claim_probation());
}

TEST(OutlierTally, LatencyBucketsCoverTheLine) {
  Duration before{};
  for (size_t bucket = 0; bucket < OutlierTally::kLatencyBuckets; ++bucket) {
    const Duration midpoint = OutlierTally::latency_midpoint(bucket);
    EXPECT_GT(midpoint, before);
    EXPECT_EQ(OutlierTally::latency_bucket_of(midpoint), bucket);
    before = midpoint;
  }
  EXPECT_EQ(OutlierTally::latency_bucket_of(Duration::ns(-5)), 0u);
  EXPECT_EQ(OutlierTally::latency_bucket_of(Duration::s(100'000)), OutlierTally::kLatencyBuckets - 1);
}

TEST(OutlierTally, MedianOfAnswersAndOfLongWaits) {
  OutlierTally tally(Duration::s(10));
  for (int i = 0; i < 7; ++i) tally.record(Outcome::success, Duration::ms(10), kStart);
  for (int i = 0; i < 6; ++i) tally.record(Outcome::success, Duration::ms(500), kStart);
  EXPECT_EQ(tally.latency().count, 13u);
  EXPECT_NEAR(tally.latency().median.seconds(), 0.010, 0.0013) << "within half a bucket";

  tally.record(Outcome::cancelled, Duration::s(5), kStart);
  tally.record(Outcome::gateway_failure, Duration::us(50), kStart);
  EXPECT_EQ(tally.latency().count, 13u) << "without a bar nothing but answers counts";
  tally.set_slow_bar(Duration::ms(100));
  tally.record(Outcome::cancelled, Duration::ms(99), kStart);
  tally.record(Outcome::cancelled, Duration::s(5), kStart);
  tally.record(Outcome::gateway_failure, Duration::s(5), kStart);
  EXPECT_EQ(tally.latency().count, 15u) << "who waited longer than the bar is evidence";
  tally.reset_latency();
  EXPECT_EQ(tally.latency().count, 0u);
}

TEST(OutlierTally, ManyThreadsLoseNothing) {
  OutlierTally tally(Duration::s(10));
  constexpr int kThreads = 4;
  constexpr int kEach = 25'000;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i) {
          tally.record(i % 5 == 0 ? Outcome::gateway_failure : Outcome::success, kLatency,
                       kStart + Duration::us(i * 300));
        }
      });
    }
  }
  EXPECT_EQ(tally.counts(kStart + Duration::s(7)), (Counts{kThreads * kEach, kThreads * kEach / 5}));
  EXPECT_EQ(tally.latency().count, uint64_t{kThreads} * kEach * 4 / 5);
}

}  // namespace
}  // namespace weir::balance
