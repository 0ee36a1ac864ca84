// Each invariant can fail: the observer is told of a run in which it does not hold, beside one in which it just does.
#include "sim/invariants.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "balance/distribution.h"
#include "base/prng.h"

namespace weir::sim {
namespace {

using balance::Health;
using balance::OutlierState;
using model::PolicyKind;

constexpr uint32_t kEndpoints = 4;

Scenario one_tier() {
  Scenario scenario;
  scenario.duration = Duration::s(20);
  TierSpec& tier = scenario.tiers.emplace_back();
  tier.endpoints.push_back({.count = kEndpoints});
  tier.route.timeout = Duration::s(1);
  tier.cluster.retry_budget = {.percent = 20, .min_per_second = 1, .window = Duration::s(10)};
  return scenario;
}

Instant at_ms(int64_t ms) { return Instant{} + Duration::ms(ms); }

std::string found(const Invariants& invariants) {
  std::string all;
  for (const Violation& each : invariants.violations()) all += describe(each) + "\n";
  return all;
}

/// What `tell` makes of it.
template <class Tell>
std::string found_in(const Scenario& scenario, Tell&& tell, const Laws& laws = {}) {
  Invariants invariants(scenario);
  tell(invariants);
  invariants.close(laws);
  return found(invariants);
}

TEST(Invariants, ABrokenLawIsTold) {
  EXPECT_EQ("", found_in(one_tier(), [](Invariants&) {}));
  Laws laws;
  laws.broken = {"conservation"};
  EXPECT_EQ("laws, at 20.000 s: conservation (1 time)\n", found_in(
                                                              one_tier(), [](Invariants&) {}, laws));
}

struct PickCase {
  const char* message;
  const char* expected;
  Observer::PickEvent event;
};

TEST(Invariants, OnlyEligibleEndpointsArePicked) {
  Scenario scenario = one_tier();
  scenario.faults.push_back({.kind = FaultKind::drain,
                             .at = Duration::s(5),
                             .length = Duration::s(1),
                             .repeat_every = Duration::s(4),
                             .first = 1,
                             .last = 2});
  const std::string is = "eligible only, at 1.000 s, tier 0, gateway 0: endpoint 0 is ";
  const std::string drained =
      "eligible only, at 9.500 s, tier 0, gateway 0: endpoint 2 is drained by a fault (1 time)\n";
  const std::string unhealthy = is + "unhealthy (1 time)\n", draining = is + "draining (1 time)\n";
  const std::string no_probation = is + "in probation, and fails its checks or has no weight (1 time)\n";
  const Instant now = at_ms(1'000);
  const PickCase cases[] = {
      {"healthy", "", {.now = now}},
      {"degraded", "", {.now = now, .health = Health::degraded}},
      {"unhealthy", unhealthy.c_str(), {.now = now, .health = Health::unhealthy}},
      {"panic", "", {.now = now, .panic = true, .health = Health::unhealthy}},
      {"probation", "", {.now = now, .probation = true, .health = Health::unhealthy}},
      {"checks fail",
       no_probation.c_str(),
       {.now = now, .probation = true, .health = Health::unhealthy, .available = false}},
      {"draining in panic", draining.c_str(), {.now = now, .panic = true, .health = Health::draining}},
      {"draining in probation", draining.c_str(), {.now = now, .probation = true, .health = Health::draining}},
      {"the scenario drains it again", drained.c_str(), {.now = at_ms(9'500), .endpoint = 2}},
      {"between its drains", "", {.now = at_ms(8'500), .endpoint = 2}},
      {"beside the drained", "", {.now = at_ms(9'500), .endpoint = 3}},
  };
  for (const PickCase& c : cases) {
    EXPECT_EQ(c.expected, found_in(scenario, [&](Invariants& all) { all.on_pick(c.event); })) << c.message;
  }
}

TEST(Invariants, EveryRequestIsAnsweredOnceAndInTime) {
  EXPECT_EQ("", found_in(one_tier(),
                         [](Invariants& all) {
                           all.on_request(at_ms(0), 0, 0, 1);
                           all.on_finish(at_ms(1'000), 0, 1, 200);
                           all.on_request(at_ms(19'500), 0, 0, 2);
                         }))
      << "one answered just in time, one still under way";
  EXPECT_EQ("answered in time, at 1.001 s, tier 0, gateway 0: answered after 1001 ms of 1000 ms (1 time)\n",
            found_in(one_tier(), [](Invariants& all) {
              all.on_request(at_ms(0), 0, 0, 1);
              all.on_finish(at_ms(1'001), 0, 1, 504);
            }));
  EXPECT_EQ("answered in time, at 20.000 s, tier 0, gateway 0: a request of 3.000 s is lost (1 time)\n",
            found_in(one_tier(), [](Invariants& all) { all.on_request(at_ms(3'000), 0, 0, 1); }));
  EXPECT_EQ("answered once, at 0.002 s: an answer to nothing under way (1 time)\n",
            found_in(one_tier(), [](Invariants& all) {
              all.on_request(at_ms(0), 0, 0, 1);
              all.on_finish(at_ms(1), 0, 1, 200);
              all.on_finish(at_ms(2), 0, 1, 200);
            }));
}

TEST(Invariants, EjectionsKeepTheirLimit) {
  Scenario scenario = one_tier();
  scenario.tiers[0].cluster.outlier.max_ejection_percent = 50;
  const auto eject = [](Invariants& all, size_t endpoint, OutlierState from, OutlierState to) {
    all.on_transition(at_ms(1), 0, 0, {.endpoint = endpoint, .from = from, .to = to, .evidence = {}});
  };
  using enum OutlierState;
  const auto two_out = [&](Invariants& all) {
    eject(all, 0, serving, ejected);
    eject(all, 0, ejected, probation);
    eject(all, 1, serving, ejected);
  };
  EXPECT_EQ("", found_in(scenario, two_out));
  EXPECT_EQ("ejection limit, at 0.001 s, tier 0, gateway 0: 3 of 4 endpoints are out, 2 may be (1 time)\n",
            found_in(scenario, [&](Invariants& all) {
              two_out(all);
              eject(all, 2, serving, ejected);
            }));
  EXPECT_EQ("ejection limit, at 0.001 s, tier 0, gateway 0: endpoint 3 leaves a state that it is not in (1 time)\n",
            found_in(scenario, [&](Invariants& all) { eject(all, 3, probation, serving); }));
  scenario.tiers[0].cluster.outlier.max_ejection_percent = 0;
  EXPECT_EQ("", found_in(scenario, [&](Invariants& all) { eject(all, 0, serving, ejected); })) << "one always may be";
}

TEST(Invariants, SomebodyIsEligibleWhereSomebodyIsAvailable) {
  struct Case {
    const char* message;
    const char* expected;
    Observer::Standing standing;
  };
  const Case cases[] = {
      {"some of both", "", {.endpoints = 4, .ejected = 2, .eligible = 2, .available = 4}},
      {"none of either", "", {.endpoints = 4, .found_nobody = true}},
      {"ejected to the last",
       "some eligible, at 0.000 s, tier 0, gateway 0: none of 2 available endpoints is eligible (1 time)\n",
       {.endpoints = 4, .ejected = 2, .eligible = 0, .available = 2}},
      {"overlooked",
       "some eligible, at 0.000 s, tier 0, gateway 0: a request found nobody, though 1 endpoints are available (1 "
       "time)\n",
       {.endpoints = 4, .eligible = 1, .available = 1, .found_nobody = true}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.expected, found_in(one_tier(), [&](Invariants& all) { all.on_standing(c.standing); })) << c.message;
  }
}

TEST(Invariants, RetriesKeepTheirBudget) {
  // 20 % of 50 requests, and one per second of a window of ten.
  const auto spend = [](Invariants& all, int64_t retries_at_ms, int retries) {
    for (uint64_t i = 0; i < 50; ++i) {
      all.on_request(at_ms(500), 0, 0, i);
      all.on_finish(at_ms(500), 0, i, 200);
    }
    for (int i = 0; i < retries; ++i) all.on_retry(at_ms(retries_at_ms), 0, 0);
  };
  EXPECT_EQ("", found_in(one_tier(), [&](Invariants& all) { spend(all, 9'999, 20); }));
  EXPECT_EQ("retry budget, at 9.999 s, tier 0, gateway 0: 21 retries of 50 requests, 20.00 may be (1 time)\n",
            found_in(one_tier(), [&](Invariants& all) { spend(all, 9'999, 21); }));
  EXPECT_EQ("retry budget, at 10.000 s, tier 0, gateway 0: 11 retries of 0 requests, 10.00 may be (1 time)\n",
            found_in(one_tier(), [&](Invariants& all) { spend(all, 10'000, 11); }))
      << "the first tenth is forgotten";
}

/// A gateway that chooses by `choose(number of the pick)` among four idle endpoints.
class Choosing {
 public:
  explicit Choosing(PolicyKind policy, std::vector<uint32_t> weights = {1, 1, 1, 1}) : scenario_(one_tier()) {
    scenario_.tiers[0].cluster.policy = policy;
    balance::Pool pool{.members = {}, .share = balance::kWhole};
    for (uint32_t i = 0; i < kEndpoints; ++i) {
      pool.members.push_back({.index = i, .weight = weights[i], .slow_start_from = {}, .load = &loads_[i]});
    }
    pools_.push_back(pool);
  }
  template <class Choose>
  std::string found(int picks, Choose&& choose) {
    return found_in(scenario_, [&](Invariants& all) {
      for (int i = 0; i < picks; ++i) {
        all.on_pick({.now = at_ms(i), .endpoint = choose(i), .generation = 1, .pools = pools_});
      }
    });
  }
  Scenario& scenario() { return scenario_; }
  balance::EndpointLoad& load(size_t endpoint) { return loads_[endpoint]; }

 private:
  Scenario scenario_;
  balance::EndpointLoad loads_[kEndpoints];
  std::vector<balance::Pool> pools_;
};

TEST(Invariants, NobodyStarves) {
  // Turns of three of four: the fourth is owed a quarter of each pick, half of that where turns begin anywhere.
  const auto without_last = [](int i) { return static_cast<uint32_t>(i % 3); };
  const std::string starved = "endpoint 3 was passed over though owed 40 picks (1 time)\n";
  EXPECT_NE(std::string::npos, Choosing(PolicyKind::round_robin).found(330, without_last).find(starved));
  EXPECT_NE(std::string::npos, Choosing(PolicyKind::p2c).found(170, without_last).find(starved));
  EXPECT_EQ(std::string::npos, Choosing(PolicyKind::p2c).found(150, without_last).find(starved)) << "not yet certain";
  EXPECT_EQ("", Choosing(PolicyKind::maglev).found(1'000, without_last)) << "the keys decide";
  Choosing busy(PolicyKind::p2c);
  busy.load(3).in_flight = 5;
  EXPECT_EQ("", busy.found(1'000, without_last)) << "it has enough to do";
}

TEST(Invariants, WeightsHold) {
  Prng prng(1);
  const auto evenly = [&](int) { return static_cast<uint32_t>(prng.below(kEndpoints)); };
  Choosing random(PolicyKind::p2c);
  random.scenario().tiers[0].cluster.choices = 1;
  EXPECT_EQ("", random.found(10'000, evenly));
  Choosing heavy(PolicyKind::p2c, {3, 1, 1, 1});
  EXPECT_NE(std::string::npos, heavy.found(10'000, evenly).find("weights, at ")) << "the first should have half";
  EXPECT_EQ("", heavy.found(10'000, [&](int) {
    return static_cast<uint32_t>(std::max<int64_t>(0, static_cast<int64_t>(prng.below(6)) - 2));
  }));
  const auto turns = [](int i) { return static_cast<uint32_t>(i % 4); };
  EXPECT_EQ("", Choosing(PolicyKind::round_robin).found(1'000, turns));
  EXPECT_NE("", Choosing(PolicyKind::round_robin).found(1'000, [&](int i) { return i < 4 ? 0U : turns(i); }))
      << "the first three too often";
}

}  // namespace
}  // namespace weir::sim
