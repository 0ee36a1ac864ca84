#include "balance/endpoint_health.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {

void PrintTo(const EffectiveHealth& health, std::ostream* out) {
  *out << name_of(health.health) << " x" << health.weight;
}

namespace {

HealthInputs serving() { return {}; }
HealthInputs ejected() { return {.active = {}, .outlier = OutlierState::ejected}; }
HealthInputs active(ActiveState state, OutlierState outlier = OutlierState::serving) {
  return {.active = state, .outlier = outlier};
}
HealthInputs draining() { return {.active = {}, .draining = true}; }
HealthInputs weightless() { return {.active = {}, .weight = 0}; }

TEST(EndpointHealth, PrecedenceOfOneEndpoint) {
  struct Case {
    const char* message;
    Health expected;
    HealthInputs inputs;
  };
  const Case cases[] = {
      {"nothing is said against it", Health::healthy, serving()},
      {"no traffic before the first check", Health::unhealthy, active(ActiveState::unknown)},
      {"failed its checks", Health::unhealthy, active(ActiveState::unhealthy)},
      {"passed its checks", Health::healthy, active(ActiveState::healthy)},
      {"a passed check does not hide an ejection", Health::unhealthy,
       active(ActiveState::healthy, OutlierState::ejected)},
      {"probation is not service", Health::unhealthy, active(ActiveState::healthy, OutlierState::probation)},
      {"draining beats unhealthy", Health::draining, {.active = ActiveState::unhealthy, .draining = true}},
      {"degraded", Health::degraded, {.active = {}, .degraded = true}},
      {"ejected beats degraded", Health::unhealthy, {.active = {}, .outlier = OutlierState::ejected, .degraded = true}},
  };
  for (const Case& c : cases) EXPECT_EQ(name_of(combine(c.inputs).health), name_of(c.expected)) << c.message;
}

TEST(EndpointHealth, SlowStartBeginsAtTheLastReturn) {
  const HealthInputs inputs{.active = ActiveState::healthy,
                            .joined_at = kStart,
                            .active_since = kStart + Duration::s(9),
                            .serving_since = kStart + Duration::s(4)};
  EXPECT_EQ(combine(inputs).slow_start_from, kStart + Duration::s(9));
  EXPECT_EQ(combine(serving()).slow_start_from, Instant{}) << "no ramp for what was there from the start";
}

TEST(EndpointHealth, EjectionsAreSuspendedWhenNothingElseServes) {
  struct Case {
    const char* message;
    std::string expected;  ///< a letter per endpoint: h(ealthy), u(nhealthy), d(raining)
    std::vector<HealthInputs> inputs;
  };
  const Case cases[] = {
      {"another one serves", "uh", {ejected(), serving()}},
      {"the only one", "h", {ejected()}},
      {"the other fails its checks", "hu", {ejected(), active(ActiveState::unhealthy)}},
      {"the other drains", "hd", {ejected(), draining()}},
      {"the other has no weight and so cannot serve", "hh", {ejected(), weightless()}},
      {"whoever fails its own checks stays out",
       "uh",
       {active(ActiveState::unhealthy, OutlierState::ejected), active(ActiveState::healthy, OutlierState::ejected)}},
  };
  for (const Case& c : cases) {
    std::vector<EffectiveHealth> effective(c.inputs.size());
    combine(c.inputs, effective);
    std::string letters;
    for (const EffectiveHealth& health : effective) letters += name_of(health.health)[0];
    EXPECT_EQ(letters, c.expected) << c.message;
  }
}

}  // namespace
}  // namespace weir::balance
