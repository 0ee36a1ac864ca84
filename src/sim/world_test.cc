// What a run of the world promises whatever the scenario: the same seed gives the same run, the books balance, and each
// part of a scenario does what it says.
#include "sim/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace weir::sim {
namespace {

Scenario one_tier(uint32_t endpoints, uint32_t rate) {
  Scenario scenario;
  scenario.duration = Duration::s(60);
  scenario.clients.push_back({.rate = rate});
  TierSpec& tier = scenario.tiers.emplace_back();
  tier.endpoints.push_back({.count = endpoints,
                            .concurrency = 4,
                            .service_time = {.distribution = Distribution::exponential, .mean = Duration::ms(20)}});
  return scenario;
}

TierSpec database() {
  TierSpec tier{.name = "db"};
  tier.endpoints.push_back({.concurrency = 20, .service_time = {.mean = Duration::ms(5)}});
  return tier;
}

// Any change of a decision, a draw or an order changes it.
constexpr uint64_t kPinned = 10591374639632677222u;

FaultSpec fault(FaultKind kind, int64_t at_s, int64_t length_s, uint32_t percent = 100) {
  return {.kind = kind, .at = Duration::s(at_s), .length = Duration::s(length_s), .percent = percent};
}

std::string broken(const Result& result) {
  std::string all;
  for (const std::string& law : result.laws.broken) all += law + "; ";
  return all;
}

TEST(World, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  Scenario scenario = one_tier(8, 800);
  scenario.faults = {fault(FaultKind::die, 20, 10), fault(FaultKind::slow, 30, 10, 500)};
  const auto first = run(scenario, "a", 7), again = run(scenario, "a", 7), other = run(scenario, "a", 8);
  EXPECT_EQ(first->digest, again->digest);
  EXPECT_EQ(first->events, again->events);
  EXPECT_EQ(first->mean_ns, again->mean_ns);
  EXPECT_NE(first->digest, other->digest);
  EXPECT_EQ("", broken(*first));
}

TEST(World, ARunIsTheSameOnAnyMachine) {
  Scenario scenario = one_tier(8, 800);
  scenario.duration = Duration::s(20);
  scenario.clients[0].day = Duration::s(10);
  scenario.clients[0].keys_zipf_percent = 110;
  scenario.tiers[0].endpoints[0].service_time = {
      .distribution = Distribution::lognormal, .mean = Duration::ms(20), .cv_percent = 150};
  scenario.faults = {fault(FaultKind::errors, 5, 10, 50)};
  const auto result = run(scenario, "pinned", 1);
  EXPECT_EQ(kPinned, result->digest) << "if the engine or a policy was changed on purpose, pin the new digest";
}

TEST(World, CountsAndLatenciesOfACalmRunAreThoseOfTheScenario) {
  const auto result = run(one_tier(8, 400), "calm", 1);
  EXPECT_EQ("", broken(*result));
  EXPECT_NEAR(400 * 50, static_cast<double>(result->arrived), 5 * 142);
  EXPECT_EQ(0u, result->failed);
  // A quarter of 32 places: nobody waits, so the stay is the work.
  EXPECT_NEAR(20e6, result->mean_ns, 0.5e6);
  EXPECT_NEAR(result->laws.mean_number, result->laws.rate_times_stay, 1e-9);
  double utilisation = 0;
  for (const EndpointResult& endpoint : result->tiers[0].endpoints) utilisation += endpoint.utilisation / 8;
  EXPECT_NEAR(0.25, utilisation, 0.01);
}

struct FaultCase {
  const char* name;
  FaultKind kind;
  uint32_t percent;
  bool fails;   ///< some requests fail
  bool ejects;  ///< outlier detection takes the endpoint out
};

class Faults : public testing::TestWithParam<FaultCase> {};

TEST_P(Faults, KeepTheBooksAndShowTheirEffect) {
  const FaultCase& given = GetParam();
  Scenario scenario = one_tier(4, 300);
  scenario.warm_up = {};
  scenario.tiers[0].route.timeout = Duration::s(2);
  scenario.tiers[0].route.retry.attempts = 1;
  scenario.faults = {fault(given.kind, 20, 20, given.percent)};
  const auto result = run(scenario, given.name, 1);
  EXPECT_EQ("", broken(*result));
  EXPECT_EQ(given.fails, result->failed > 0) << result->failed;
  EXPECT_EQ(given.ejects, result->tiers[0].endpoints[0].ejections > 0);
  // It serves again after its fault: a quarter of what a healthy one serves at least.
  EXPECT_GT(result->tiers[0].endpoints[0].served, 300u * 60 / 4 / 4);
}

INSTANTIATE_TEST_SUITE_P(World, Faults,
                         testing::Values(FaultCase{"die", FaultKind::die, 100, true, true},
                                         FaultCase{"half_dead", FaultKind::half_dead, 100, true, true},
                                         FaultCase{"slow", FaultKind::slow, 1000, false, true},
                                         FaultCase{"errors", FaultKind::errors, 100, true, true},
                                         FaultCase{"partition", FaultKind::partition, 100, true, true},
                                         FaultCase{"drain", FaultKind::drain, 100, false, false}),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(World, AnEndpointIsDrainedUntilTheLastDrainEnds) {
  Scenario scenario = one_tier(2, 300);
  scenario.warm_up = Duration::s(15);
  scenario.duration = Duration::s(30);
  scenario.faults = {fault(FaultKind::drain, 5, 30), fault(FaultKind::drain, 8, 4)};
  const auto result = run(scenario, "drains", 1);
  EXPECT_EQ("", broken(*result));
  EXPECT_EQ(0u, result->tiers[0].endpoints[0].picked);
}

TEST(World, AnEndpointThatDiesResetsWhatItHadAndIsNotAskedWhileItIsEjected) {
  Scenario scenario = one_tier(4, 300);
  scenario.faults = {fault(FaultKind::die, 20, 20)};
  const auto result = run(scenario, "die", 1);
  EXPECT_EQ(0u, result->failed) << "idempotent requests are tried elsewhere";
  EXPECT_GT(result->tiers[0].endpoints[0].refused, 0u) << "some asked it before it was ejected";
  EXPECT_LT(result->tiers[0].endpoints[0].refused, 100u);
}

TEST(World, ACallToTheNextTierTakesItsTimeAndWaitsForThePool) {
  Scenario scenario = one_tier(2, 200);
  scenario.tiers[0].endpoints[0].concurrency = 50;
  scenario.tiers.push_back(database());
  const auto free_pool = run(scenario, "free", 1);
  scenario.tiers[0].pool = 1;
  const auto one = run(scenario, "one", 1);
  EXPECT_EQ("", broken(*free_pool) + broken(*one));
  EXPECT_NEAR(25e6, free_pool->mean_ns, 1e6);
  EXPECT_EQ(0u, free_pool->tiers[0].pool_waits);
  EXPECT_GT(one->tiers[0].pool_waits, 1000u);
  EXPECT_EQ(one->tiers[1].endpoints[0].in_flight_max, 2u) << "a connection for each of the two endpoints";
  EXPECT_GT(one->mean_ns, free_pool->mean_ns);
}

TEST(World, EachCacheModeFetchesAsItSays) {
  Scenario scenario = one_tier(2, 500);
  scenario.tiers[0].endpoints[0].concurrency = 200;
  scenario.clients[0].keys = 1;
  scenario.tiers.push_back(database());
  scenario.tiers[1].endpoints[0].service_time.mean = Duration::ms(100);
  scenario.tiers[1].endpoints[0].concurrency = 1000;
  const auto fetches = [&](CacheMode mode) -> std::unique_ptr<Result> {
    scenario.tiers[0].cache = {.mode = mode, .ttl = Duration::s(5), .early_percent = 300};
    auto result = run(scenario, "cache", 1);
    EXPECT_EQ("", broken(*result));
    return result;
  };
  const auto none = fetches(CacheMode::none), plain = fetches(CacheMode::plain),
             single = fetches(CacheMode::singleflight), both = fetches(CacheMode::both);
  EXPECT_NEAR(static_cast<double>(none->tiers[1].requests), static_cast<double>(none->tiers[0].attempts), 50);
  EXPECT_NEAR(50, plain->tiers[1].endpoints[0].in_flight_max, 25) << "a herd at every expiry";
  EXPECT_EQ(1u, single->tiers[1].endpoints[0].in_flight_max) << "one fetch at a time";
  EXPECT_GT(single->tiers[0].cache_waits, 0u);
  EXPECT_GT(both->tiers[0].cache_refreshes, 5u);
  EXPECT_LT(both->tiers[0].cache_misses, single->tiers[0].cache_misses) << "the refresh comes before the expiry";
}

TEST(World, AutoscalingFollowsTheLoadUpAndDown) {
  Scenario scenario = one_tier(2, 100);
  scenario.duration = Duration::s(900);
  scenario.clients[0].stages = {{.at = Duration::s(100), .rate = 1000}, {.at = Duration::s(500), .rate = 50}};
  scenario.tiers[0].autoscale = {.enabled = true,
                                 .min = 2,
                                 .max = 20,
                                 .target_percent = 50,
                                 .every = Duration::s(10),
                                 .boot = Duration::s(20),
                                 .cool_down = Duration::s(60)};
  const auto result = run(scenario, "scaled", 1);
  EXPECT_EQ("", broken(*result));
  const auto used = [&](size_t slice) {
    const auto& in_flight = result->slices[slice].in_flight;
    return std::count_if(in_flight.begin(), in_flight.end(), [](uint32_t n) { return n > 0; });
  };
  // 1,000 requests per second of 20 ms are 20 places: ten endpoints of four at 50 %.
  EXPECT_NEAR(10, static_cast<double>(used(450 / 2)), 3);
  EXPECT_LE(used(890 / 2), 3);
}

TEST(World, ZonePreferenceKeepsTrafficInItsZone) {
  Scenario scenario = one_tier(0, 300);
  EndpointGroupSpec group = scenario.tiers[0].endpoints[0];
  scenario.tiers[0].endpoints.clear();
  for (const char* zone : {"a", "b", "c"}) {
    group.zone = zone;
    group.count = 4;
    scenario.tiers[0].endpoints.push_back(group);
  }
  scenario.tiers[0].gateways = 3;
  scenario.tiers[0].gateway_zones = {"a", "b", "c"};
  const auto spread = run(scenario, "spread", 1);
  scenario.tiers[0].cluster.zone_preference = true;
  const auto kept = run(scenario, "kept", 1);
  const auto share = [](const Result& result) {
    return static_cast<double>(result.tiers[0].cross_zone_bytes) / static_cast<double>(result.tiers[0].all_bytes);
  };
  EXPECT_NEAR(2.0 / 3, share(*spread), 0.05);
  EXPECT_EQ(0, share(*kept));
  EXPECT_GT(spread->cross_zone_dollars_per_month, 0);
  EXPECT_EQ(0, kept->cross_zone_dollars_per_month);
}

TEST(World, AClosedLoopAsksAgainWhenItHasItsAnswer) {
  Scenario scenario = one_tier(4, 0);
  scenario.clients[0].arrivals = Arrivals::closed;
  scenario.clients[0].connections = 10;
  scenario.clients[0].think = {.mean = Duration::ms(80)};
  const auto result = run(scenario, "closed", 1);
  EXPECT_EQ("", broken(*result));
  // Ten connections, each with a round of 80 ms thought and 20 ms work.
  EXPECT_NEAR(100.0 * 50, static_cast<double>(result->arrived), 150);
}

TEST(World, AFullQueueIsAnsweredWith503AndItsRule) {
  Scenario scenario = one_tier(1, 400);
  scenario.tiers[0].cluster.circuit.max_requests = 4;
  scenario.tiers[0].cluster.circuit.max_pending = 2;
  const auto result = run(scenario, "full", 1);
  EXPECT_EQ("", broken(*result));
  EXPECT_GT(result->refusals[static_cast<size_t>(l7::core::Rule::max_pending)], 1000u);
  EXPECT_EQ(4u, result->tiers[0].endpoints[0].in_flight_max);
}

}  // namespace
}  // namespace weir::sim
