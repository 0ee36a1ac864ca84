// Random worlds are what random_world.h says: within the limits of scenario files, unlike each other, and each a
// function of its seed.
#include "sim/random_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "sim/dice.h"
#include "sim/read_parts.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

constexpr uint64_t kSeeds = 300;

TEST(RandomWorld, IsAFunctionOfItsSeed) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    EXPECT_EQ(random_world(seed), random_world(seed));
    EXPECT_FALSE(random_world(seed) == random_world(seed + 1)) << seed;
  }
}

TEST(RandomWorld, OfASeedIsTheSameOnAnyMachine) {
  const Scenario world = random_world(1);
  EXPECT_EQ(12966619160104079557U, world.seed) << "if random_world was changed on purpose, pin the new values";
  EXPECT_EQ(3U, world.tiers.size());
  EXPECT_EQ(33624, world.duration.ms());
}

TEST(RandomWorld, KeepsItsLimits) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario world = random_world(seed);
    SCOPED_TRACE(world.title);
    EXPECT_GE(world.duration, Duration::s(5));
    EXPECT_LE(world.duration, Duration::s(60));
    EXPECT_LT(world.warm_up, world.duration);
    ASSERT_FALSE(world.tiers.empty());
    EXPECT_LE(world.tiers.size(), 3U);
    for (const TierSpec& tier : world.tiers) {
      EXPECT_GE(endpoints_of(tier), 1U);
      EXPECT_LE(endpoints_of(tier), kRandomEndpoints);
      EXPECT_GE(tier.gateways, 1U);
      EXPECT_LE(tier.gateways, kRandomGateways);
      EXPECT_LE(tier.autoscale.min, std::max(tier.autoscale.max, 1U));
      for (const EndpointGroupSpec& group : tier.endpoints) EXPECT_GE(group.concurrency, 1U);
    }
    std::map<FaultKind, uint32_t> faults;
    for (const FaultSpec& fault : world.faults) {
      EXPECT_LE(++faults[fault.kind], kRandomFaults);
      ASSERT_LT(fault.tier, world.tiers.size());
      EXPECT_LE(fault.first, fault.last);
      EXPECT_LT(fault.last, endpoints_of(world.tiers[fault.tier]));
      EXPECT_TRUE(fault.repeat_every == Duration{} || fault.length < fault.repeat_every);
    }
  }
}

TEST(RandomWorld, ShowsEveryPolicyDistributionCacheAndFault) {
  std::set<model::PolicyKind> policies;
  std::set<Distribution> distributions;
  std::set<CacheMode> caches;
  std::set<FaultKind> faults;
  std::set<Arrivals> arrivals;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Scenario world = random_world(seed);
    for (const ClientSpec& client : world.clients) arrivals.insert(client.arrivals);
    for (const FaultSpec& fault : world.faults) faults.insert(fault.kind);
    for (const TierSpec& tier : world.tiers) {
      policies.insert(tier.cluster.policy);
      caches.insert(tier.cache.mode);
      for (const EndpointGroupSpec& group : tier.endpoints) distributions.insert(group.service_time.distribution);
    }
  }
  EXPECT_EQ(6U, policies.size());
  EXPECT_EQ(6U, distributions.size());
  EXPECT_EQ(5U, caches.size());
  EXPECT_EQ(kFaultNames.size(), faults.size());
  EXPECT_EQ(3U, arrivals.size()) << "all but traces";
}

TEST(RandomWorld, IsSmall) {
  uint64_t all = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario world = random_world(seed);
    const auto result = run(world, "size", world.seed);
    EXPECT_LE(result->laws.arrived, 2 * kRandomRequests) << world.title;
    all += result->laws.arrived;
  }
  EXPECT_GT(all, 20U * 200) << "a world without requests tests nothing";
}

TEST(Dice, MagnitudesReachBothEndsAndNothingBeyond) {
  struct Case {
    const char* message;
    int64_t least, most;
  };
  for (const Case& c :
       {Case{"one value", 7, 7}, Case{"two", 1, 2}, Case{"no power of two", 3, 11}, Case{"wide", 1, 100}}) {
    Dice dice(1);
    std::set<int64_t> seen;
    for (int i = 0; i < 10'000; ++i) seen.insert(dice.magnitude(c.least, c.most));
    EXPECT_EQ(c.least, *seen.begin()) << c.message;
    EXPECT_EQ(c.most, *seen.rbegin()) << c.message;
  }
}

}  // namespace
}  // namespace weir::sim
