// What the policies other than the hashing ones promise: shares by weight, never the wrong one of two, slow start, no
// starvation.
#include "balance/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "balance/ewma.h"
#include "balance/test_cluster.h"
#include "balance/weighted_draw.h"

namespace weir::balance {
namespace {

using model::PolicyKind;

const char* name_of(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::round_robin: return "round_robin";
    case PolicyKind::least_request: return "least_request";
    case PolicyKind::p2c: return "p2c";
    case PolicyKind::peak_ewma: return "peak_ewma";
    case PolicyKind::ring_hash: return "ring_hash";
    case PolicyKind::maglev: return "maglev";
  }
  return "";
}

constexpr PolicyKind kNotHashing[] = {PolicyKind::round_robin, PolicyKind::least_request, PolicyKind::p2c,
                                      PolicyKind::peak_ewma};

/// Picks by `kind` on `cluster`, one every millisecond, each lasting for `concurrency` more picks. Returns counts per
/// endpoint.
std::vector<uint32_t> run(PolicyKind kind, TestCluster& cluster, int picks, size_t concurrency,
                          Duration slow_start = Duration{}, Instant start = kStart) {
  const auto policy = make_policy(kind, {.members = cluster.views, .slow_start = slow_start, .now = start});
  Prng prng(42);
  std::vector<uint32_t> counts(cluster.views.size());
  std::deque<uint32_t> open;
  for (int i = 0; i < picks; ++i) {
    const Instant now = start + Duration::ms(i);
    const uint32_t position = policy->pick({.now = now}, prng).value();
    ++counts[position];
    cluster.loads[position].picked_at_ns = now.ns();
    ++cluster.loads[position].in_flight;
    open.push_back(position);
    if (open.size() <= concurrency) continue;
    --cluster.loads[open.front()].in_flight;
    open.pop_front();
  }
  for (const uint32_t position : open) --cluster.loads[position].in_flight;
  return counts;
}

TEST(Policy, SharesFollowWeightsInAnIdleCluster) {
  for (const PolicyKind kind : kNotHashing) {
    for (const std::vector<uint32_t>& weights :
         {std::vector<uint32_t>{3, 1}, {5, 1, 1}, {1, 1, 1, 1, 1, 1}, {10, 20, 30, 5, 5, 5, 5, 20}}) {
      TestCluster cluster = TestCluster::weighted(weights);
      constexpr int kPicks = 40'000;
      const std::vector<uint32_t> counts = run(kind, cluster, kPicks, 0);
      double total = 0;
      for (const uint32_t weight : weights) total += weight;
      for (size_t i = 0; i < weights.size(); ++i) {
        const double expected = kPicks * weights[i] / total;
        EXPECT_NEAR(counts[i], expected, expected * 0.05 + 1)
            << name_of(kind) << " endpoint " << i << " of " << weights.size();
      }
    }
  }
}

TEST(Policy, SharesFollowWeightsUnderLoad) {
  for (const PolicyKind kind : kNotHashing) {
    TestCluster cluster = TestCluster::weighted({10, 20, 30, 5, 5, 5, 5, 20});
    const std::vector<uint32_t> counts = run(kind, cluster, 40'000, 400);
    for (size_t i = 0; i < counts.size(); ++i) {
      const double expected = 400.0 * cluster.views[i].weight;
      EXPECT_NEAR(counts[i], expected, expected * 0.1) << name_of(kind) << " endpoint " << i;
    }
  }
}

TEST(Policy, RoundRobinIsSmooth) {
  TestCluster cluster = TestCluster::weighted({5, 1, 1});
  const auto policy = make_policy(PolicyKind::round_robin, {.members = cluster.views});
  Prng prng(1);
  int since_light = 0;
  for (int i = 0; i < 700; ++i) {
    const uint32_t position = policy->pick({.now = kStart}, prng).value();
    since_light = position == 0 ? since_light + 1 : 0;
    ASSERT_LE(since_light, 6) << "the two light ones come round within 7 picks";
  }
}

TEST(Policy, RoundRobinStartsAnywhere) {
  TestCluster cluster(10);
  std::set<uint32_t> first;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Prng prng(seed);
    first.insert(make_policy(PolicyKind::round_robin, {.members = cluster.views})->pick({.now = kStart}, prng).value());
  }
  EXPECT_GE(first.size(), 9u) << "workers must not all begin with the same endpoint";
}

TEST(WeightedDraw, NeverTheSameTwice) {
  for (const std::vector<uint32_t>& weights : {std::vector<uint32_t>{1, 1}, {1, 1, 1, 1, 1}, {1000, 1, 1, 1, 1}}) {
    const TestCluster cluster = TestCluster::weighted(weights);
    const WeightedDraw draw({.members = cluster.views});
    Prng prng(3);
    for (int i = 0; i < 20'000; ++i) {
      const auto pair = draw.draw_two({.now = kStart}, prng);
      ASSERT_TRUE(pair.has_value());
      ASSERT_NE(pair->first, pair->second);
    }
  }
}

TEST(WeightedDraw, EveryPairOfEqualsIsEquallyLikely) {
  const TestCluster cluster(5);
  const WeightedDraw draw({.members = cluster.views});
  Prng prng(5);
  std::vector<int> counts(25);
  for (int i = 0; i < 200'000; ++i) {
    const auto pair = draw.draw_two({.now = kStart}, prng);
    ++counts[pair->first * 5 + pair->second];
  }
  for (size_t i = 0; i < 25; ++i) {
    const bool same = i / 5 == i % 5;
    EXPECT_NEAR(counts[i], same ? 0 : 10'000, same ? 0 : 400) << i;
  }
}

TEST(Policy, NeverTheBusierOfTwo) {
  for (const PolicyKind kind : {PolicyKind::p2c, PolicyKind::least_request, PolicyKind::peak_ewma}) {
    TestCluster cluster(2);
    const auto policy = make_policy(kind, {.members = cluster.views});
    Prng prng(9);
    int wrong = 0;
    for (uint32_t i = 0; i < 10'000; ++i) {
      const uint32_t a = i % 7 * 2;
      const uint32_t b = i % 5 * 3 + 1;
      cluster.set_in_flight({a, b});
      const uint32_t position = policy->pick({.now = kStart}, prng).value();
      if (a != b && (position == 0) != (a < b)) ++wrong;
    }
    EXPECT_EQ(wrong, 0) << name_of(kind);
  }
}

TEST(Policy, TheOrderOfComparison) {
  struct Case {
    const char* message;
    uint32_t expected;
    std::vector<uint32_t> weights, in_flight, latency_ms, unused_ms;
  };
  const Case cases[] = {
      {"fewer in flight", 1, {1, 1}, {2, 1}, {1, 90}, {9, 1}},
      {"fewer per weight", 0, {4, 1}, {3, 1}, {0, 0}, {1, 9}},
      {"equally loaded: clearly faster", 1, {1, 1}, {1, 1}, {20, 10}, {9, 1}},
      {"latencies within a fifth: longest unused", 0, {1, 1}, {1, 1}, {110, 100}, {9, 1}},
      {"never measured is neither faster nor slower", 0, {1, 1}, {0, 0}, {100, 0}, {9, 1}},
      {"longest unused of three", 2, {1, 1, 1}, {0, 0, 0}, {0, 0, 0}, {1, 2, 3}},
  };
  for (const Case& c : cases) {
    for (const PolicyKind kind : {PolicyKind::p2c, PolicyKind::least_request}) {
      TestCluster cluster = TestCluster::weighted(c.weights);
      cluster.set_in_flight(c.in_flight);
      for (size_t i = 0; i < c.weights.size(); ++i) {
        cluster.set_latency(i, Duration::ms(c.latency_ms[i]), kStart);
        cluster.loads[i].picked_at_ns = (kStart - Duration::ms(c.unused_ms[i])).ns();
      }
      Prng prng(1);
      EXPECT_EQ(make_policy(kind, {.members = cluster.views})->pick({.now = kStart}, prng), c.expected)
          << name_of(kind) << ": " << c.message;
    }
  }
}

TEST(Policy, NoEndpointStarves) {
  // One endpoint was ten times slower when last seen. It must be tried again while the cluster idles.
  for (const PolicyKind kind : {PolicyKind::p2c, PolicyKind::least_request, PolicyKind::peak_ewma}) {
    for (const size_t size : {2u, 4u, 10u}) {
      TestCluster cluster(size);
      for (size_t i = 0; i < size; ++i) cluster.set_latency(i, Duration::ms(i == 0 ? 100 : 10), kStart);
      const auto policy = make_policy(kind, {.members = cluster.views, .now = kStart});
      Prng prng(11);
      int retried = 0;
      for (int i = 0; i < 60'000; ++i) {
        const Instant now = kStart + Duration::ms(i);
        const uint32_t position = policy->pick({.now = now}, prng).value();
        cluster.loads[position].picked_at_ns = now.ns();
        record_latency(cluster.loads[position], Duration::ms(10), now);
        if (position == 0) ++retried;
      }
      EXPECT_GT(retried, 1'000) << name_of(kind) << " of " << size;
    }
  }
}

TEST(PeakEwma, PrefersTheFasterUnderLoad) {
  TestCluster cluster(10);
  for (size_t i = 0; i < 10; ++i) cluster.set_latency(i, Duration::ms(i == 0 ? 100 : 10), kStart);
  const auto policy = make_policy(PolicyKind::peak_ewma, {.members = cluster.views, .now = kStart});
  Prng prng(13);
  int slow = 0;
  for (int i = 0; i < 10'000; ++i) slow += policy->pick({.now = kStart}, prng) == 0u ? 1 : 0;
  EXPECT_EQ(slow, 0) << "two different draws: the slow one always meets a faster one";
}

TEST(PeakEwma, CostCountsWhatIsInFlight) {
  TestCluster cluster(2);
  cluster.set_latency(0, Duration::ms(10), kStart);
  cluster.set_latency(1, Duration::ms(30), kStart);
  const auto policy = make_policy(PolicyKind::peak_ewma, {.members = cluster.views, .now = kStart});
  Prng prng(17);
  struct Case {
    const char* message;
    uint32_t expected;
    uint32_t in_flight;  ///< at the faster one
  };
  for (const Case& c : {Case{"10 x 2 < 30 x 1", 0, 1}, {"10 x 5 > 30 x 1", 1, 4}}) {
    cluster.set_in_flight({c.in_flight, 0});
    EXPECT_EQ(policy->pick({.now = kStart}, prng), c.expected) << c.message;
  }
}

TEST(PeakEwma, ANewcomerCountsAsItsPeersMean) {
  TestCluster cluster(3);
  cluster.set_latency(0, Duration::ms(10), kStart);
  cluster.set_latency(1, Duration::ms(30), kStart);
  const auto policy = make_policy(PolicyKind::peak_ewma, {.members = cluster.views, .now = kStart});
  Prng prng(19);
  EXPECT_EQ(policy->pick({.now = kStart}, prng), 0u) << "some 20 ms, not nothing";
  cluster.set_in_flight({3, 0, 0});
  EXPECT_EQ(policy->pick({.now = kStart}, prng), 2u) << "some 20 ms, not for ever";
}

TEST(Policy, SlowStartAlsoAmongEqualWeights) {
  for (const PolicyKind kind : kNotHashing) {
    for (const size_t size : {3u, 10u}) {
      // A fifth of the ramp is over: the newcomer weighs 28 % all through the second that is looked at.
      TestCluster cluster(size);
      constexpr int kPicks = 20'000;
      const Duration window = Duration::s(10'000);
      cluster.views[0].slow_start_from = kStart - Duration::s(2'000);
      const std::vector<uint32_t> counts = run(kind, cluster, kPicks, 0, window);
      const double expected = kPicks * 0.28 / (0.28 + static_cast<double>(size) - 1);
      EXPECT_NEAR(counts[0], expected, expected * 0.12) << name_of(kind) << " of " << size;
    }
  }
}

TEST(Policy, TheRampEnds) {
  for (const PolicyKind kind : kNotHashing) {
    TestCluster cluster(10);
    cluster.views[0].slow_start_from = kStart;
    const std::vector<uint32_t> counts = run(kind, cluster, 20'000, 0, Duration::s(10), kStart + Duration::s(10));
    EXPECT_NEAR(counts[0], 2'000, 200) << name_of(kind);
  }
}

TEST(Policy, AvoidsWhatWasTriedAndSaysSoWhenNothingIsLeft) {
  for (const PolicyKind kind : {PolicyKind::round_robin, PolicyKind::least_request, PolicyKind::p2c,
                                PolicyKind::peak_ewma, PolicyKind::ring_hash, PolicyKind::maglev}) {
    for (const bool equal_weights : {true, false}) {
      TestCluster cluster(8);
      if (!equal_weights) cluster.views[3].weight = 50;
      const auto policy = make_policy(kind, {.members = cluster.views, .bounded_load_percent = 125});
      Prng prng(23);
      std::vector<uint32_t> tried;
      for (size_t i = 0; i < 8; ++i) {
        const auto position = policy->pick({.hash = 77, .avoid = tried, .now = kStart}, prng);
        ASSERT_TRUE(position.has_value()) << name_of(kind) << i;
        ASSERT_EQ(std::count(tried.begin(), tried.end(), *position), 0) << name_of(kind) << i;
        tried.push_back(*position);
      }
      EXPECT_FALSE(policy->pick({.hash = 77, .avoid = tried, .now = kStart}, prng).has_value()) << name_of(kind);
    }
  }
}

/// Of d different draws among n the least loaded member is one with probability d / n; the pick is then it.
TEST(P2c, ChoicesAreHowManyAreCompared) {
  for (const uint32_t choices : {1u, 2u, 3u, 5u, 8u}) {
    SCOPED_TRACE(choices);
    TestCluster cluster(20);
    for (uint32_t i = 0; i < 20; ++i) cluster.loads[i].in_flight = i;
    const auto policy = make_policy(PolicyKind::p2c, {.members = cluster.views, .choices = choices});
    Prng prng(7);
    constexpr int kPicks = 100'000;
    int least = 0, second = 0;
    for (int i = 0; i < kPicks; ++i) {
      const uint32_t position = policy->pick({.now = kStart}, prng).value();
      least += position == 0;
      second += position == 1;
    }
    const double d = choices, n = 20;
    EXPECT_NEAR(d / n, least / double{kPicks}, 0.005);
    EXPECT_NEAR((n - d) / n * d / (n - 1), second / double{kPicks}, 0.005) << "the second is picked when not the first";
  }
}

TEST(P2c, ARandomChoiceAvoidsWhatWasTried) {
  TestCluster cluster(3);
  const auto policy = make_policy(PolicyKind::p2c, {.members = cluster.views, .choices = 1});
  Prng prng(7);
  const uint32_t tried[] = {0, 2};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(1u, policy->pick({.avoid = tried, .now = kStart}, prng).value());
  const uint32_t all[] = {0, 1, 2};
  EXPECT_FALSE(policy->pick({.avoid = all, .now = kStart}, prng));
}

}  // namespace
}  // namespace weir::balance
