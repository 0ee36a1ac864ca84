#include "drill/expectation.h"

#include <gtest/gtest.h>

#include <limits>

namespace weir::drill {
namespace {

TEST(Expectation, MistakesSayWhatIsWrong) {
  const struct {
    const char* message;
    const char* expected;
    const char* text;
  } cases[] = {
      {"no comparison", "compares nothing", "with.during.errors"},
      {"no figure", "names no figure", "errors < 1%"},
      {"an unknown figure", "unknown figure \"erors\"", "with.during.erors < 1%"},
      {"an unknown phase", "unknown phase \"while\"", "with.while.errors < 1%"},
      {"an event with a phase", "unknown figure \"eject\"", "with.during.eject < 1s"},
      {"a percentage without its sign", "is no value of errors", "with.during.errors < 1"},
      {"a duration without unit", "is no value of p99", "with.during.p99 < 100"},
      {"a number with a unit", "is no value of tries", "with.during.tries < 2ms"},
      {"different units", "cannot be compared", "with.during.errors < 2 * with.during.p99"},
      {"nothing on the right", "names no figure", "with.during.errors <"},
      {"a negative number", "names no figure", "with.during.errors < -1%"},
      {"far too large", "names no figure", "with.during.tries < 99999999999999"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_expectation(c.text);
    ASSERT_FALSE(parsed.has_value()) << c.message;
    EXPECT_NE(parsed.error().message.find(c.expected), std::string::npos)
        << c.message << ": " << parsed.error().message;
  }
  EXPECT_EQ(parse_expectation("with.during.erors < 1%").error().nearest, "errors");
  EXPECT_FALSE(parse_hypothesis("with.during.errors < 1%").has_value());
  EXPECT_FALSE(parse_hypothesis("errors < 2 * p99").has_value());
}

std::optional<double> figures(const Term& term) {
  if (term.arm == "nothing") return std::nullopt;
  if (term.figure == Figure::eject) return std::numeric_limits<double>::infinity();
  return term.arm == "with" ? 3.1 : 40;
}

TEST(Expectation, FindingsNameTheNumber) {
  const struct {
    const char* message;
    bool holds;
    const char* expected;
    const char* text;
  } cases[] = {
      {"missed", false, "with: errors during the fault: 3.10 %, expected < 0.50 %", "with.during.errors < 0.5%"},
      {"held", true, "with: errors during the fault: 3.10 %, expected < 4.00 %", "with.during.errors < 4%"},
      {"compared", true, "without: errors during the fault: 40.0 %, expected > 31.0 % (10 * with.during.errors)",
       "without.during.errors > 10 * with.during.errors"},
      {"never", false, "with: time to eject: never, expected < 3000 ms", "with.eject < 3s"},
      {"never is later than anything", true, "with: time to eject: never, expected > 3000 ms", "with.eject > 3s"},
      {"not measured", false, "nothing: errors before the fault: not measured, expected < 1.00 %",
       "nothing.before.errors < 1%"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_expectation(c.text);
    ASSERT_TRUE(parsed.has_value()) << c.message;
    const Finding finding = examine(*parsed, figures);
    EXPECT_EQ(finding.holds, c.holds) << c.message;
    EXPECT_EQ(finding.text, c.expected) << c.message;
  }
}

}  // namespace
}  // namespace weir::drill
