#include "base/pen.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/prng.h"

namespace weir {
namespace {

TEST(Pen, WritesAndGivesBackWhatItDidNotUse) {
  std::string out = "start ";
  {
    Pen pen(out, 100);
    pen.put("literal ").put(std::string_view("view ")).number(0).put(" ").number(UINT64_MAX);
  }
  EXPECT_EQ(out, "start literal view 0 18446744073709551615");
}

TEST(Pen, HexAgreesWithFormat) {
  Prng prng(3);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t value = i == 0 ? 0x0123456789abcdefULL : prng.next() >> prng.below(64);
    std::string out;
    {
      Pen pen(out, 16);
      pen.hex(value);
    }
    ASSERT_EQ(out, fmt::format("{:016x}", value));
  }
}

}  // namespace
}  // namespace weir
