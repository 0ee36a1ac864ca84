// Retries multiply: when the last of k tiers fails and every tier tries a times, the last one gets a^k attempts for
// each request of a client (B. Beyer and others, "Site Reliability Engineering", 2016, chapter 22, "Retries"). A retry
// budget of 20 % bounds each tier's factor at 1.2, whatever its attempts (chapter 21's per-client budget; here by
// deposit, balance/retry_budget.h), and so the chain's at 1.2^k.
//
// The last tier fails as an overloaded one does, by answering 503. (A refused connection would show another law: it
// loads no endpoint, so asking the next is no retry, see l7/core/request_core.h.)
//
// Exact but for what is under way at the end: 27 attempts to within 2 % (a chain of backoffs lasts 0.4 s of the run's
// 40), and 1.2 is a bound, not a mean.
#include <gtest/gtest.h>

#include <string>

#include "sim/laws_runs.h"

namespace weir::sim::laws {
namespace {

constexpr uint32_t kTiers = 3;

/// A chain whose last tier has neither a place nor a queue.
Scenario failing_chain(const model::RetryBudgetConfig& budget) {
  Scenario scenario;
  scenario.duration = Duration::s(by_length(40, 400));
  scenario.warm_up = {};
  scenario.clients.push_back({.rate = 100});
  for (uint32_t i = 0; i < kTiers; ++i) {
    TierSpec& tier = scenario.tiers.emplace_back();
    tier.name = "tier " + std::to_string(i);
    tier.endpoints.push_back({.count = 10, .concurrency = 10'000, .service_time = {.mean = Duration::ms(1)}});
    strip(tier);
    tier.route.retry.attempts = 3;
    tier.cluster.retry_budget = budget;
  }
  EndpointGroupSpec& last = scenario.tiers.back().endpoints[0];
  last.concurrency = last.queue = 0;
  return scenario;
}

double ratio(uint64_t of, uint64_t to) { return static_cast<double>(of) / static_cast<double>(to); }

TEST(Retries, WithoutABudgetTiersMultiply) {
  // The reserve is never used up.
  const auto result = run(failing_chain({.percent = 100, .min_per_second = 1'000'000}), "unbounded", 1);
  EXPECT_TRUE(result->laws.broken.empty());
  EXPECT_EQ(0u, result->answered);
  for (const TierResult& tier : result->tiers) EXPECT_NEAR(3, ratio(tier.attempts, tier.requests), 0.03) << tier.name;
  EXPECT_NEAR(27, ratio(result->tiers.back().attempts, result->arrived), 0.54);
}

TEST(Retries, WithABudgetTheyAddAFifth) {
  const auto result = run(failing_chain({.percent = 20, .min_per_second = 0}), "budget", 1);
  EXPECT_TRUE(result->laws.broken.empty());
  EXPECT_EQ(0u, result->answered);
  for (const TierResult& tier : result->tiers) {
    const double amplification = ratio(tier.attempts, tier.requests);
    EXPECT_LE(amplification, 1.2) << tier.name;
    EXPECT_GE(amplification, 1.15) << tier.name << ": what the budget allows is used";
  }
  EXPECT_LE(ratio(result->tiers.back().attempts, result->arrived), 1.2 * 1.2 * 1.2);
}

TEST(Retries, TheReserveAddsItsRateAndNoMore) {
  const model::RetryBudgetConfig budget{.percent = 20, .min_per_second = 10, .window = Duration::s(10)};
  const auto result = run(failing_chain(budget), "reserve", 1);
  EXPECT_TRUE(result->laws.broken.empty());
  for (const TierResult& tier : result->tiers) {
    // The reserve is ten a second, and once a window's worth at the start.
    const double reserve = 10 * (result->measured + budget.window).seconds();
    EXPECT_LE(static_cast<double>(tier.retries), 0.2 * static_cast<double>(tier.requests) + reserve) << tier.name;
    EXPECT_GT(static_cast<double>(tier.retries), 0.2 * static_cast<double>(tier.requests)) << tier.name;
  }
}

}  // namespace
}  // namespace weir::sim::laws
