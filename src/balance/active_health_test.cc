#include "balance/active_health.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::balance {
namespace {

/// 'o' is a successful probe, 'x' a failed one; the trace has a letter per probe: h(ealthy) or u(nhealthy).
std::string trace(uint32_t rise, uint32_t fall, const std::string& probes) {
  ActiveHealth health(rise, fall);
  std::string states;
  for (const char probe : probes) {
    const ActiveState before = health.state();
    const bool changed = health.on_probe(probe == 'o' ? ProbeResult::ok : ProbeResult::fail);
    EXPECT_EQ(changed, before != health.state()) << probes;
    states += name_of(health.state())[0];
  }
  return states;
}

TEST(ActiveHealth, StartsUnknown) { EXPECT_EQ(ActiveHealth(2, 3).state(), ActiveState::unknown); }

TEST(ActiveHealth, Transitions) {
  struct Case {
    const char* message;
    const char* expected;
    uint32_t rise;
    uint32_t fall;
    const char* probes;
  };
  const Case cases[] = {
      {"the first success decides", "h", 2, 3, "o"},
      {"the first failure decides", "u", 2, 3, "x"},
      {"three failures in a row take it out", "hhhu", 2, 3, "oxxx"},
      {"a success in between starts the count anew", "hhhhhhu", 2, 3, "oxxoxxx"},
      {"two successes in a row bring it back", "uuh", 2, 3, "xoo"},
      {"a failure in between starts the count anew", "uuuuh", 2, 3, "xoxoo"},
      {"thresholds of 0 mean 1", "huh", 0, 0, "oxo"},
  };
  for (const Case& c : cases) EXPECT_EQ(trace(c.rise, c.fall, c.probes), c.expected) << c.message;
}

}  // namespace
}  // namespace weir::balance
