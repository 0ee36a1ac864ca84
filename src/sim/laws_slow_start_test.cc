// Slow start is a promise about an area: over its window a newcomer gets what the ramp encloses. The factor f(t) of its
// weight grows in a straight line from 0.1 to 1 (HAProxy's linear slow start with Envoy's floor of 10 %), and it has f
// of n - 1 + f of the draws. So of the requests that come evenly over the window it gets
//   integral of f / (n - 1 + f) = 1 - (n - 1) / 0.9 ln(n / (n - 0.9)),
// and of the keys that hash to it, of which it has f, 0.55. Tolerance: four standard errors of a share, plus, where
// hashing decides, those of the share of keys.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/test_cluster.h"
#include "sim/laws_runs.h"

namespace weir::sim::laws {
namespace {

using model::PolicyKind;

constexpr uint32_t kEndpoints = 10;
constexpr Duration kWindow = Duration::s(10);

double share_over_ramp() { return 1 - (kEndpoints - 1) / 0.9 * std::log(kEndpoints / (kEndpoints - 0.9)); }

Estimate share_of(uint64_t picked, uint64_t all) {
  const double share = static_cast<double>(picked) / static_cast<double>(all);
  return {share, std::sqrt(share * (1 - share) / static_cast<double>(all))};
}

/// What endpoint 0 gets of `picks` that come evenly over the window after it joined, while nobody is loaded.
Estimate newcomers_share(const balance::BalancerOptions& options, bool ramps, int64_t picks) {
  balance::TestCluster cluster(kEndpoints);
  if (ramps) cluster.views[0].slow_start_from = balance::kStart;
  balance::Balancer balancer(options);
  balancer.update(cluster.views, balance::kStart);
  Prng prng(1);
  uint64_t got = 0;
  for (int64_t i = 0; i < picks; ++i) {
    const Instant now = balance::kStart + Duration::ns(kWindow.ns() / picks * i);
    got += balancer.pick({.hash = prng.next(), .now = now}, prng)->index == 0 ? 1 : 0;
  }
  return share_of(got, static_cast<uint64_t>(picks));
}

struct Row {
  const char* message;
  PolicyKind policy;
  uint32_t choices;
};

class SlowStart : public testing::TestWithParam<Row> {};

TEST_P(SlowStart, TheShareIsTheRampsIntegral) {
  const Row& row = GetParam();
  const int64_t picks = by_length(200'000, 10'000'000);
  const balance::BalancerOptions options{.policy = row.policy, .choices = row.choices, .slow_start = kWindow};
  const Estimate found = newcomers_share(options, true, picks);
  double expected = share_over_ramp();
  double tolerance = 4 * found.error;
  if (balance::is_hashing(row.policy)) {
    const Estimate whole = newcomers_share(options, false, picks);
    expected = 0.55 * whole.mean;
    tolerance += 4 * 0.55 * whole.error;
  }
  expect_law(std::string(row.message) + ", share over the ramp", expected, found, tolerance / expected);
}

INSTANTIATE_TEST_SUITE_P(Laws, SlowStart,
                         testing::Values(Row{"random", PolicyKind::p2c, 1}, Row{"p2c", PolicyKind::p2c, 2},
                                         Row{"p2c of three", PolicyKind::p2c, 3},
                                         Row{"round robin", PolicyKind::round_robin, 2},
                                         Row{"least request", PolicyKind::least_request, 2},
                                         Row{"maglev", PolicyKind::maglev, 2},
                                         Row{"ring hash", PolicyKind::ring_hash, 2}),
                         [](const auto& tested) {
                           std::string name = tested.param.message;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

class CountsDuring final : public Observer {
 public:
  CountsDuring(Instant from, Instant until) : from_(from), until_(until) {}
  void on_pick(const PickEvent& event) override {
    if (event.now < from_ || event.now >= until_) return;
    ++all;
    if (event.endpoint == 0) ++first;
  }
  uint64_t all = 0, first = 0;

 private:
  Instant from_, until_;
};

TEST(SlowStartInAWorld, AnEndpointThatIsUndrainedGetsTheRampsIntegral) {
  Scenario scenario;
  scenario.duration = Duration::s(20);
  scenario.clients.push_back({.rate = by_length(15'000u, 500'000u)});
  TierSpec& tier = scenario.tiers.emplace_back();
  // So quick that nobody is loaded: under load P2C takes from the newcomer what its small weight cannot carry.
  tier.endpoints.push_back({.count = kEndpoints, .concurrency = 100, .service_time = {.mean = Duration::ns(10)}});
  strip(tier);
  tier.cluster.slow_start = kWindow;
  scenario.faults = {{.kind = FaultKind::drain, .at = Duration::s(2), .length = Duration::s(3)}};
  const Instant joins = Instant{} + Duration::s(5);
  CountsDuring counts(joins, joins + kWindow);
  const auto result = run(scenario, "slow start", 1, &counts);
  EXPECT_TRUE(result->laws.broken.empty());
  const Estimate found = share_of(counts.first, counts.all);
  expect_law("share over the ramp, in a world", share_over_ramp(), found, 4 * found.error / share_over_ramp());
}

}  // namespace
}  // namespace weir::sim::laws
