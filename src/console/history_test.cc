#include "console/history.h"

#include <gtest/gtest.h>

namespace weir::console {
namespace {

TEST(History, KeepsWhatTheLimitsAllow) {
  const struct {
    const char* message;
    uint64_t expected_first, expected_end;
    size_t expected_bytes;
    History::Limits limits;
    size_t pushes, size;
  } cases[] = {
      {"nothing", 0, 0, 0, {.seconds = 3, .bytes = 100}, 0, 0},
      {"as many as fit", 0, 3, 30, {.seconds = 3, .bytes = 100}, 3, 10},
      {"one more", 1, 4, 30, {.seconds = 3, .bytes = 100}, 4, 10},
      {"many more", 997, 1000, 30, {.seconds = 3, .bytes = 100}, 1000, 10},
      {"bytes bind first", 2, 4, 80, {.seconds = 900, .bytes = 100}, 4, 40},
      {"one that is too large alone is kept alone", 3, 4, 101, {.seconds = 900, .bytes = 100}, 4, 101},
  };
  for (const auto& c : cases) {
    History history(c.limits);
    for (size_t i = 0; i < c.pushes; ++i) history.push(std::string(c.size, static_cast<char>('a' + i % 26)));
    EXPECT_EQ(history.first(), c.expected_first) << c.message;
    EXPECT_EQ(history.end(), c.expected_end) << c.message;
    EXPECT_EQ(history.bytes(), c.expected_bytes) << c.message;
    for (uint64_t i = history.first(); i < history.end(); ++i) {
      EXPECT_EQ(history.at(i)[0], static_cast<char>('a' + i % 26)) << c.message << ": number " << i;
    }
  }
}

TEST(History, NobodyReadsWhatIsGone) {
  History history({.seconds = 1, .bytes = 100});
  history.push("a");
  history.push("b");
  EXPECT_DEATH((void)history.at(0), "");
  EXPECT_DEATH((void)history.at(2), "");
}

}  // namespace
}  // namespace weir::console
