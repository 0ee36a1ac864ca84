// Maglev against its paper (D. E. Eisenbud and others, "Maglev: A Fast and Reliable Software Network Load Balancer",
// NSDI 2016): a table of M > 100 N entries gives shares within 1 % of each other (section 3.4), and a change of the
// endpoints moves little besides what it must (section 5.3). The paper shows the second in a figure and proves no
// bound, so the bound is its own algorithm: pseudocode 1 with hashes of another family, filled here. And bounded loads
// (V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads", 2016): nobody has more
// than ceil(c m / n) of m requests, at any moment, however few the keys are.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "balance/maglev.h"
#include "balance/policy.h"
#include "balance/test_cluster.h"
#include "sim/laws_runs.h"

namespace weir::sim::laws {
namespace {

using balance::EndpointView;
using balance::Maglev;
using balance::TestCluster;
using model::PolicyKind;

constexpr uint32_t kEntries = Maglev::kTableSize;

using Owners = std::vector<uint64_t>;  ///< by entry: the key of its endpoint

/// Pseudocode 1 of the paper. `keys`: of the endpoints, in order.
Owners fill_as_the_paper(const std::vector<uint64_t>& keys) {
  Owners owners(kEntries, 0);
  std::vector<uint64_t> next(keys.size()), skip(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    Prng hashes(keys[i]);
    next[i] = hashes.below(kEntries);
    skip[i] = 1 + hashes.below(kEntries - 1);
  }
  for (uint32_t filled = 0;;) {
    for (size_t i = 0; i < keys.size(); ++i) {
      while (owners[next[i]] != 0) next[i] = (next[i] + skip[i]) % kEntries;
      owners[next[i]] = keys[i];
      if (++filled == kEntries) return owners;
    }
  }
}

std::vector<uint64_t> keys_of(const std::vector<EndpointView>& views) {
  std::vector<uint64_t> keys;
  for (const EndpointView& view : views) keys.push_back(view.key);
  std::sort(keys.begin(), keys.end());
  return keys;
}

Owners fill_as_production(const std::vector<EndpointView>& views) {
  const Maglev maglev({.members = views});
  Owners owners;
  for (uint64_t entry = 0; entry < kEntries; ++entry) owners.push_back(views[maglev.lookup(entry)].key);
  return owners;
}

/// Percentage of entries that change hands although their endpoint is still there.
double moved(const Owners& before, const Owners& after, uint64_t removed) {
  uint64_t count = 0;
  for (size_t i = 0; i < before.size(); ++i) count += before[i] != removed && before[i] != after[i] ? 1 : 0;
  return 100.0 * static_cast<double>(count) / kEntries;
}

TEST(MaglevLaw, SharesAreWithinOnePercent) {
  for (const uint32_t endpoints : {3u, 10u, 100u, 655u}) {
    const TestCluster cluster(endpoints);
    Owners owners = fill_as_production(cluster.views);
    std::sort(owners.begin(), owners.end());
    double least = kEntries, most = 0;
    for (const EndpointView& view : cluster.views) {
      const auto [from, to] = std::equal_range(owners.begin(), owners.end(), view.key);
      least = std::min(least, static_cast<double>(to - from));
      most = std::max(most, static_cast<double>(to - from));
    }
    EXPECT_LE(most / least, 1.01) << endpoints << " endpoints, " << least << " to " << most << " entries";
  }
}

TEST(MaglevLaw, RemovingOneMovesNoMoreThanThePapersTableDoes) {
  for (const uint32_t endpoints : {10u, 100u, 500u}) {
    const TestCluster cluster(endpoints);
    const uint32_t removals = by_length(4u, endpoints);
    double ours = 0, papers = 0;
    const Owners before = fill_as_production(cluster.views), before_paper = fill_as_the_paper(keys_of(cluster.views));
    for (uint32_t i = 0; i < removals; ++i) {
      std::vector<EndpointView> left = cluster.views;
      left.erase(left.begin() + i);
      const uint64_t gone = cluster.views[i].key;
      ours += moved(before, fill_as_production(left), gone) / removals;
      papers += moved(before_paper, fill_as_the_paper(keys_of(left)), gone) / removals;
    }
    std::printf("  maglev, 1 of %u removed: moves %.2f %% of the other entries, the paper's %.2f %%\n", endpoints, ours,
                papers);
    // Two families of hashes scatter by a fifth with so few removals, by less with all of them.
    EXPECT_LE(ours, by_length(1.3, 1.1) * papers) << endpoints;
    EXPECT_LE(ours, 3) << endpoints;
  }
}

struct Row {
  const char* name;
  PolicyKind policy;
  uint32_t bound_percent;
};

class BoundedLoad : public testing::TestWithParam<Row> {};

/// Requests of few keys come and go; the worst excess of an endpoint over its cap at the moment it was picked.
TEST_P(BoundedLoad, IsNeverExceededWhileRequestsComeAndGo) {
  const Row& row = GetParam();
  constexpr uint32_t kEndpoints = 16;  // up to so many the walk knows the total exactly
  TestCluster cluster(kEndpoints);
  const auto policy = balance::make_policy(
      row.policy, {.members = cluster.views, .bounded_load_percent = row.bound_percent, .now = balance::kStart});
  Prng prng(1);
  std::vector<uint32_t> under_way;
  double worst = -1e9;
  for (uint32_t i = 0; i < by_length(50'000u, 5'000'000u); ++i) {
    // A random walk between nothing and a few hundred at once.
    if (!under_way.empty() && prng.below(400) < under_way.size()) {
      std::swap(under_way[prng.below(under_way.size())], under_way.back());
      --cluster.loads[under_way.back()].in_flight;
      under_way.pop_back();
      continue;
    }
    const uint32_t picked =
        policy->pick({.hash = balance::mix(1 + prng.below(3)), .now = balance::kStart}, prng).value();
    under_way.push_back(picked);
    const uint64_t permitted = (row.bound_percent * under_way.size() + 100 * kEndpoints - 1) / (100 * kEndpoints);
    const double has = ++cluster.loads[picked].in_flight;
    worst = std::max(worst, has - static_cast<double>(permitted));
  }
  EXPECT_EQ(0, worst) << "above 0: exceeded; below: never met, so this has shown nothing";
}

TEST_P(BoundedLoad, HoldsInAWorld) {
  const Row& row = GetParam();
  constexpr uint32_t kConnections = 80;
  Scenario scenario;
  scenario.duration = Duration::s(by_length(15, 600));
  scenario.clients.push_back({.arrivals = Arrivals::closed, .connections = kConnections, .keys = 2});
  TierSpec& tier = scenario.tiers.emplace_back();
  tier.endpoints.push_back({.count = 8,
                            .concurrency = 4,
                            .service_time = {.distribution = Distribution::exponential, .mean = Duration::ms(10)}});
  strip(tier);
  tier.cluster.policy = row.policy;
  tier.cluster.hash_on = model::HashOn::path;
  const auto fullest = [&](uint32_t bound_percent) {
    tier.cluster.bounded_load_percent = bound_percent;
    const auto result = run(scenario, row.name, 1);
    EXPECT_TRUE(result->laws.broken.empty());
    uint32_t most = 0;
    for (const EndpointResult& endpoint : result->tiers[0].endpoints) most = std::max(most, endpoint.in_flight_max);
    return most;
  };
  EXPECT_EQ((row.bound_percent * kConnections + 799) / 800, fullest(row.bound_percent));
  EXPECT_GE(fullest(0), kConnections / 2) << "two keys, so without a bound at most two endpoints have everything";
}

INSTANTIATE_TEST_SUITE_P(Laws, BoundedLoad,
                         testing::Values(Row{"maglev_125", PolicyKind::maglev, 125},
                                         Row{"maglev_200", PolicyKind::maglev, 200},
                                         Row{"ring_hash_125", PolicyKind::ring_hash, 125},
                                         Row{"ring_hash_200", PolicyKind::ring_hash, 200}),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace weir::sim::laws
