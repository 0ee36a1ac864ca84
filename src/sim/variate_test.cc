// Draws have the moments that the variate claims, and stay within their bounds whatever the numbers.
#include "sim/variate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace weir::sim {
namespace {

constexpr int kDraws = 1'000'000;

struct Moments {
  double mean = 0, squared_cv = 0;
  Duration least = Duration::max(), most{};
};

Moments moments_of(const Variate& variate, int draws = kDraws) {
  Prng prng(7);
  Moments moments;
  double sum = 0, squares = 0;
  for (int i = 0; i < draws; ++i) {
    const Duration drawn = variate.draw(prng);
    const auto ns = static_cast<double>(drawn.ns());
    sum += ns;
    squares += ns * ns;
    moments.least = std::min(moments.least, drawn);
    moments.most = std::max(moments.most, drawn);
  }
  moments.mean = sum / draws;
  moments.squared_cv = squares / draws / (moments.mean * moments.mean) - 1;
  return moments;
}

VariateSpec with_samples(std::vector<Duration> samples) {
  VariateSpec spec{.distribution = Distribution::measured};
  spec.measured = std::move(samples);
  return spec;
}

TEST(Variate, DrawsHaveTheMomentsOfTheFormula) {
  using enum Distribution;
  struct Case {
    const char* message;
    double mean_ms, squared_cv;
    double mean_tolerance, cv_tolerance;  ///< as a share; heavy tails need more draws for their second moment
    VariateSpec spec;
  };
  const Duration mean = Duration::ms(10);
  const Case cases[] = {
      {"constant", 10, 0, 1e-9, 1e-9, {.distribution = constant, .mean = mean}},
      {"exponential", 10, 1, 0.005, 0.01, {.distribution = exponential, .mean = mean}},
      {"lognormal, narrow", 10, 0.25, 0.005, 0.02, {.distribution = lognormal, .mean = mean, .cv_percent = 50}},
      {"lognormal, wide", 10, 4, 0.01, 0.1, {.distribution = lognormal, .mean = mean, .cv_percent = 200}},
      {"lognormal without width", 10, 0, 1e-9, 1e-9, {.distribution = lognormal, .mean = mean, .cv_percent = 0}},
      {"bimodal: 5 % at 200 ms",
       19.5,
       0.05 * 0.95 * 190 * 190 / (19.5 * 19.5),
       0.01,
       0.02,
       {.distribution = bimodal, .mean = mean, .slow = Duration::ms(200), .slow_percent = 5}},
      {"bimodal, always slow",
       200,
       0,
       1e-9,
       1e-9,
       {.distribution = bimodal, .mean = mean, .slow = Duration::ms(200), .slow_percent = 100}},
      {"pareto of exponent 6", 10, 1.0 / 24, 0.005, 0.05, {.distribution = pareto, .mean = mean, .shape_percent = 600}},
      {"measured", 4, 12.0 / 16, 0.005, 0.01,
       with_samples({Duration::ms(2), Duration::ms(2), Duration::ms(2), Duration::ms(10)})},
  };
  for (const Case& c : cases) {
    const Variate variate(c.spec);
    EXPECT_NEAR(variate.mean_ns(), c.mean_ms * 1e6, 1e-3) << c.message;
    EXPECT_NEAR(variate.squared_cv(), c.squared_cv, 1e-9) << c.message;
    const Moments moments = moments_of(variate);
    EXPECT_NEAR(moments.mean, c.mean_ms * 1e6, c.mean_ms * 1e6 * c.mean_tolerance) << c.message;
    EXPECT_NEAR(moments.squared_cv, c.squared_cv, std::max(c.squared_cv * c.cv_tolerance, 1e-9)) << c.message;
  }
}

TEST(Variate, AParetoWithoutVarianceKeepsItsMeanAndItsTail) {
  const Variate variate({.distribution = Distribution::pareto, .mean = Duration::ms(11), .shape_percent = 220});
  EXPECT_NEAR(variate.squared_cv(), 1 / (2.2 * 0.2), 1e-9);
  const Moments moments = moments_of(variate);
  EXPECT_NEAR(moments.mean, 11e6, 0.02 * 11e6);
  EXPECT_GE(moments.least, Duration::ms(6)) << "the least value is mean * (a - 1) / a";
  EXPECT_LT(moments.least, Duration::us(6'001));

  // P(X > 10 * least) = 10^-a: 6310 of a million at 2.2.
  Prng prng(3);
  int beyond = 0;
  for (int i = 0; i < kDraws; ++i) beyond += variate.draw(prng) > Duration::ms(60);
  EXPECT_NEAR(beyond, 6310, 4 * std::sqrt(6310));

  const Variate heavy({.distribution = Distribution::pareto, .mean = Duration::ms(11), .shape_percent = 150});
  EXPECT_TRUE(std::isinf(heavy.squared_cv()));
}

TEST(Variate, DrawsStayInBoundsAtTheExtremes) {
  using enum Distribution;
  struct Case {
    const char* message;
    Duration least, most;
    VariateSpec spec;
  };
  const Duration zero{}, eternity = Duration::max();
  const Case cases[] = {
      {"nothing stays nothing", zero, zero, {.distribution = constant, .mean = zero}},
      {"nothing, exponential", zero, zero, {.distribution = exponential, .mean = zero}},
      {"nothing, however wide", zero, zero, {.distribution = lognormal, .mean = zero, .cv_percent = UINT32_MAX}},
      {"nothing, pareto", zero, zero, {.distribution = pareto, .mean = zero, .shape_percent = 101}},
      {"nothing or nothing", zero, zero, {.distribution = bimodal, .mean = zero, .slow = zero}},
      {"no samples", zero, zero, with_samples({})},
      {"samples of nothing", zero, zero, with_samples({zero, zero})},
      {"a mean beyond the end", kDrawMax, kDrawMax, {.distribution = constant, .mean = eternity}},
      {"exponential beyond the end", zero, kDrawMax, {.distribution = exponential, .mean = eternity}},
      {"as wide as can be", zero, kDrawMax, {.distribution = lognormal, .mean = eternity, .cv_percent = UINT32_MAX}},
      {"as heavy as can be", zero, kDrawMax, {.distribution = pareto, .mean = eternity, .shape_percent = 101}},
      {"a nanosecond", Duration::ns(1), Duration::ns(1), {.distribution = constant, .mean = Duration::ns(1)}},
  };
  for (const Case& c : cases) {
    const Variate variate(c.spec);
    const Moments moments = moments_of(variate, 10'000);
    EXPECT_GE(moments.least, c.least) << c.message;
    EXPECT_LE(moments.most, c.most) << c.message;
    EXPECT_FALSE(std::isnan(variate.mean_ns()) || std::isnan(variate.squared_cv())) << c.message;
  }
}

TEST(Variate, TheSameSeedGivesTheSameDraws) {
  const Variate variate({.distribution = Distribution::lognormal, .mean = Duration::ms(10), .cv_percent = 150});
  Prng one(5), same(5), other(6);
  int differing = 0;
  for (int i = 0; i < 1000; ++i) {
    const Duration drawn = variate.draw(one);
    ASSERT_EQ(drawn, variate.draw(same));
    differing += drawn != variate.draw(other);
  }
  EXPECT_GT(differing, 990);
}

TEST(Variate, NormalDrawsHaveTheNormalsMomentsAndTails) {
  Prng prng(11);
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  int beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = draw_normal(prng);
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
    beyond_two += std::fabs(x) > 2;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.005);
  EXPECT_NEAR(squares / kDraws, 1, 0.01);
  EXPECT_NEAR(cubes / kDraws, 0, 0.02);
  EXPECT_NEAR(fourths / kDraws, 3, 0.05);
  EXPECT_NEAR(beyond_two, 45'500, 4 * std::sqrt(45'500));
}

}  // namespace
}  // namespace weir::sim
