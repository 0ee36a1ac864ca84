// The checker that every run has: conservation, and Little's law as the exact identity that it is over a finite run (J.
// D. C. Little, "Little's law as viewed on its 50th anniversary", 2011, section 4). That it holds in worlds where
// everything goes wrong; that it can fail, which a ledger kept wrongly by hand shows; and that the area it keeps is the
// queue of theory, L = rho / (1 - rho).
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/laws_runs.h"
#include "sim/ledger.h"

namespace weir::sim::laws {
namespace {

constexpr auto kNoRule = l7::core::Rule::none;

Instant at(int64_t second) { return Instant{} + Duration::s(second); }

struct Bookkeeping {
  const char* message;
  std::vector<std::string_view> expected;  ///< the beginnings of the laws that are broken
  std::function<void(Ledger&)> keep;
};

TEST(Ledger, TellsEveryWayToKeepItWrongly) {
  constexpr auto kSecond = static_cast<__uint128_t>(1'000'000'000);
  const std::vector<Bookkeeping> rows{
      {"kept well: one of two answered, the other open for two seconds",
       {},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.asked(at(2));
         ledger.answered(at(1), 200, kNoRule, at(3));
         ledger.close(1, 2 * kSecond, at(4));
       }},
      {"a request is forgotten",
       {"conservation", "Little"},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.close(0, 0, at(4));
       }},
      {"answered twice",
       {"more requests", "conservation"},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.answered(at(1), 200, kNoRule, at(2));
         ledger.answered(at(1), 200, kNoRule, at(2));
         ledger.close(0, 0, at(2));
       }},
      {"answered with another's beginning",
       {"Little"},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.asked(at(2));
         ledger.answered(at(2), 200, kNoRule, at(3));
         ledger.answered(at(2), 200, kNoRule, at(3));
         ledger.close(0, 0, at(3));
       }},
      {"a stay that is off by a nanosecond",
       {"Little"},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.answered(at(1) + Duration::ns(1), 200, kNoRule, at(3));
         ledger.close(0, 0, at(3));
       }},
      {"one too many said to be open",
       {"conservation"},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.answered(at(1), 200, kNoRule, at(3));
         ledger.close(1, 0, at(3));
       }},
      {"open stays are left out",
       {"Little"},
       [&](Ledger& ledger) {
         ledger.asked(at(1));
         ledger.close(1, 0, at(3));
       }},
      {"the clock goes back",
       {"time"},
       [&](Ledger& ledger) {
         ledger.asked(at(2));
         ledger.answered(at(2), 200, kNoRule, at(1));
         ledger.close(0, 0, at(3));
       }},
  };
  for (const Bookkeeping& row : rows) {
    Result result;
    Ledger ledger(result, Instant{});
    row.keep(ledger);
    for (const std::string_view law : row.expected) {
      bool told = false;
      for (const std::string& broken : result.laws.broken) told = told || broken.starts_with(law);
      EXPECT_TRUE(told) << row.message << ": " << law;
    }
    EXPECT_EQ(row.expected.empty(), result.laws.broken.empty()) << row.message;
  }
}

/// Overload, an endpoint that dies, one that hangs, retries, timeouts, a full queue, a second tier: at the end some
/// requests are in every place where a request can be.
Scenario where_everything_goes_wrong(model::PolicyKind policy) {
  Scenario scenario;
  scenario.duration = Duration::s(by_length(12, 300));
  scenario.warm_up = Duration::s(2);
  scenario.network.same_zone = Duration::us(300);
  scenario.clients.push_back({.rate = 900, .burst_every = Duration::s(4), .idempotent_percent = 70});
  scenario.clients.push_back({.arrivals = Arrivals::closed, .connections = 20, .think = {.mean = Duration::ms(50)}});
  for (const uint32_t concurrency : {8u, 3u}) {
    TierSpec& tier = scenario.tiers.emplace_back();
    tier.cluster.policy = policy;
    tier.cluster.circuit.max_requests = 200;
    tier.cluster.circuit.max_pending = 50;
    tier.cluster.health_check.emplace();
    tier.route.timeout = Duration::ms(700);
    tier.route.retry.attempts = 3;
    tier.gateways = 2;
    tier.endpoints.push_back(
        {.count = 6,
         .concurrency = concurrency,
         .service_time = {.distribution = Distribution::lognormal, .mean = Duration::ms(20), .cv_percent = 200}});
  }
  scenario.faults = {{.kind = FaultKind::die, .at = Duration::s(3), .length = Duration::s(2), .tier = 1},
                     {.kind = FaultKind::half_dead, .at = Duration::s(4), .tier = 0, .first = 1, .last = 1},
                     {.kind = FaultKind::partition, .at = Duration::s(6), .tier = 1, .first = 2, .last = 2}};
  return scenario;
}

TEST(LittlesLaw, HoldsToTheNanosecondWhereEverythingGoesWrong) {
  using model::PolicyKind;
  for (const PolicyKind policy : {PolicyKind::round_robin, PolicyKind::least_request, PolicyKind::p2c,
                                  PolicyKind::peak_ewma, PolicyKind::ring_hash, PolicyKind::maglev}) {
    const auto result = run(where_everything_goes_wrong(policy), "wrong", 1);
    for (const std::string& law : result->laws.broken) ADD_FAILURE() << static_cast<int>(policy) << ": " << law;
    EXPECT_GT(result->laws.answered, 0u);
    EXPECT_GT(result->laws.failed, 0u);
    EXPECT_GT(result->laws.open, 0u) << "the end comes in the middle of something";
    EXPECT_GT(result->tiers[1].retries, 0u);
    EXPECT_EQ(result->laws.arrived, result->laws.answered + result->laws.failed + result->laws.open);
    EXPECT_EQ(result->laws.mean_number, result->laws.rate_times_stay);
  }
}

TEST(LittlesLaw, TheMeanNumberIsTheQueueOfTheory) {
  // The area counts from the run's first instant, when the queue is empty: of 20,000 service times that is nothing.
  const OpenWorld world{.load_percent = 70, .warm_up = 0, .measured = by_length<int64_t>(20'000, 1'000'000)};
  std::vector<Sample> numbers;
  for (uint64_t seed = 1; seed <= 16; ++seed) {
    const auto result = run(open_world(world), "number", seed);
    EXPECT_TRUE(result->laws.broken.empty());
    numbers.push_back({result->laws.mean_number, result->tiers[0].endpoints[0].utilisation});
  }
  expect_law("M/M/1 at 70 %, mean number", 0.7 / 0.3, controlled_mean(numbers, 0.7), by_length(0.08, 0.02));
}

}  // namespace
}  // namespace weir::sim::laws
