// Ring hash and Maglev: balance, disruption, weights, bounded loads, slow start.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "balance/maglev.h"
#include "balance/ring_hash.h"
#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

constexpr int kKeys = 100'000;

/// Share of keys by endpoint index, in percent of what the weights promise.
template <class Hashing>
std::vector<double> fairness(const TestCluster& cluster) {
  Hashing policy({.members = cluster.views});
  Prng prng(1);
  double total_weight = 0;
  std::vector<double> percent(cluster.views.size());
  for (const EndpointView& view : cluster.views) total_weight += view.weight;
  for (uint64_t key = 0; key < kKeys; ++key) percent[policy.pick({.hash = mix(key), .now = kStart}, prng).value()] += 1;
  for (size_t i = 0; i < percent.size(); ++i) percent[i] *= 100 * total_weight / cluster.views[i].weight / kKeys;
  return percent;
}

/// Percentage of keys that move although their endpoint is still there, when endpoint 0 of `size` goes.
template <class Hashing>
double disruption(size_t size) {
  const TestCluster cluster(size);
  const std::vector<EndpointView> fewer(cluster.views.begin() + 1, cluster.views.end());
  Hashing before({.members = cluster.views});
  Hashing after({.members = fewer});
  Prng prng(1);
  int moved = 0;
  for (uint64_t key = 0; key < kKeys; ++key) {
    const PickRequest request{.hash = mix(key), .now = kStart};
    const uint32_t owner = cluster.views[before.pick(request, prng).value()].index;
    if (owner != 0 && owner != fewer[after.pick(request, prng).value()].index) ++moved;
  }
  return 100.0 * moved / kKeys;
}

TEST(Maglev, TableIsEven) {
  for (const size_t size : {3u, 10u, 100u}) {
    const TestCluster cluster(size);
    const Maglev policy({.members = cluster.views});
    std::vector<uint32_t> entries(size);
    for (uint64_t i = 0; i < Maglev::kTableSize; ++i) ++entries[policy.lookup(i)];
    const auto [least, most] = std::minmax_element(entries.begin(), entries.end());
    EXPECT_LE(*most - *least, 1u) << size << ": equal weights take turns, so entries differ by at most one";
  }
}

TEST(Maglev, TableFollowsWeights) {
  const TestCluster cluster = TestCluster::weighted({1, 2, 3, 10});
  const Maglev policy({.members = cluster.views});
  std::vector<uint32_t> entries(4);
  for (uint64_t i = 0; i < Maglev::kTableSize; ++i) ++entries[policy.lookup(i)];
  for (size_t i = 0; i < 4; ++i) {
    const double expected = Maglev::kTableSize * cluster.views[i].weight / 16.0;
    EXPECT_NEAR(entries[i], expected, expected * 0.01) << i;
  }
}

TEST(Hashing, KeysAreSharedByWeight) {
  const TestCluster cluster = TestCluster::weighted({1, 2, 1, 4, 1, 1, 2, 3});
  for (const double percent : fairness<Maglev>(cluster)) EXPECT_NEAR(percent, 100, 3) << "maglev, 100,000 keys";
  for (const double percent : fairness<RingHash>(cluster)) EXPECT_NEAR(percent, 100, 25) << "ring, 160 points each";
}

TEST(Hashing, RemovingOneMovesLittleElse) {
  EXPECT_EQ(disruption<RingHash>(10), 0.0) << "a ring moves nothing but the lost endpoint's keys";
  EXPECT_LT(disruption<Maglev>(10), 2.5);
  EXPECT_LT(disruption<Maglev>(100), 2.5);
}

TEST(Hashing, TheOrderOfTheEndpointsDoesNotMatter) {
  const TestCluster cluster = TestCluster::weighted({1, 2, 1, 4, 1, 1, 2, 3});
  std::vector<EndpointView> reversed(cluster.views.rbegin(), cluster.views.rend());
  const Maglev maglev({.members = cluster.views});
  const Maglev maglev_reversed({.members = reversed});
  const RingHash ring({.members = cluster.views});
  const RingHash ring_reversed({.members = reversed});
  for (uint64_t key = 0; key < 10'000; ++key) {
    const uint64_t hash = mix(key);
    ASSERT_EQ(cluster.views[maglev.lookup(hash)].index, reversed[maglev_reversed.lookup(hash)].index);
    ASSERT_EQ(cluster.views[ring.lookup(hash)].index, reversed[ring_reversed.lookup(hash)].index);
  }
}

TEST(RingHash, LookupIsTheSuccessorOnTheCircle) {
  // Against the definition, on a ring of one endpoint per point: hashes in order must change owners only forward and
  // wrap round.
  const TestCluster cluster(50);
  const RingHash ring({.members = cluster.views});
  EXPECT_EQ(ring.lookup(UINT64_MAX), ring.lookup(0)) << "after the last point comes the first";
  std::set<uint32_t> owners;
  for (uint64_t i = 0; i < 100'000; ++i) owners.insert(ring.lookup(i * (UINT64_MAX / 100'000)));
  EXPECT_EQ(owners.size(), 50u);
}

