#include "balance/fisher.h"

#include <gtest/gtest.h>

namespace weir::balance {
namespace {

TEST(Fisher, KnownValues) {
  struct Case {
    const char* message;
    double expected;
    uint64_t failures, requests, peer_failures, peer_requests;
  };
  const Case cases[] = {
      {"the lady tasting tea, all eight right", 1.0 / 70, 4, 4, 0, 4},
      {"the lady tasting tea, one pair wrong", 17.0 / 70, 3, 4, 1, 4},
      {"5 of 10 against none of 10", 252.0 / 15'504, 5, 10, 0, 10},
      {"no failures prove nothing", 1.0, 0, 10, 5, 10},
      {"no peers prove nothing", 1.0, 5, 10, 0, 0},
      {"equally bad: certain to be at least 2 when all fail", 1.0, 2, 2, 2, 2},
      {"below the mean, from the other tail: 1 - C(4,4)/C(8,4)", 69.0 / 70, 1, 4, 3, 4},
  };
  for (const Case& c : cases) {
    EXPECT_NEAR(fisher_one_sided(c.failures, c.requests, c.peer_failures, c.peer_requests), c.expected, 1e-9)
        << c.message;
  }
}

TEST(Fisher, LargeCountsStayFiniteAndQuick) {
  EXPECT_LT(fisher_one_sided(500'000, 1'000'000, 10'000, 1'000'000), 1e-300);
  const double even = fisher_one_sided(10'000, 1'000'000, 10'000, 1'000'000);
  EXPECT_NEAR(even, 0.5, 0.01) << "equal ratios: half the mass lies on either side";
}

}  // namespace
}  // namespace weir::balance
