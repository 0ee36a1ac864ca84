// The supermarket model: customers come at n queues as a Poisson stream of rate n lambda, look at d of them, and join
// the shortest. The mean stay is T(d) = sum over i >= 1 of lambda^((d^i - d) / (d - 1)) service times, for d = 1 the
// M/M/1's 1 / (1 - lambda) (N. D. Vvedenskaya, R. L. Dobrushin, F. I. Karpelevich, "Queueing system with selection of
// the shortest of two queues", 1996; M. Mitzenmacher, "The power of two choices in randomized load
// balancing", IEEE TPDS 12(10), 2001, table 1).
//
// Here production's P2C draws, through a gateway, and two of its habits are not the model's:
//  - Equally loaded, it prefers the faster and then the longest unused, where the model tosses a coin. That changes
//    nothing: service is memoryless, so equally long queues are alike whatever their past, and the lengths form the
//    same Markov chain under any rule for ties.
//  - It draws different endpoints, and the formula is of infinitely many. Both differ by O(1/n): measured at 99 %, two
//    choices stay 1.1 % longer with n = 1,000 and 0.3 % longer with 4,000. So the rows of 99 % have 4,000 endpoints,
//    and the others enough for less than 0.5 %.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "sim/laws_runs.h"

namespace weir::sim::laws {
namespace {

double mean_stay(uint32_t choices, double load) {
  if (choices == 1) return 1 / (1 - load);
  const double d = choices;
  double sum = 0;
  // The exponents double and triple: forty terms are far more than a double can tell from zero.
  for (int i = 1; i <= 40; ++i) sum += std::pow(load, (std::pow(d, i) - d) / (d - 1));
  return sum;
}

struct Row {
  const char* message;
  double expected;  ///< Mitzenmacher's table 1, and 1 / (1 - lambda)
  uint32_t choices;
  uint32_t load_percent;
  double brief_tolerance;  ///< 0: the brief version cannot tell and leaves it out
  OpenWorld brief, extended;
};

class Supermarket : public testing::TestWithParam<Row> {};

TEST_P(Supermarket, MeanStay) {
  const Row& row = GetParam();
  EXPECT_NEAR(row.expected, mean_stay(row.choices, row.load_percent / 100.0), 0.0005 * row.expected);
  if (row.brief_tolerance == 0 && !is_long()) GTEST_SKIP() << "only with WEIR_LAWS=long";
  OpenWorld world = by_length(row.brief, row.extended);
  world.choices = row.choices;
  world.load_percent = row.load_percent;
  const uint32_t extended = row.choices == 1 ? 20 : 12;
  const Found found = replicate(world, by_length(12u, extended));
  expect_law(row.message, row.expected, found.stay, by_length(row.brief_tolerance, 0.02));
}

OpenWorld sized(uint32_t endpoints, int64_t warm_up, int64_t measured) {
  return {.endpoints = endpoints, .warm_up = warm_up, .measured = measured};
}

// One choice makes the queues independent, so few of them do, for longer. A queue forgets its beginning (here: empty)
// like exp(-t (1 - sqrt(lambda))^2): after some 90, 380 and 40,000 service times at 80, 90 and 99 %. The relative
// standard deviation of its mean over t service times is sqrt(2 (1 + lambda) / lambda / t) / (1 - lambda) (W. Whitt,
// "Planning queueing simulations", 1989), so 99 % wants 4.8e8 of them: some five minutes of one core.
INSTANTIATE_TEST_SUITE_P(
    Laws, Supermarket,
    testing::Values(Row{"one choice at 80 %", 5.000, 1, 80, 0.05, sized(20, 500, 3'000), sized(20, 1'000, 15'000)},
                    Row{"one choice at 90 %", 10.00, 1, 90, 0.10, sized(20, 1'500, 4'000), sized(20, 4'000, 30'000)},
                    Row{"one choice at 99 %", 100.0, 1, 99, 0, {}, sized(20, 150'000, 1'200'000)},
                    Row{"two choices at 80 %", 1.947, 2, 80, 0.02, sized(500, 30, 30), sized(1'000, 50, 200)},
                    Row{"two choices at 90 %", 2.614, 2, 90, 0.02, sized(500, 60, 40), sized(1'000, 100, 200)},
                    Row{"two choices at 99 %", 5.432, 2, 99, 0, {}, sized(4'000, 400, 150)},
                    Row{"three choices at 80 %", 1.581, 3, 80, 0.02, sized(500, 30, 30), sized(1'000, 50, 200)},
                    Row{"three choices at 90 %", 2.028, 3, 90, 0.02, sized(500, 60, 40), sized(1'000, 100, 200)},
                    Row{"three choices at 99 %", 3.858, 3, 99, 0, {}, sized(4'000, 400, 150)}),
    [](const auto& tested) {
      return "D" + std::to_string(tested.param.choices) + "At" + std::to_string(tested.param.load_percent);
    });

}  // namespace
}  // namespace weir::sim::laws
