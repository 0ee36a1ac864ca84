// Counted arrivals are the integral of the rate, for every shape of it; and every process ends or goes on, but never
// turns in a circle.
#include "sim/arrivals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace weir::sim {
namespace {

std::vector<double> seconds_until(const ClientSpec& spec, double until, uint64_t seed = 1) {
  ArrivalProcess arrivals(spec);
  Prng prng(seed);
  std::vector<double> all;
  Instant before{};
  while (const std::optional<Instant> at = arrivals.next(prng)) {
    EXPECT_GE(*at, before) << "ascending";
    before = *at;
    const double seconds = static_cast<double>(at->ns()) / 1e9;
    if (seconds >= until) break;
    all.push_back(seconds);
  }
  return all;
}

double count_between(const std::vector<double>& all, double begin, double end) {
  return static_cast<double>(std::count_if(all.begin(), all.end(), [=](double at) { return at >= begin && at < end; }));
}

ClientSpec poisson(uint32_t rate) { return {.rate = rate}; }
ClientSpec even(uint32_t rate) { return {.arrivals = Arrivals::constant, .rate = rate}; }

ClientSpec with_stages(ClientSpec spec, std::vector<StageSpec> stages) {
  spec.stages = std::move(stages);
  return spec;
}
ClientSpec with_bursts(ClientSpec spec, Duration every, Duration length, uint32_t percent) {
  spec.burst_every = every;
  spec.burst_length = length;
  spec.burst_percent = percent;
  return spec;
}
ClientSpec with_day(ClientSpec spec, Duration day, uint32_t swing_percent) {
  spec.day = day;
  spec.day_swing_percent = swing_percent;
  return spec;
}

TEST(Arrivals, CountIsTheIntegralOfTheRate) {
  constexpr auto s = Duration::s;
  struct Case {
    const char* message;
    double expected, begin, end;  ///< arrivals between these seconds
    ClientSpec spec;              ///< of Poisson; evenly spaced ones are tested with the same shapes
  };
  const ClientSpec ramp = with_stages(poisson(1000), {{s(10), 3000, s(20)}});
  const ClientSpec cut = with_stages(poisson(1000), {{s(10), 3000, s(20)}, {s(20), 500, Duration{}}});
  const ClientSpec bursts = with_bursts(poisson(1000), s(10), s(2), 500);
  const ClientSpec day = with_day(poisson(1000), s(40), 50);
  const ClientSpec all = with_day(with_bursts(ramp, s(10), s(2), 500), s(40), 50);
  const double swing = 1000 * 0.5 * 40 / M_PI;  // a half wave above the mean
  const Case cases[] = {
      {"a steady rate", 20'000, 0, 20, poisson(1000)},
      {"before a ramp", 10'000, 0, 10, ramp},
      {"the first half of the ramp", 15'000, 10, 20, ramp},
      {"the second half of the ramp", 25'000, 20, 30, ramp},
      {"after the ramp", 30'000, 30, 40, ramp},
      {"a ramp that the next stage cuts", 15'000, 10, 20, cut},
      {"the stage that cut it", 5'000, 20, 30, cut},
      {"two stages at one instant, the last of which counts", 10'000, 10, 20,
       with_stages(poisson(100), {{s(10), 9000, Duration{}}, {s(10), 1000, Duration{}}})},
      {"before those", 1'000, 0, 10, with_stages(poisson(100), {{s(10), 9000, Duration{}}, {s(10), 1000, Duration{}}})},
      {"a stage at once", 20'000, 0, 10, with_stages(poisson(1000), {{s(0), 2000, Duration{}}})},
      {"stages in disorder", 10'000, 20, 30,
       with_stages(poisson(100), {{s(20), 1000, Duration{}}, {s(10), 3000, Duration{}}})},
      {"down to nothing and up again", 0, 10, 20,
       with_stages(poisson(1000), {{s(10), 0, Duration{}}, {s(20), 1000, Duration{}}})},
      {"up again", 10'000, 20, 30, with_stages(poisson(1000), {{s(10), 0, Duration{}}, {s(20), 1000, Duration{}}})},
      {"calm before the first burst", 10'000, 0, 10, bursts},
      {"a burst", 10'000, 10, 12, bursts},
      {"calm after it", 8'000, 12, 20, bursts},
      {"the next burst", 10'000, 20, 22, bursts},
      {"bursts without end", 50'000, 10, 20, with_bursts(poisson(1000), s(10), s(10), 500)},
      {"bursts of nothing", 0, 10, 12, with_bursts(poisson(1000), s(10), s(2), 0)},
      {"the day's first half", 20'000 + swing, 0, 20, day},
      {"the day's second half", 20'000 - swing, 20, 40, day},
      {"the second day's first half", 20'000 + swing, 40, 60, day},
      {"a night that swings below zero", 0, 25, 35, with_day(poisson(1000), s(40), 200)},
      // Stage 3000 * burst 5 * day 1.5 at its height, 50 s: the integral of sin over 50..52 s is close to its peak.
      {"all of them at once", 3000 * 5 * (2 + 0.5 * 40 / (2 * M_PI) * std::sin(2 * M_PI * 2 / 40)), 50, 52, all},
  };
  for (const Case& c : cases) {
    for (const Arrivals kind : {Arrivals::poisson, Arrivals::constant}) {
      ClientSpec spec = c.spec;
      spec.arrivals = kind;
      const double count = count_between(seconds_until(spec, c.end), c.begin, c.end);
      const double tolerance = kind == Arrivals::poisson ? 4 * std::sqrt(c.expected) : 2 + c.expected * 1e-4;
      EXPECT_NEAR(count, c.expected, tolerance) << c.message << (kind == Arrivals::poisson ? ", Poisson" : ", even");
    }
  }
}

/// Variance over mean of the counts in intervals of a second.
double dispersion(const ClientSpec& spec, int seconds) {
  const std::vector<double> all = seconds_until(spec, seconds);
  std::vector<double> counts(static_cast<size_t>(seconds));
  for (const double at : all) ++counts[static_cast<size_t>(at)];
  const double mean = static_cast<double>(all.size()) / seconds;
  double variance = 0;
  for (const double count : counts) variance += (count - mean) * (count - mean) / seconds;
  return variance / mean;
}

TEST(Arrivals, DispersionTellsPoissonFromEven) {
  EXPECT_NEAR(dispersion(poisson(100), 5000), 1, 4 * std::sqrt(2.0 / 5000));
  EXPECT_NEAR(dispersion(even(100), 5000), 0, 1e-3);
}

TEST(Arrivals, GapsOfPoissonAreExponential) {
  const std::vector<double> all = seconds_until(poisson(1000), 200);
  double squares = 0;
  int beyond = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    const double gap = all[i] - all[i - 1];
    squares += gap * gap;
    beyond += gap > 0.003;
  }
  const auto count = static_cast<double>(all.size());
  EXPECT_NEAR(squares / count, 2e-6, 5e-8) << "twice the squared mean";
  EXPECT_NEAR(beyond / count, std::exp(-3), 0.002);
}

TEST(Arrivals, EvenOnesAreExactlySpaced) {
  const ClientSpec spec = even(8);
  ArrivalProcess arrivals(spec);
  Prng prng(1);
  for (int64_t i = 1; i <= 100'000; ++i) {
    ASSERT_EQ(arrivals.next(prng), Instant::from_ns(i * 125'000'000)) << "rounding does not add up";
  }
}

TEST(Arrivals, EvenOnesOnARampSolveItsQuadraticEquation) {
  // A rate of t requests per second: the n-th comes where t^2 / 2 == n.
  const ClientSpec rising = with_stages(even(0), {{Duration{}, 1000, Duration::s(1000)}});
  ArrivalProcess arrivals(rising);
  Prng prng(1);
  for (int n = 1; n <= 1000; ++n) {
    const std::optional<Instant> at = arrivals.next(prng);
    ASSERT_TRUE(at.has_value());
    ASSERT_NEAR(static_cast<double>(at->ns()), std::sqrt(2.0 * n) * 1e9, 10) << n;
  }
}

TEST(Arrivals, RateAtAnInstant) {
  constexpr auto s = Duration::s;
  ClientSpec trace = poisson(100);
  trace.arrivals = Arrivals::trace;
  ClientSpec closed = poisson(100);
  closed.arrivals = Arrivals::closed;
  struct Case {
    const char* message;
    double expected;
    int64_t at_s;
    ClientSpec spec;
  };
  const Case cases[] = {
      {"steady", 100, 5, poisson(100)},
      {"half way up a ramp", 200, 20, with_stages(even(100), {{s(10), 300, s(20)}})},
      {"on top", 300, 1000, with_stages(even(100), {{s(10), 300, s(20)}})},
      {"calm at first", 100, 1, with_bursts(even(100), s(10), s(2), 500)},
      {"in a burst", 500, 11, with_bursts(even(100), s(10), s(2), 500)},
      {"after it", 100, 12, with_bursts(even(100), s(10), s(2), 500)},
      {"the height of the day", 150, 10, with_day(even(100), s(40), 50)},
      {"the depth of the night", 50, 30, with_day(even(100), s(40), 50)},
      {"a night below zero", 0, 30, with_day(even(100), s(40), 300)},
      {"a trace", 0, 5, trace},
      {"a closed loop", 0, 5, closed},
  };
  for (const Case& c : cases) {
    EXPECT_NEAR(ArrivalProcess(c.spec).rate_at(Instant{} + s(c.at_s)), c.expected, 1e-9) << c.message;
  }
}

TEST(Arrivals, ATraceComesInItsOrder) {
  ClientSpec spec{.arrivals = Arrivals::trace};
  for (const int64_t at : {0, 5, 5, 9}) spec.trace.push_back({.at = Duration::ns(at)});
  ArrivalProcess arrivals(spec);
  Prng prng(1);
  for (const TraceEntry& entry : spec.trace) EXPECT_EQ(arrivals.next(prng), Instant{} + entry.at);
  EXPECT_EQ(arrivals.next(prng), std::nullopt);
  EXPECT_EQ(arrivals.next(prng), std::nullopt) << "and stays at its end";
}

TEST(Arrivals, ThoseThatCannotComeEnd) {
  constexpr auto s = Duration::s;
  ClientSpec closed = poisson(100);
  closed.arrivals = Arrivals::closed;
  const Duration ns = Duration::ns(1);
  struct Case {
    const char* message;
    ClientSpec spec;
  };
  const Case cases[] = {
      {"a closed loop", closed},
      {"an empty trace", {.arrivals = Arrivals::trace}},
      {"no rate", poisson(0)},
      {"no rate, and bursts of it every nanosecond", with_bursts(poisson(0), ns, ns, 500)},
      {"no rate, and a short day", with_day(poisson(0), ns, 50)},
      {"bursts of nothing that fill all time", with_day(with_bursts(poisson(100), ns, s(1), 0), ns, 50)},
      {"a rate that ends at once", with_stages(poisson(100), {{Duration{}, 0, Duration{}}})},
      {"a stage without rate at the end of time", with_stages(poisson(0), {{Duration::max(), 100, s(1)}})},
  };
  for (const Case& c : cases) {
    ArrivalProcess arrivals(c.spec);
    Prng prng(1);
    EXPECT_EQ(arrivals.next(prng), std::nullopt) << c.message;
    EXPECT_EQ(arrivals.next(prng), std::nullopt) << c.message;
  }
  const ClientSpec fading = with_stages(poisson(100), {{s(10), 0, s(10)}});
  EXPECT_NEAR(static_cast<double>(seconds_until(fading, 1e9).size()), 1500, 4 * std::sqrt(1500));
}

TEST(Arrivals, HugeSpansDoNotOverflow) {
  constexpr auto s = Duration::s;
  const Duration century = s(3'155'760'000), max = Duration::max();
  struct Case {
    const char* message;
    int draws;
    ClientSpec spec;
  };
  const Case cases[] = {
      {"a silent century", 1000, with_stages(poisson(0), {{century, 1000, century}})},
      {"a ramp without end", 1000, with_stages(poisson(1), {{s(1), UINT32_MAX, max}})},
      {"a ramp that begins at the end", 1000, with_stages(poisson(1000), {{max, 0, max}})},
      {"the greatest rate in the greatest burst", 100'000, with_bursts(poisson(UINT32_MAX), s(1), s(1), UINT32_MAX)},
      {"a burst that never comes", 1000, with_bursts(poisson(1000), max, max, 500)},
      {"a day without end", 1000, with_day(poisson(1000), max, 100)},
      {"the shortest day", 1000, with_day(poisson(1'000'000), Duration::ns(1), 100)},
      {"the shortest burst", 1000, with_bursts(poisson(1'000'000), Duration::ns(2), Duration::ns(1), 500)},
  };
  for (const Case& c : cases) {
    ArrivalProcess arrivals(c.spec);
    Prng prng(1);
    Instant before{};
    for (int i = 0; i < c.draws; ++i) {
      const std::optional<Instant> at = arrivals.next(prng);
      ASSERT_TRUE(at.has_value()) << c.message;
      ASSERT_GE(*at, before) << c.message;
      before = *at;
    }
  }
}

}  // namespace
}  // namespace weir::sim
