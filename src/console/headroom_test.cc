// The estimator against queues whose knee is known: M/M/c, with the exact mean of Erlang's C formula.
#include "console/headroom.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/prng.h"

namespace weir::console {
namespace {

using State = Headroom::State;

/// Mean time in an M/M/c system with service time `service`, at `rate`.
double mmc(double rate, double service, int c) {
  const double load = rate * service;
  double b = 1;
  for (int k = 1; k <= c; ++k) b = load * b / (k + load * b);
  const double rho = load / c;
  const double waits = b / (1 - rho * (1 - b));
  return service + waits * service / (c * (1 - rho));
}

/// The rate at which that is twice the service time.
double knee(double service, int c) {
  double low = 0;
  double high = c / service;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (mmc(middle, service, c) < 2 * service ? low : high) = middle;
  }
  return low;
}

struct World {
  double service;
  int c;
  uint32_t endpoints;
  double noise;  ///< relative, of a second's mean
};

/// Loads each share of the capacity for so many seconds.
HeadroomEstimator after(const World& world, const std::vector<double>& shares, int seconds, uint64_t seed = 1) {
  HeadroomEstimator estimator;
  Prng prng(seed);
  const double capacity = world.c / world.service;
  for (const double share : shares) {
    for (int i = 0; i < seconds; ++i) {
      const double rate = share * capacity * (1 + 0.02 * (prng.unit() - 0.5));
      const double mean = mmc(rate, world.service, world.c) * (1 + world.noise * 2 * (prng.unit() - 0.5));
      const auto requests = static_cast<uint64_t>(rate * world.endpoints);
      estimator.add({.seconds = 1,
                     .requests = requests,
                     .latency_seconds = mean * static_cast<double>(requests),
                     .serving = world.endpoints});
    }
  }
  return estimator;
}

const std::vector<double> kRamp{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97};

std::vector<double> ramp_to(double top) {
  std::vector<double> shares;
  for (const double each : kRamp) {
    if (each <= top) shares.push_back(each);
  }
  return shares;
}

TEST(Headroom, FindsTheKneeThatWasPassed) {
  const World worlds[] = {{0.010, 1, 1, 0.05}, {0.010, 2, 3, 0.05}, {0.004, 4, 3, 0.1},
                          {0.020, 8, 2, 0.1},  {0.004, 3, 5, 0.1},  {0.050, 16, 1, 0.05}};
  for (const World& world : worlds) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      const Headroom found = after(world, kRamp, 12, seed).estimate();
      const double expected = knee(world.service, world.c);
      const std::string what = "c " + std::to_string(world.c) + " seed " + std::to_string(seed);
      ASSERT_EQ(found.state, State::measured) << what;
      EXPECT_NEAR(found.knee / expected, 1, 0.12) << what;
      EXPECT_LE(found.knee_low, expected * 1.05) << what;
      EXPECT_GE(found.knee_high, expected * 0.95) << what;
      EXPECT_GT(found.confidence, 0.3) << what;
    }
  }
}

TEST(Headroom, AnExtrapolatedKneeIsNearTheTrueOne) {
  // Short of the knee (0.84 of the capacity with c = 4), where the bend is seen already.
  const World world{0.010, 4, 3, 0.02};
  const double expected = knee(world.service, world.c);
  int claimed = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Headroom found = after(world, ramp_to(0.8), 30, seed).estimate();
    if (!found.known()) continue;
    ++claimed;
    EXPECT_EQ(found.state, State::extrapolated);
    EXPECT_NEAR(found.knee / expected, 1, 0.3) << seed;
  }
  EXPECT_GT(claimed, 10);
}

TEST(Headroom, ClaimsNothingThatTheDataDoNotSay) {
  const World world{0.010, 4, 3, 0.05};
  const struct {
    const char* message;
    std::vector<State> expected;
    std::vector<double> shares;
    int seconds;
  } cases[] = {
      {"no traffic", {State::no_traffic}, {}, 1},
      {"two seconds of it", {State::no_traffic}, {0.5}, 2},
      {"one load for long", {State::one_level}, {0.5}, 300},
      {"two loads", {State::one_level}, {0.2, 0.6}, 60},
      {"many loads that are all alike", {State::one_level}, {0.40, 0.45, 0.505, 0.56}, 60},
      {"only low loads: no bend to be seen", {State::flat}, {0.05, 0.1, 0.15, 0.2, 0.3}, 30},
      {"the beginning of a bend", {State::flat, State::undetermined}, {0.05, 0.1, 0.2, 0.3, 0.4, 0.5}, 20},
  };
  for (const auto& c : cases) {
    const Headroom found = after(world, c.shares, c.seconds).estimate();
    EXPECT_NE(std::find(c.expected.begin(), c.expected.end(), found.state), c.expected.end())
        << c.message << ": " << name_of(found.state) << " " << found.knee;
    EXPECT_FALSE(found.known()) << c.message;
    EXPECT_EQ(found.confidence, 0) << c.message;
  }
}

TEST(Headroom, FlatLatencyHasNoKnee) {
  HeadroomEstimator estimator;
  Prng prng(3);
  for (int i = 0; i < 600; ++i) {
    const double rate = 50.0 + i;
    const double mean = 0.005 * (1 + 0.1 * (prng.unit() - 0.5));
    estimator.add({.requests = static_cast<uint64_t>(rate), .latency_seconds = mean * std::floor(rate), .serving = 1});
  }
  EXPECT_EQ(estimator.estimate().state, State::flat);
  EXPECT_NEAR(estimator.estimate().seen, 640, 20) << "the knee is above this";
}

TEST(Headroom, LosingEndpointsIsSeenAtOnce) {
  const World world{0.010, 4, 4, 0.05};
  HeadroomEstimator estimator = after(world, kRamp, 12);
  const uint64_t rate = 600;
  const auto utilisation = [&](uint32_t serving) {
    estimator.add({.requests = rate, .latency_seconds = 0.011 * rate, .serving = serving});
    return estimator.estimate().utilisation();
  };
  const double before = utilisation(4);
  EXPECT_NEAR(before, 600.0 / 4 / knee(0.010, 4), 0.06);
  EXPECT_NEAR(utilisation(2) / before, 2, 0.01);
  estimator.add({.requests = 0, .serving = 0});
  EXPECT_EQ(estimator.estimate().rate, 0) << "nobody serves";
}

TEST(Headroom, FailuresTeachNothing) {
  HeadroomEstimator estimator;
  for (int i = 0; i < 100; ++i) {
    estimator.add({.requests = 100, .latency_seconds = 0.01, .failed = 10, .serving = 1});
  }
  EXPECT_EQ(estimator.estimate().state, State::no_traffic);
}

TEST(Headroom, AQuietClusterGathersItsRequests) {
  HeadroomEstimator estimator;
  for (int i = 0; i < 120; ++i) estimator.add({.requests = 6, .latency_seconds = 0.06, .serving = 1});
  EXPECT_EQ(estimator.estimate().state, State::one_level);
  EXPECT_NEAR(estimator.estimate().seen, 6, 0.01);
}

}  // namespace
}  // namespace weir::console
