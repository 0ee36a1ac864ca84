#include "model/nearest.h"

#include <vector>

#include <gtest/gtest.h>

namespace weir::model {
namespace {

TEST(Nearest, DistanceCountsEditsAndSwaps) {
  struct Case {
    size_t expected;
    const char* a;
    const char* b;
  };
  for (const Case& each :
       {Case{0, "p2c", "p2c"}, Case{1, "p2x", "p2c"}, Case{1, "timout", "timeout"}, Case{1, "rotues", "routes"},
        Case{3, "", "abc"}, Case{3, "abc", ""}, Case{3, "kitten", "sitting"},
        Case{3, "ca", "abc"}}) {  // 3 and not 2: a swapped pair is not edited again
    EXPECT_EQ(edit_distance(each.a, each.b), each.expected) << each.a << " " << each.b;
  }
}

TEST(Nearest, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string_view> names{"workers", "admin", "listeners", "clusters"};
  EXPECT_EQ(nearest("worker", names), "workers");
  EXPECT_EQ(nearest("lisetners", names), "listeners");
  EXPECT_EQ(nearest("cluser", names), "clusters");
  EXPECT_EQ(nearest("banana", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(100'000, 'w'), names), "");
}

}  // namespace
}  // namespace weir::model
