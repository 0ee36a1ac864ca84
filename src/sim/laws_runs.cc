#include "sim/laws_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim::laws {

namespace {

constexpr uint32_t kNoLimit = 1'000'000'000;
constexpr Duration kNever = Duration::s(10'000'000);

double utilisation(const Result& result) {
  double sum = 0;
  for (const EndpointResult& endpoint : result.tiers[0].endpoints) sum += endpoint.utilisation;
  return sum / static_cast<double>(result.tiers[0].endpoints.size());
}

}  // namespace

bool is_long() {
  const char* asked = std::getenv("WEIR_LAWS");
  return asked != nullptr && std::string_view(asked) == "long";
}

void expect_law(std::string_view law, double expected, const Estimate& found, double tolerance) {
  std::printf("  %-44.*s %10.4f, found %10.4f +- %.4f (%+.2f %%, tolerance %.1f %%)\n", static_cast<int>(law.size()),
              law.data(), expected, found.mean, found.error, 100 * (found.mean / expected - 1), 100 * tolerance);
  EXPECT_NEAR(expected, found.mean, tolerance * expected) << law << ", standard error " << found.error;
  EXPECT_LE(3 * found.error, tolerance * expected) << law << ": the run is too short for its tolerance";
}

void strip(TierSpec& tier) {
  tier.cluster.outlier.enabled = false;
  tier.cluster.slow_start = {};
  tier.cluster.circuit = {.max_connections = kNoLimit, .max_requests = kNoLimit, .max_pending = kNoLimit};
  tier.route.timeout = kNever;
  tier.route.retry.attempts = 1;
  for (EndpointGroupSpec& group : tier.endpoints) group.queue = kNoLimit;
}

Scenario open_world(const OpenWorld& world) {
  Scenario scenario;
  scenario.warm_up = kService * world.warm_up;
  scenario.duration = scenario.warm_up + kService * world.measured;
  const double capacity = world.endpoints * world.places / kService.seconds();
  scenario.clients.push_back({.rate = static_cast<uint32_t>(std::lround(capacity * world.load_percent / 100))});
  TierSpec& tier = scenario.tiers.emplace_back();
  tier.endpoints.push_back({.count = world.endpoints, .concurrency = world.places, .service_time = world.service});
  strip(tier);
  tier.cluster.choices = world.choices;
  return scenario;
}

void Census::move_to(Instant now) {
  if (now > measured_from_) {
    area_ += static_cast<double>(number_) * (now - std::max(at_, measured_from_)).seconds();
  }
  at_ = now;
}

void Census::on_pick(const PickEvent& event) {
  move_to(event.now);
  if (event.now >= measured_from_) {
    ++arrivals_;
    if (number_ >= places_) ++waited_;
  }
  ++number_;
}

void Census::on_finish(Instant now, uint32_t, uint64_t, uint16_t) {
  move_to(now);
  --number_;
}

double Census::mean_stay(Instant end) {
  move_to(end);
  return area_ / static_cast<double>(arrivals_);
}

double Census::waiting_share() const { return static_cast<double>(waited_) / static_cast<double>(arrivals_); }

Found replicate(const OpenWorld& world, uint32_t replications) {
  const Scenario scenario = open_world(world);
  std::vector<Sample> stays, shares, quantiles;
  for (uint32_t seed = 1; seed <= replications; ++seed) {
    Census census(Instant{} + scenario.warm_up, world.places);
    const auto result = run(scenario, "law", seed, &census);
    EXPECT_TRUE(result->laws.broken.empty()) << result->laws.broken.front();
    EXPECT_EQ(0u, result->failed);
    const double load = utilisation(*result);
    stays.push_back({census.mean_stay(Instant{} + scenario.duration) / kService.seconds(), load});
    shares.push_back({census.waiting_share(), load});
    quantiles.push_back(
        {static_cast<double>(result->latency.percentile(99)) / static_cast<double>(kService.ns()), load});
  }
  const double load = world.load_percent / 100.0;
  return {controlled_mean(stays, load), controlled_mean(shares, load), controlled_mean(quantiles, load)};
}

Estimate controlled_mean(std::span<const Sample> samples, double expected_load) {
  const auto count = static_cast<double>(samples.size());
  double value = 0, load = 0;
  for (const Sample& sample : samples) {
    value += sample.value / count;
    load += sample.load / count;
  }
  double together = 0, load_squares = 0;
  for (const Sample& sample : samples) {
    together += (sample.value - value) * (sample.load - load);
    load_squares += (sample.load - load) * (sample.load - load);
  }
  const double slope = load_squares > 0 ? together / load_squares : 0;
  double rest = 0;
  for (const Sample& sample : samples) {
    const double off = sample.value - value - slope * (sample.load - load);
    rest += off * off;
  }
  // Two degrees of freedom went into the line; the second term is what its slope may be off.
  const double off_load = load - expected_load;
  const double spread = load_squares > 0 ? off_load * off_load / load_squares : 0;
  return {value - slope * off_load, std::sqrt(rest / (count - 2) * (1 / count + spread))};
}

}  // namespace weir::sim::laws
