// Balls into bins: of m requests that stay, thrown at n endpoints by production's Balancer, how many has the fullest?
// With one choice and m = n about ln n / ln ln n, exactly Gamma^-1(n) - 3/2 + o(1) (G. H. Gonnet, "Expected length of
// the longest probe sequence in hash code searching", 1981); with the less full of two ln ln n / ln 2 + O(1) (Y. Azar,
// A. Z. Broder, A. R. Karlin, E. Upfal, "Balanced allocations", 1999, theorem 1). With m >> n the two-choice gap
// between the fullest and the mean does not grow with m at all, and that of one choice as sqrt(m) (P. Berenbrink, A.
// Czumaj, A. Steger, B. Voecking, "Balanced allocations: the heavily loaded case", 2006).
//
// What holds at finite n comes from the fluid limit: the share x_i of bins with at least i balls follows
// dx_i/dt = x_{i-1}^d - x_i^d from empty at t = 0 to t = m/n (M. Mitzenmacher, "The power of two choices in randomized
// load balancing", thesis, Berkeley, 1996), and some of n bins has i balls with probability 1 - exp(-n x_i).
//
// Which of two equally full bins gets the ball does not matter: either way there is one bin more with one ball more. So
// production's preference of the longest unused is in the law.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/test_cluster.h"
#include "sim/laws_runs.h"

namespace weir::sim::laws {
namespace {

using Tails = std::array<double, 30>;  ///< by i: the share of bins with at least i balls

/// The differential equation at t = 1, by Runge and Kutta's method.
Tails fluid_limit(uint32_t choices) {
  const auto slope = [&](const Tails& x) {
    Tails dx{};
    for (size_t i = 1; i < x.size(); ++i) dx[i] = std::pow(x[i - 1], choices) - std::pow(x[i], choices);
    return dx;
  };
  const auto moved = [](const Tails& x, const Tails& dx, double by) {
    Tails next = x;
    for (size_t i = 0; i < x.size(); ++i) next[i] += by * dx[i];
    return next;
  };
  constexpr double kStep = 1.0 / 1024;
  Tails x{1};
  for (int step = 0; step < 1024; ++step) {
    const Tails a = slope(x), b = slope(moved(x, a, kStep / 2)), c = slope(moved(x, b, kStep / 2));
    const Tails d = slope(moved(x, c, kStep));
    for (size_t i = 0; i < x.size(); ++i) x[i] += kStep / 6 * (a[i] + 2 * b[i] + 2 * c[i] + d[i]);
  }
  return x;
}

double expected_fullest(const Tails& tails, double bins) {
  double expected = 0;
  for (size_t i = 1; i < tails.size(); ++i) expected += 1 - std::exp(-bins * tails[i]);
  return expected;
}

double gonnet(double bins) {
  double low = 2, high = 40;
  while (high - low > 1e-9) {
    const double middle = (low + high) / 2;
    (std::lgamma(middle) < std::log(bins) ? low : high) = middle;
  }
  return low - 1.5;
}

class Bins {
 public:
  Bins(uint32_t bins, uint32_t choices) : cluster_(bins), balancer_({.choices = choices}) {
    balancer_.update(cluster_.views, now_);
  }

  void empty() {
    for (size_t i = 0; i < cluster_.views.size(); ++i) cluster_.loads[i].in_flight = 0;
  }
  /// Each a microsecond after the one before, so that none is as long unused as another.
  void throw_balls(uint64_t balls) {
    for (uint64_t i = 0; i < balls; ++i) {
      now_ = now_ + Duration::us(1);
      ++cluster_.loads[balancer_.pick({.now = now_}, prng_)->index].in_flight;
    }
  }
  [[nodiscard]] uint32_t fullest() const {
    uint32_t most = 0;
    for (size_t i = 0; i < cluster_.views.size(); ++i) most = std::max(most, cluster_.loads[i].in_flight.load());
    return most;
  }
  [[nodiscard]] double share_with(uint32_t balls) const {
    double bins = 0;
    for (size_t i = 0; i < cluster_.views.size(); ++i) bins += cluster_.loads[i].in_flight >= balls ? 1 : 0;
    return bins / static_cast<double>(cluster_.views.size());
  }

