// The search itself: it goes over its range, and some seeds of it are run with every build.
#include "sim/fuzz.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::sim {
namespace {

TEST(Fuzz, FindsNothingInTheFirstSeeds) {
  for (const Failure& failure : fuzz({.from = 1, .count = 12})) {
    for (const Violation& violation : failure.violations) ADD_FAILURE() << failure.seed << ": " << describe(violation);
  }
}

TEST(Fuzz, TellsHowFarItIs) {
  std::vector<uint64_t> told;
  fuzz({.from = 1, .count = 3}, [&](uint64_t done) { told.push_back(done); });
  EXPECT_EQ((std::vector<uint64_t>{1, 2, 3}), told);
}

}  // namespace
}  // namespace weir::sim
