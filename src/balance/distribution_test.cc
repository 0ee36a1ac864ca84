#include "balance/distribution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

/// `percents[i]` percent of the 100 endpoints of level i are healthy.
TestCluster levels(const std::vector<uint32_t>& percents) {
  TestCluster cluster(100 * percents.size());
  for (size_t i = 0; i < cluster.views.size(); ++i) {
    cluster.views[i].priority = static_cast<uint8_t>(i / 100);
    if (i % 100 >= percents[i / 100]) cluster.views[i].health = Health::unhealthy;
  }
  return cluster;
}

/// Rounded percentages by level, "!" for panic; standbys left out.
std::string shares(const std::vector<Pool>& pools) {
  std::string text;
  for (const Pool& pool : pools) {
    if (pool.share == 0) continue;
    if (!text.empty()) text += ' ';
    text += "P" + std::to_string(pool.priority) + ":" + std::to_string(std::lround(pool.share / 10'000.0));
    if (pool.panic) text += "!";
  }
  return text;
}

uint32_t sum_of_shares(const std::vector<Pool>& pools) {
  uint32_t sum = 0;
  for (const Pool& pool : pools) sum += pool.share;
  return sum;
}

TEST(Distribution, PrioritiesAsInTheDocumentationOfEnvoy) {
  struct Case {
    const char* message;
    std::string expected;
    std::vector<uint32_t> healthy_percents;
  };
  const Case cases[] = {
      {"all well", "P0:100", {100, 100}},
      {"72 % suffice for everything", "P0:100", {72, 100}},
      {"71 % are just short", "P0:99 P1:1", {71, 100}},
      {"half", "P0:70 P1:30", {50, 100}},
      {"a quarter", "P0:35 P1:65", {25, 100}},
      {"nothing left", "P1:100", {0, 100}},
      {"three levels, the second takes the rest", "P0:35 P1:65", {25, 100, 100}},
      {"three levels, a rest of the rest", "P0:35 P1:35 P2:30", {25, 25, 100}},
      {"both below the threshold: panic, half and half", "P0:50! P1:50!", {25, 25}},
      {"short, but above the threshold: shared in proportion", "P0:100", {60}},
      {"short together, only one in panic", "P0:71 P1:29!", {50, 20}},
      {"nobody is healthy: panic", "P0:100!", {0}},
      {"nobody is healthy anywhere: panic by capacity", "P0:50! P1:50!", {0, 0}},
  };
  for (const Case& c : cases) {
    const TestCluster cluster = levels(c.healthy_percents);
    const std::vector<Pool> pools = distribute(cluster.views, BalancerOptions{});
    EXPECT_EQ(shares(pools), c.expected) << c.message;
    EXPECT_EQ(sum_of_shares(pools), kWhole) << c.message;
  }
}

TEST(Distribution, PanicOfSmallClusters) {
  struct Case {
    const char* message;
    bool expected_panic;
    size_t expected_members;
    std::vector<Health> health;
  };
  using enum Health;
  const Case cases[] = {
      {"the only endpoint is used whatever its health", true, 1, {unhealthy}},
      {"one of two is not below half", false, 1, {healthy, unhealthy}},
      {"one of three is", true, 3, {healthy, unhealthy, unhealthy}},
      {"draining is not ill health", false, 1, {healthy, draining, draining, draining}},
      {"panic does not revive the draining", true, 2, {unhealthy, unhealthy, draining}},
      {"degraded ones are well enough", false, 1, {degraded, unhealthy}},
  };
  for (const Case& c : cases) {
    TestCluster cluster(c.health.size());
    for (size_t i = 0; i < c.health.size(); ++i) cluster.views[i].health = c.health[i];
    const std::vector<Pool> pools = distribute(cluster.views, BalancerOptions{});
    ASSERT_FALSE(pools.empty()) << c.message;
    EXPECT_EQ(pools[0].panic, c.expected_panic) << c.message;
    EXPECT_EQ(pools[0].members.size(), c.expected_members) << c.message;
  }
}

TEST(Distribution, NobodyForNewRequests) {
  TestCluster cluster(2);
  cluster.views[0].health = Health::draining;
  cluster.views[1].weight = 0;
  EXPECT_TRUE(distribute(cluster.views, BalancerOptions{}).empty()) << "draining and weight 0, even with panic on";
  cluster.views[0].health = Health::unhealthy;
  EXPECT_TRUE(distribute(cluster.views, BalancerOptions{.panic_percent = 0}).empty()) << "panic switched off";
}

TEST(Distribution, DegradedEndpointsComeAfterTheHealthyOfAllLevels) {
  // P0: 30 healthy, 70 degraded; P1: 40 healthy. 42 % and 56 % for the healthy, the missing 2 % for the degraded of P0.
  TestCluster cluster = levels({30, 40});
  for (size_t i = 30; i < 100; ++i) cluster.views[i].health = Health::degraded;
  EXPECT_EQ(shares(distribute(cluster.views, BalancerOptions{})), "P0:42 P0:2 P1:56");
}

TEST(Distribution, ASliverOfHealthIsNotRoundedAway) {
  TestCluster cluster(10'000);
  for (EndpointView& view : cluster.views) {
    view.weight = 1000;
    view.health = Health::unhealthy;
  }
  cluster.views[0].weight = 1;
  cluster.views[0].health = Health::healthy;
  const std::vector<Pool> pools = distribute(cluster.views, BalancerOptions{.panic_percent = 0});
  ASSERT_EQ(pools.size(), 1u);
  EXPECT_EQ(pools[0].share, kWhole);
}

/// Four endpoints in each of zones 1, 2, 3; `out` of zone 1 are unhealthy.
TestCluster three_zones(size_t out) {
  TestCluster cluster(12);
  for (size_t i = 0; i < 12; ++i) cluster.views[i].zone = ZoneId{static_cast<uint16_t>(i / 4 + 1)};
  for (size_t i = 0; i < out; ++i) cluster.views[i].health = Health::unhealthy;
  return cluster;
}

TEST(Distribution, ZonePreference) {
  struct Case {
    const char* message;
    std::vector<long> expected;  ///< percent by zone 1, 2, 3
    size_t out;
    uint16_t local;
  };
  const Case cases[] = {
      {"all stays at home", {100, 0, 0}, 0, 1},
      {"half of home is out: 2/10 of the capacity for 1/3 of the traffic", {60, 20, 20}, 2, 1},
      {"home is gone", {0, 50, 50}, 4, 1},
      {"from a zone with spare capacity nothing leaves", {0, 100, 0}, 2, 2},
      {"from a zone without endpoints: to all alike", {33, 33, 33}, 0, 9},
  };
  for (const Case& c : cases) {
    const TestCluster cluster = three_zones(c.out);
    BalancerOptions options;
    options.zone_preference = true;
    options.local_zone = ZoneId{c.local};
    std::vector<double> percent(3, 0.0);
    for (const Pool& pool : distribute(cluster.views, options)) {
      for (const EndpointView& member : pool.members) {
        percent[member.zone.v - 1u] += pool.share / 10'000.0 / static_cast<double>(pool.members.size());
      }
    }
    for (size_t zone = 0; zone < 3; ++zone)
      EXPECT_EQ(std::lround(percent[zone]), c.expected[zone]) << c.message << zone;
  }
}

TEST(Distribution, ZonesLoadEveryEndpointAlikeWhateverTheHealth) {
  // The rule's purpose: with callers in all zones, what the zones send sums to an equal load per healthy endpoint.
  const TestCluster cluster = three_zones(3);
  std::vector<double> load(12, 0.0);
  for (uint16_t local = 1; local <= 3; ++local) {
    BalancerOptions options;
    options.zone_preference = true;
    options.local_zone = ZoneId{local};
    for (const Pool& pool : distribute(cluster.views, options)) {
      for (const EndpointView& member : pool.members)
        load[member.index] += pool.share / static_cast<double>(pool.members.size());
    }
  }
  for (size_t i = 3; i < 12; ++i) EXPECT_NEAR(load[i], 3.0 * kWhole / 9, 10) << i;
}

TEST(Distribution, PanicKnowsNoZones) {
  BalancerOptions options;
  options.zone_preference = true;
  options.local_zone = ZoneId{1};
  TestCluster cluster = three_zones(4);
  for (size_t i = 4; i < 8; ++i) cluster.views[i].health = Health::unhealthy;
  const std::vector<Pool> pools = distribute(cluster.views, options);
  ASSERT_EQ(pools.size(), 1u);
  EXPECT_TRUE(pools[0].panic);
  EXPECT_EQ(pools[0].members.size(), 12u);
}

}  // namespace
}  // namespace weir::balance