 private:
  balance::TestCluster cluster_;
  balance::Balancer balancer_;
  Instant now_ = balance::kStart;
  Prng prng_{1};
};

/// Mean of the fullest of several throws of so many balls.
Estimate fullest(uint32_t bins, uint32_t choices, uint64_t balls, uint32_t throws) {
  Bins all(bins, choices);
  double sum = 0, squares = 0;
  for (uint32_t i = 0; i < throws; ++i) {
    all.empty();
    all.throw_balls(balls);
    sum += all.fullest();
    squares += static_cast<double>(all.fullest()) * all.fullest();
  }
  const double mean = sum / throws;
  // A few throws may all give the same number; the fullest bin scatters by half a ball or so.
  const double deviation = std::max(std::sqrt(std::max(squares / throws - mean * mean, 0.0)), 0.5);
  return {mean, deviation / std::sqrt(throws)};
}

struct Row {
  uint32_t bins;
  uint32_t throws;
  uint32_t throws_extended;
};

class BallsIntoBins : public testing::TestWithParam<Row> {};

TEST_P(BallsIntoBins, FullestOfAsManyAsBalls) {
  const Row& row = GetParam();
  const uint32_t throws = by_length(row.throws, row.throws_extended);
  if (throws == 0) GTEST_SKIP() << "only with WEIR_LAWS=long";
  const double n = row.bins;
  for (const uint32_t choices : {1u, 2u}) {
    const Estimate found = fullest(row.bins, choices, row.bins, throws);
    const double expected = expected_fullest(fluid_limit(choices), n);
    const std::string law = std::to_string(choices) + " of " + std::to_string(row.bins) + " bins";
    // Loads are whole numbers and the bins not quite independent: a quarter of a ball, besides the chance.
    expect_law(law, expected, found, (0.25 + 3 * found.error) / expected);
    const double growth = choices == 1 ? gonnet(n) : std::log(std::log(n)) / std::log(2);
    EXPECT_NEAR(growth, found.mean, 0.5 + 3 * found.error)
        << law << ": the asymptotic form with its constant, at every size";
  }
}

INSTANTIATE_TEST_SUITE_P(Laws, BallsIntoBins,
                         testing::Values(Row{100, 300, 10'000}, Row{1'000, 60, 3'000}, Row{10'000, 12, 300},
                                         Row{100'000, 4, 40}, Row{1'000'000, 0, 10}),
                         [](const auto& tested) { return "N" + std::to_string(tested.param.bins); });

TEST(BallsIntoBinsShares, AreThoseOfTheFluidLimit) {
  const uint32_t n = by_length(100'000u, 1'000'000u);
  for (const uint32_t choices : {1u, 2u, 3u}) {
    const Tails expected = fluid_limit(choices);
    Bins bins(n, choices);
    bins.throw_balls(n);
    for (uint32_t i = 1; i <= 3; ++i) {
      const double share = expected[i];
      // As if the bins were independent, which is more than they scatter.
      const Estimate found{bins.share_with(i), std::sqrt(share * (1 - share) / n)};
      expect_law("share with " + std::to_string(i) + " balls, " + std::to_string(choices) + " choices", share, found,
                 4 * found.error / share + 1e-9);
    }
  }
}

TEST(BallsIntoBinsHeavilyLoaded, TheGapOfTwoChoicesDoesNotGrow) {
  constexpr uint32_t kBins = 32;
  const uint32_t throws = by_length(20u, 200u);
  const auto gap = [&](uint32_t choices, uint64_t per_bin) {
    return fullest(kBins, choices, kBins * per_bin, throws).mean - static_cast<double>(per_bin);
  };
  const double two_before = gap(2, 100), two_after = gap(2, 1'000);
  EXPECT_LT(two_after, 3);
  EXPECT_NEAR(two_before, two_after, 0.5);
  // Ten times the balls: sqrt(10) times the gap. The fullest of 20 throws scatters by a sixth of its mean over
  // sqrt(20).
  EXPECT_NEAR(std::sqrt(10), gap(1, 1'000) / gap(1, 100), 0.6);
}

}  // namespace
}  // namespace weir::sim::laws
