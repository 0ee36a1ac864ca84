// The classical queues, of one endpoint behind a gateway.
//  - M/M/c: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
//    telephone exchanges", 1917; the recursion and the mean wait C S / (c (1 - rho)) as in R. B. Cooper, "Introduction
//    to Queueing Theory", 1981, chapter 3.
//  - M/G/1: F. Pollaczek 1930, A. Khinchine 1932; wait = rho / (1 - rho) (1 + cv^2) / 2 S (L. Kleinrock, "Queueing
//    Systems" I, 1975, chapter 5).
//  - M/M/1 quantiles: the stay is exponential with mean S / (1 - rho), so its p99 is ln 100 = 4.605 means (Kleinrock,
//    chapter 5).
// Tolerances: of the stays, shares and waits 2 % in the long version; the brief one has a hundredth of the requests,
// and its tolerances are what those can tell. The wait is the stay less one exact mean service time.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "sim/laws_runs.h"
#include "sim/variate.h"

namespace weir::sim::laws {
namespace {

/// Share of arrivals that wait: C = B / (1 - rho (1 - B)), with B from B(k) = a B(k-1) / (k + a B(k-1)).
double erlang_c(uint32_t places, double utilisation) {
  const double offered = places * utilisation;
  double blocked = 1;
  for (uint32_t k = 1; k <= places; ++k) blocked = offered * blocked / (k + offered * blocked);
  return blocked / (1 - utilisation * (1 - blocked));
}

Estimate wait_of(const Found& found) { return {found.stay.mean - 1, found.stay.error}; }

struct Places {
  const char* message;
  double expected;  ///< Erlang's C
  uint32_t places;
  uint32_t load_percent;
  double brief_tolerance;
  int64_t brief_requests, requests;  ///< of each replication
};

class ErlangC : public testing::TestWithParam<Places> {};

TEST_P(ErlangC, ShareThatWaitsAndMeanWait) {
  const Places& row = GetParam();
  const double utilisation = row.load_percent / 100.0;
  const double share = erlang_c(row.places, utilisation);
  EXPECT_NEAR(row.expected, share, 0.00005);
  const int64_t measured = by_length(row.brief_requests, row.requests) / row.places;
  const Found found = replicate(
      {.places = row.places, .load_percent = row.load_percent, .warm_up = 100 + 400 / row.places, .measured = measured},
      by_length(12u, 16u));
  const double tolerance = by_length(row.brief_tolerance, 0.02);
  expect_law(std::string(row.message) + ", share that waits", share, found.waiting_share, tolerance);
  expect_law(std::string(row.message) + ", wait", share / (row.places * (1 - utilisation)), wait_of(found), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Laws, ErlangC,
                         testing::Values(Places{"M/M/1 at 70 %", 0.7000, 1, 70, 0.10, 25'000, 500'000},
                                         Places{"M/M/2 at 70 %", 0.5765, 2, 70, 0.10, 25'000, 500'000},
                                         Places{"M/M/4 at 75 %", 0.5094, 4, 75, 0.10, 25'000, 500'000},
                                         Places{"M/M/8 at 75 %", 0.3570, 8, 75, 0.10, 25'000, 500'000},
                                         Places{"M/M/16 at 75 %", 0.2046, 16, 75, 0.15, 50'000, 1'500'000},
                                         Places{"M/M/100 at 90 %", 0.2169, 100, 90, 0.30, 120'000, 7'500'000}),
                         [](const auto& tested) { return "C" + std::to_string(tested.param.places); });

struct General {
  const char* name;
  const char* message;
  double expected;  ///< squared coefficient of variation
  VariateSpec service;
  double brief_tolerance;
};

class PollaczekKhinchine : public testing::TestWithParam<General> {};

TEST_P(PollaczekKhinchine, MeanWait) {
  const General& row = GetParam();
  constexpr double kLoad = 0.7;
  const Variate service(row.service);
  EXPECT_NEAR(static_cast<double>(kService.ns()), service.mean_ns(), 1);
  EXPECT_NEAR(row.expected, service.squared_cv(), 1e-9);
  const Found found = replicate(
      {.load_percent = 70, .service = row.service, .warm_up = 1'000, .measured = by_length<int64_t>(20'000, 1'000'000)},
      by_length(12u, 16u));
  const double expected = kLoad / (1 - kLoad) * (1 + row.expected) / 2;
  expect_law(row.message, expected, wait_of(found), by_length(row.brief_tolerance, 0.02));
}

// The bimodal one: 95 of a hundred take 5 ms, the others 105 ms, which is 10 ms on average.
INSTANTIATE_TEST_SUITE_P(
    Laws, PollaczekKhinchine,
    testing::Values(General{"constant", "M/D/1", 0, {.mean = kService}, 0.06},
                    General{
                        "exponential", "M/M/1", 1, {.distribution = Distribution::exponential, .mean = kService}, 0.10},
                    General{"lognormal",
                            "M/G/1, log-normal, cv 1.5",
                            2.25,
                            {.distribution = Distribution::lognormal, .mean = kService, .cv_percent = 150},
                            0.20},
                    General{"bimodal",
                            "M/G/1, bimodal",
                            0.05 * 0.95 * 100,
                            {.distribution = Distribution::bimodal,
                             .mean = Duration::ms(5),
                             .slow = Duration::ms(105),
                             .slow_percent = 5},
                            0.20}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Quantiles, P99OfMM1) {
  for (const uint32_t load_percent : {50u, 70u}) {
    const Found found =
        replicate({.load_percent = load_percent, .warm_up = 1'000, .measured = by_length<int64_t>(30'000, 1'000'000)},
                  by_length(12u, 16u));
    const double expected = std::log(100.0) / (1 - load_percent / 100.0);
    // The histogram itself is off by up to 0.8 %.
    expect_law("M/M/1 p99 at " + std::to_string(load_percent) + " %", expected, found.p99, by_length(0.12, 0.025));
  }
}

}  // namespace
}  // namespace weir::sim::laws
