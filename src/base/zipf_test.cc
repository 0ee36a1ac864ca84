// Draws follow the exact probabilities, rank by rank.
#include "base/zipf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace weir {
namespace {

constexpr int kDraws = 500'000;

/// Probability of every rank, by the definition.
std::vector<double> exact_probabilities(uint32_t ranks, double exponent) {
  std::vector<double> weights(ranks);
  double sum = 0;
  for (uint32_t k = 0; k < ranks; ++k) sum += weights[k] = std::pow(k + 1.0, -exponent);
  for (double& weight : weights) weight /= sum;
  return weights;
}

TEST(Zipf, DrawsFitTheExactProbabilities) {
  struct Case {
    const char* message;
    uint32_t ranks, exponent_percent;
  };
  const Case cases[] = {
      {"uniform", 100, 0},      {"mild", 100, 50},        {"just below one", 100, 99},
      {"Zipf's own", 100, 100}, {"just above", 100, 101}, {"steep", 100, 130},
      {"very steep", 20, 400},  {"two ranks", 2, 130},    {"two ranks, uniform", 2, 0},
  };
  for (const Case& c : cases) {
    const std::vector<double> exact = exact_probabilities(c.ranks, c.exponent_percent / 100.0);
    const Zipf zipf(c.ranks, c.exponent_percent);
    Prng prng(1);
    std::vector<double> seen(c.ranks);
    for (int i = 0; i < kDraws; ++i) {
      const uint32_t rank = zipf.draw(prng);
      ASSERT_LT(rank, c.ranks) << c.message;
      ++seen[rank];
    }
    // Pearson's statistic has a mean of its degrees of freedom and a variance of twice that; ranks that are expected
    // less than five times count as one.
    double statistic = 0, rare = 0, rare_seen = 0;
    int cells = 0;
    const auto add = [&](double expected, double got) {
      statistic += (got - expected) * (got - expected) / expected;
      ++cells;
    };
    for (uint32_t k = 0; k < c.ranks; ++k) {
      const double expected = exact[k] * kDraws;
      if (expected >= 5) {
        add(expected, seen[k]);
      } else {
        rare += expected, rare_seen += seen[k];
      }
    }
    if (rare > 0) add(rare, rare_seen);
    const double freedom = cells - 1;
    EXPECT_LT(statistic, freedom + 4 * std::sqrt(2 * freedom)) << c.message << ": draws do not fit";
    EXPECT_GT(statistic, freedom - 4 * std::sqrt(2 * freedom)) << c.message << ": draws fit too well to be random";
  }
}

TEST(Zipf, ExtremesStayInRange) {
  struct Case {
    const char* message;
    uint32_t ranks, exponent_percent;
    double first_share;  ///< of the draws that ask for rank 0
  };
  const Case cases[] = {
      {"no rank is one rank", 0, 0, 1},
      {"one rank", 1, 130, 1},
      {"one rank, uniform", 1, 0, 1},
      {"all ranks there can be", UINT32_MAX, 100, 1 / (std::log(4294967295.0) + 0.5772156649)},
      {"all ranks, uniform", UINT32_MAX, 0, 0},
      {"ten million keys", 10'000'000, 200, 6 / (M_PI * M_PI)},
      {"so steep that only the first is left", 1000, 10'000, 1},
      {"the steepest", UINT32_MAX, UINT32_MAX, 1},
  };
  for (const Case& c : cases) {
    const Zipf zipf(c.ranks, c.exponent_percent);
    Prng prng(2);
    int first = 0;
    for (int i = 0; i < 20'000; ++i) {
      const uint32_t rank = zipf.draw(prng);
      ASSERT_LT(rank, std::max<uint32_t>(1, c.ranks)) << c.message;
      first += rank == 0;
    }
    EXPECT_NEAR(first / 20'000.0, c.first_share, 0.015) << c.message;
  }
}

}  // namespace
}  // namespace weir