/// Holds `load` requests of few keys, so that some endpoints are far beyond their share; returns the worst excess over
/// the cap.
template <class Hashing>
int worst_excess(TestCluster& cluster, uint32_t percent, int load, int keys) {
  Hashing policy({.members = cluster.views, .bounded_load_percent = percent});
  Prng prng(1);
  double weights = 0;
  for (const EndpointView& view : cluster.views) weights += view.weight;
  int worst = 0;
  for (int total = 0; total < load; ++total) {
    const uint64_t key = prng.below(static_cast<uint64_t>(keys));
    const uint32_t position = policy.pick({.hash = mix(key + 1), .now = kStart}, prng).value();
    const int in_flight = static_cast<int>(++cluster.loads[position].in_flight);
    const double cap = std::ceil(percent / 100.0 * (total + 1) * cluster.views[position].weight / weights - 1e-9);
    worst = std::max(worst, in_flight - static_cast<int>(cap));
  }
  return worst;
}

TEST(BoundedLoads, NeverAboveTheCap) {
  for (const uint32_t percent : {100u, 125u, 200u}) {
    for (const int keys : {1, 5, 1000}) {
      TestCluster for_ring = TestCluster::weighted({1, 2, 1, 4, 1, 1, 2, 3});
      TestCluster for_maglev = TestCluster::weighted({1, 2, 1, 4, 1, 1, 2, 3});
      EXPECT_LE(worst_excess<RingHash>(for_ring, percent, 3'000, keys), 0) << percent << " % with " << keys << " keys";
      EXPECT_LE(worst_excess<Maglev>(for_maglev, percent, 3'000, keys), 0) << percent << " % with " << keys << " keys";
    }
  }
}

TEST(BoundedLoads, LargeClustersWorkWithALaggingTotal) {
  // 100 endpoints: the total is refreshed eight at a time. While load only grows it is too low, so the caps still hold.
  TestCluster cluster(100);
  EXPECT_LE(worst_excess<Maglev>(cluster, 125, 5'000, 20), 0);
}

TEST(BoundedLoads, ZeroMeansUnbounded) {
  TestCluster cluster(8);
  RingHash policy({.members = cluster.views});
  Prng prng(1);
  for (int i = 0; i < 100; ++i) ++cluster.loads[policy.pick({.hash = 5, .now = kStart}, prng).value()].in_flight;
  int used = 0;
  for (size_t i = 0; i < 8; ++i) used += cluster.loads[i].in_flight > 0 ? 1 : 0;
  EXPECT_EQ(used, 1);
}

TEST(BoundedLoads, OverflowSpreadsOverEverybody) {
  // Endpoint 0 is full. Its keys must not all fall onto one neighbour.
  TestCluster cluster(10);
  for (size_t i = 0; i < 10; ++i) cluster.loads[i].in_flight = i == 0 ? 1000 : 100;
  for (const model::PolicyKind kind : {model::PolicyKind::ring_hash, model::PolicyKind::maglev}) {
    const auto unbounded = make_policy(kind, {.members = cluster.views});
    const auto bounded = make_policy(kind, {.members = cluster.views, .bounded_load_percent = 125});
    Prng prng(1);
    std::map<uint32_t, int> overflow;
    int moved = 0;
    for (uint64_t key = 0; key < kKeys; ++key) {
      const PickRequest request{.hash = mix(key), .now = kStart};
      if (unbounded->pick(request, prng) != 0u) continue;
      const uint32_t to = bounded->pick(request, prng).value();
      ++overflow[to];
      ++moved;
      ASSERT_EQ(bounded->pick(request, prng), to) << "overflow, too, keeps a key where it went";
    }
    EXPECT_EQ(overflow.count(0), 0u);
    EXPECT_EQ(overflow.size(), 9u);
    for (const auto& [endpoint, count] : overflow) EXPECT_LT(count, moved / 4) << endpoint;
  }
}

TEST(Hashing, ANewcomersKeysMoveOneByOneDuringItsRamp) {
  TestCluster cluster(10);
  cluster.views[0].slow_start_from = kStart;
  for (const model::PolicyKind kind : {model::PolicyKind::ring_hash, model::PolicyKind::maglev}) {
    const auto policy = make_policy(kind, {.members = cluster.views, .slow_start = Duration::s(10)});
    Prng prng(1);
    const auto keys_at = [&](int second) {
      std::set<uint64_t> keys;
      for (uint64_t key = 0; key < 20'000; ++key) {
        if (policy->pick({.hash = mix(key), .now = kStart + Duration::s(second)}, prng) == 0u) keys.insert(key);
      }
      return keys;
    };
    const std::set<uint64_t> all = keys_at(10);
    std::set<uint64_t> before;
    for (const int second : {0, 2, 5, 9}) {
      const std::set<uint64_t> keys = keys_at(second);
      const double share = static_cast<double>(keys.size()) / static_cast<double>(all.size());
      EXPECT_NEAR(share, 0.1 + 0.09 * second, 0.05) << second << " s";
      EXPECT_TRUE(std::includes(keys.begin(), keys.end(), before.begin(), before.end())) << "a key that moved stays";
      before = keys;
    }
  }
}

}  // namespace
}  // namespace weir::balance
