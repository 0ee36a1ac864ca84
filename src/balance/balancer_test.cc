#include "balance/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

using model::PolicyKind;

constexpr PolicyKind kAll[] = {PolicyKind::round_robin, PolicyKind::least_request, PolicyKind::p2c,
                               PolicyKind::peak_ewma,   PolicyKind::ring_hash,     PolicyKind::maglev};

std::vector<uint32_t> count_picks(Balancer& balancer, size_t endpoints, int picks) {
  Prng prng(31);
  std::vector<uint32_t> counts(endpoints);
  for (int i = 0; i < picks; ++i) {
    const Instant now = kStart + Duration::ms(i);
    ++counts[balancer.pick({.hash = mix(static_cast<uint64_t>(i)), .now = now}, prng).value().index];
  }
  return counts;
}

TEST(Balancer, NothingToPickFrom) {
  Balancer balancer({});
  Prng prng(1);
  EXPECT_FALSE(balancer.pick({.now = kStart}, prng).has_value()) << "before the first update";
  TestCluster cluster(1);
  balancer.update(cluster.views, kStart);
  EXPECT_TRUE(balancer.pick({.now = kStart}, prng).has_value());
  cluster.views[0].weight = 0;
  balancer.update(cluster.views, kStart);
  EXPECT_FALSE(balancer.pick({.now = kStart}, prng).has_value());
}

TEST(Balancer, NotesThePickInTheLoadCell) {
  TestCluster cluster(1);
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  Prng prng(1);
  ASSERT_TRUE(balancer.pick({.now = kStart + Duration::s(3)}, prng).has_value());
  EXPECT_EQ(cluster.loads[0].picked_at_ns.load(), (kStart + Duration::s(3)).ns());
  EXPECT_EQ(cluster.loads[0].in_flight.load(), 0u) << "counting is the caller's business";
}

