// The universal scalability law: an endpoint that works on N requests at once completes
//   X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))
// of them per second, where lambda is what it does alone, sigma the share of the work that is serial, and kappa the
// price of agreement between two (N. J. Gunther, "A simple capacity model of massively parallel transaction systems",
// 1993, and "Guerrilla Capacity Planning", 2007, chapter 4). The best N is sqrt((1 - sigma) / kappa): here 44.
//
// In a closed loop without thinking N connections keep exactly N at work, so X(N) is met up to the chance in the
// service times: with r requests 1 / sqrt(r) of it. The tolerance is four of that.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "sim/laws_runs.h"

namespace weir::sim::laws {
namespace {

constexpr uint32_t kSigmaPpm = 20'000;
constexpr uint32_t kKappaPpm = 500;

struct Row {
  uint32_t connections;
  double expected;  ///< requests per second of an endpoint that does 1,000 alone
};

class Usl : public testing::TestWithParam<Row> {};

TEST_P(Usl, Throughput) {
  const Row& row = GetParam();
  Scenario scenario;
  scenario.warm_up = Duration::s(1);
  scenario.duration = scenario.warm_up + Duration::s(by_length(8, 200));
  scenario.clients.push_back({.arrivals = Arrivals::closed, .connections = row.connections});
  TierSpec& tier = scenario.tiers.emplace_back();
  tier.endpoints.push_back({.concurrency = 200,
                            .service_time = {.distribution = Distribution::exponential, .mean = Duration::ms(1)},
                            .contention_ppm = kSigmaPpm,
                            .coherency_ppm = kKappaPpm});
  strip(tier);
  const auto result = run(scenario, "usl", 1);
  EXPECT_TRUE(result->laws.broken.empty());
  const double error = 1 / std::sqrt(static_cast<double>(result->answered));
  const double found = static_cast<double>(result->answered) / result->measured.seconds();
  expect_law("throughput of " + std::to_string(row.connections), row.expected, {found, error * found}, 4.1 * error);
}

INSTANTIATE_TEST_SUITE_P(Laws, Usl,
                         testing::Values(Row{1, 1000.0}, Row{10, 8163.3}, Row{20, 12738.9}, Row{44, 15680.7},
                                         Row{80, 13937.3}),
                         [](const auto& tested) { return "N" + std::to_string(tested.param.connections); });

}  // namespace
}  // namespace weir::sim::laws
