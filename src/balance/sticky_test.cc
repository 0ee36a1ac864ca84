#include "balance/sticky.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "balance/balancer.h"
#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

uint64_t token_of(const TestCluster& cluster, size_t endpoint) {
  return sticky_token("app", cluster.views[endpoint].key);
}

struct Row {
  const char* message;
  Stickiness expected;
  std::vector<uint32_t> in_flight;
  uint32_t overflow_percent;
};

/// The client's endpoint is the first of three.
TEST(Sticky, OverflowsAtItsBoundAndNotBefore) {
  const Row rows[] = {
      {"idle", Stickiness::hit, {0, 0, 0}, 150},
      {"at least one request, however small the mean", Stickiness::hit, {0, 0, 0}, 100},
      {"below: 150 % of (11 + 1) / 3 is 6", Stickiness::hit, {5, 3, 3}, 150},
      {"at the bound", Stickiness::overflow, {6, 3, 2}, 150},
      {"far beyond it", Stickiness::overflow, {60, 0, 0}, 150},
      {"the others' load raises the mean", Stickiness::hit, {60, 60, 60}, 150},
      {"a wider bound", Stickiness::hit, {60, 0, 0}, 300},
      {"never", Stickiness::hit, {1'000'000, 0, 0}, 0},
  };
  for (const Row& row : rows) {
    TestCluster cluster(3);
    cluster.set_in_flight(row.in_flight);
    Balancer balancer({});
    balancer.update(cluster.views, kStart);
    const auto held = balancer.hold("app", token_of(cluster, 0), row.overflow_percent, {.now = kStart});
    EXPECT_EQ(held.stickiness, row.expected) << row.message;
    EXPECT_EQ(held.pick.has_value(), row.expected == Stickiness::hit) << row.message;
    EXPECT_EQ(held.pick ? held.pick->index : 0, 0u) << row.message;
  }
}

TEST(Sticky, TheBoundIsByWeight) {
  TestCluster cluster = TestCluster::weighted({1, 3});
  cluster.set_in_flight({2, 6});
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  // ceil(1.2 x 9 x 1/4) = 3 and ceil(1.2 x 9 x 3/4) = 9.
  EXPECT_EQ(balancer.hold("app", token_of(cluster, 0), 120, {.now = kStart}).stickiness, Stickiness::hit);
  cluster.set_in_flight({3, 5});
  EXPECT_EQ(balancer.hold("app", token_of(cluster, 0), 120, {.now = kStart}).stickiness, Stickiness::overflow);
  EXPECT_EQ(balancer.hold("app", token_of(cluster, 1), 120, {.now = kStart}).stickiness, Stickiness::hit);
}

/// Everybody is glued to one endpoint: its load stays at the bound, and the rest goes to the others.
TEST(Sticky, OneBusyEndpointIsRelievedByTheOthers) {
  TestCluster cluster(20);  // more than are added up whole
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  Prng prng(7);
  for (int i = 0; i < 1000; ++i) {
    auto held = balancer.hold("app", token_of(cluster, 4), 150, {.now = kStart});
    const auto pick = held.pick ? held.pick : balancer.pick({.now = kStart}, prng);
    ++cluster.loads[pick->index].in_flight;
  }
  EXPECT_NEAR(cluster.loads[4].in_flight, 75, 5);
}

TEST(Sticky, WhoMayTakeNoTrafficIsLeft) {
  struct Case {
    const char* message;
    Health health;
    uint32_t weight;
    uint8_t priority;
  };
  for (const Case& each :
       {Case{"unhealthy", Health::unhealthy, 1, 0}, Case{"draining", Health::draining, 1, 0},
        Case{"without a weight", Health::healthy, 0, 0}, Case{"a standby whose turn is over", Health::healthy, 1, 1}}) {
    TestCluster cluster(4);
    cluster.views[0].health = each.health;
    cluster.views[0].weight = each.weight;
    cluster.views[0].priority = each.priority;
    Balancer balancer({});
    balancer.update(cluster.views, kStart);
    const auto held = balancer.hold("app", token_of(cluster, 0), 150, {.now = kStart});
    EXPECT_EQ(held.stickiness, Stickiness::moved) << each.message;
    EXPECT_FALSE(held.pick) << each.message;
    EXPECT_EQ(balancer.hold("app", token_of(cluster, 1), 150, {.now = kStart}).stickiness, Stickiness::hit);
  }
}

TEST(Sticky, PanicIgnoresHealthHereToo) {
  TestCluster cluster(4);
  for (size_t i = 0; i < 3; ++i) cluster.views[i].health = Health::unhealthy;
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  const auto held = balancer.hold("app", token_of(cluster, 0), 150, {.now = kStart});
  EXPECT_EQ(held.stickiness, Stickiness::hit) << "most sessions survive, if it is the probes that are wrong";
  EXPECT_TRUE(held.pick->panic);
}

TEST(Sticky, FollowsChanges) {
  TestCluster cluster(3);
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  const auto stickiness = [&] { return balancer.hold("app", token_of(cluster, 0), 150, {.now = kStart}).stickiness; };
  EXPECT_EQ(stickiness(), Stickiness::hit);
  cluster.views[0].health = Health::draining;
  balancer.update(cluster.views, kStart);
  EXPECT_EQ(stickiness(), Stickiness::moved);
  cluster.views[0].health = Health::healthy;
  balancer.update(cluster.views, kStart);
  EXPECT_EQ(stickiness(), Stickiness::hit);
  balancer.update({}, kStart);
  EXPECT_EQ(stickiness(), Stickiness::moved) << "nobody is left";
}

TEST(Sticky, ARetryDoesNotComeBack) {
  TestCluster cluster(3);
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  const uint32_t tried[] = {0};
  const auto held = balancer.hold("app", token_of(cluster, 0), 150, {.avoid = tried, .now = kStart});
  EXPECT_FALSE(held.pick);
}

TEST(Sticky, TokensAreTheClustersOwnAndAllDifferent) {
  TestCluster cluster(1000);
  std::set<uint64_t> tokens;
  for (size_t i = 0; i < 1000; ++i) {
    tokens.insert(token_of(cluster, i));
    tokens.insert(sticky_token("api", cluster.views[i].key));
  }
  EXPECT_EQ(tokens.size(), 2000u);
  EXPECT_EQ(sticky_token("app", 1), 0x002dd57fe6272ee1ULL) << "it stands in browsers: it must not change";
}

}  // namespace
}  // namespace weir::balance