TEST(Balancer, OnlyWhoMayServeIsPicked) {
  for (const PolicyKind kind : kAll) {
    TestCluster cluster(12);
    cluster.views[0].health = Health::unhealthy;
    cluster.views[1].health = Health::draining;
    cluster.views[2].weight = 0;
    Balancer balancer({.policy = kind});
    balancer.update(cluster.views, kStart);
    const std::vector<uint32_t> counts = count_picks(balancer, 12, 10'000);
    for (size_t i = 0; i < 12; ++i) EXPECT_EQ(counts[i] == 0, i < 3) << i;
  }
}

TEST(Balancer, SpillsToTheNextPriorityByShare) {
  for (const PolicyKind kind : kAll) {
    TestCluster cluster(8);
    for (size_t i = 4; i < 8; ++i) cluster.views[i].priority = 1;
    cluster.views[0].health = Health::unhealthy;
    cluster.views[1].health = Health::unhealthy;
    Balancer balancer({.policy = kind});
    balancer.update(cluster.views, kStart);
    const std::vector<uint32_t> counts = count_picks(balancer, 8, 20'000);
    EXPECT_NEAR(counts[2] + counts[3], 14'000, 400) << "half of the level is healthy: 70 %";
  }
}

TEST(Balancer, AKeyKeepsItsPool) {
  for (const PolicyKind kind : {PolicyKind::ring_hash, PolicyKind::maglev}) {
    TestCluster cluster(8);
    for (size_t i = 4; i < 8; ++i) cluster.views[i].priority = 1;
    cluster.views[0].health = Health::unhealthy;
    cluster.views[1].health = Health::unhealthy;
    Balancer balancer({.policy = kind});
    balancer.update(cluster.views, kStart);
    Prng prng(1);
    for (uint64_t key = 0; key < 1'000; ++key) {
      const PickRequest request{.hash = mix(key), .now = kStart};
      ASSERT_EQ(balancer.pick(request, prng).value().index, balancer.pick(request, prng).value().index);
    }
  }
}

TEST(Balancer, PanicIsTold) {
  TestCluster cluster(3);
  cluster.views[0].health = Health::unhealthy;
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  Prng prng(1);
  EXPECT_FALSE(balancer.pick({.now = kStart}, prng).value().panic);
  cluster.views[1].health = Health::unhealthy;
  balancer.update(cluster.views, kStart);
  std::vector<uint32_t> counts(3);
  for (int i = 0; i < 3'000; ++i) {
    const Pick pick = balancer.pick({.now = kStart + Duration::ms(i)}, prng).value();
    EXPECT_TRUE(pick.panic);
    ++counts[pick.index];
  }
  for (const uint32_t count : counts) EXPECT_NEAR(count, 1'000, 50);
}

TEST(Balancer, AvoidIsSoftAndReachesTheStandbys) {
  for (const PolicyKind kind : kAll) {
    TestCluster cluster(4);
    cluster.views[1].health = Health::degraded;
    cluster.views[2].priority = 1;
    cluster.views[3].health = Health::draining;
    // Draining takes a third of the capacity, degraded another: all of the rest is level 0's first endpoint's.
    Balancer balancer({.policy = kind, .overprovisioning_percent = 300});
    balancer.update(cluster.views, kStart);
    Prng prng(1);
    std::vector<uint32_t> tried;
    for (const uint32_t expected : {0u, 1u, 2u}) {
      EXPECT_EQ(balancer.pick({.hash = 1, .avoid = tried, .now = kStart}, prng).value().index, expected);
      tried.push_back(expected);
    }
    EXPECT_EQ(balancer.pick({.hash = 1, .avoid = tried, .now = kStart}, prng).value().index, 0u)
        << "all tried: start over";
  }
}

TEST(Balancer, TellsWhatAPickLookedAt) {
  for (const PolicyKind kind : {PolicyKind::p2c, PolicyKind::peak_ewma, PolicyKind::maglev}) {
    TestCluster cluster(9);
    for (uint32_t i = 0; i < 9; ++i) cluster.loads[i].in_flight = 3 + i;
    Balancer balancer({.policy = kind, .bounded_load_percent = 0});
    balancer.update(cluster.views, kStart);
    Prng prng(5);
    PickStory story;
    for (int i = 0; i < 100; ++i) {
      const auto pick = balancer.pick({.hash = mix(static_cast<uint64_t>(i)), .now = kStart, .story = &story}, prng);
      ASSERT_EQ(story.by, PickStory::By::policy);
      ASSERT_EQ(story.looked, kind == PolicyKind::maglev ? 1u : 2u);
      bool chosen_was_looked_at = false;
      for (uint32_t look = 0; look < story.looked; ++look) {
        EXPECT_EQ(story.looks[look].in_flight, 3 + story.looks[look].endpoint);
        chosen_was_looked_at |= story.looks[look].endpoint == pick->index;
      }
      EXPECT_TRUE(chosen_was_looked_at);
    }
  }
}

TEST(Balancer, TellsWhenThePolicyHadNobodyToOffer) {
  TestCluster cluster(3);
  cluster.views[2].priority = 1;
  Balancer balancer({});
  balancer.update(cluster.views, kStart);
  Prng prng(5);
  PickStory story;
  const uint32_t all[] = {0, 1, 2};
  ASSERT_TRUE(balancer.pick({.avoid = std::span(all).first(2), .now = kStart, .story = &story}, prng));
  EXPECT_EQ(story.by, PickStory::By::elsewhere);
  ASSERT_TRUE(balancer.pick({.avoid = all, .now = kStart, .story = &story}, prng));
  EXPECT_EQ(story.by, PickStory::By::repeated);
  EXPECT_EQ(story.looked, 2u) << "of the pool drawn again, both";
}

TEST(Balancer, ManyWorkersShareTheLoadCells) {
  TestCluster cluster(10);
  constexpr int kPicks = 20'000;
  {
    std::vector<std::jthread> workers;
    for (uint64_t w = 0; w < 4; ++w) {
      workers.emplace_back([&cluster, w] {
        Balancer balancer({.policy = kAll[w + 2]});
        balancer.update(cluster.views, kStart);
        Prng prng(w);
        std::vector<uint32_t> open;
        for (int i = 0; i < kPicks; ++i) {
          const PickRequest request{.hash = prng.next(), .now = kStart + Duration::us(i)};
          open.push_back(balancer.pick(request, prng).value().index);
          cluster.loads[open.back()].in_flight.fetch_add(1, std::memory_order_relaxed);
          if (open.size() < 20) continue;
          for (const uint32_t index : open) cluster.loads[index].in_flight.fetch_sub(1, std::memory_order_relaxed);
          open.clear();
        }
        for (const uint32_t index : open) cluster.loads[index].in_flight.fetch_sub(1, std::memory_order_relaxed);
      });
    }
  }
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(cluster.loads[i].in_flight.load(), 0u);
}

TEST(Balancer, SameSeedSamePicks) {
  for (const PolicyKind kind : kAll) {
    TestCluster one(50);
    TestCluster two(50);
    Balancer first({.policy = kind});
    Balancer second({.policy = kind});
    first.update(one.views, kStart);
    second.update(two.views, kStart);
    EXPECT_EQ(count_picks(first, 50, 1'000), count_picks(second, 50, 1'000));
  }
}

}  // namespace
}  // namespace weir::balance
