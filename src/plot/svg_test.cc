// Axes end on round numbers, labels are short, and nothing that is drawn can break out of its text.
#include "plot/svg.h"

#include <gtest/gtest.h>

namespace weir::plot {
namespace {

TEST(Axes, TicksAreRound) {
  const auto labels = [](const std::vector<Tick>& ticks) {
    std::string all;
    for (const Tick& tick : ticks) all += tick.label + " ";
    return all;
  };
  struct Row {
    const char* message;
    const char* expected;
    std::vector<Tick> ticks;
  };
  const Row rows[] = {
      {"a minute", "0 10s 20s 30s 40s 50s 1m ", time_ticks(Duration::s(60), 6)},
      {"two minutes", "0 30s 1m 1m30 2m ", time_ticks(Duration::s(120), 4)},
      {"a few hours", "0 30m 1h 1h30 ", time_ticks(Duration::s(6000), 4)},
      {"a day", "0 6h 12h 18h 24h ", time_ticks(Duration::s(86400), 6)},
      {"a decade", "10ms 20ms 50ms 100ms ", latency_ticks(10e6, 100e6)},
      {"units change", "500us 1ms 2ms ", latency_ticks(5e5, 2e6)},
      {"many decades", "1us 10us 100us 1ms 10ms 100ms 1s ", latency_ticks(1e3, 1e9)},
      {"percent", "0 20% 40% 60% ", linear_ticks(57, "%")},
      {"little", "0 0.02% 0.04% 0.06% ", linear_ticks(0.06, "%")},
      {"nothing", "", linear_ticks(0, "%")},
  };
  for (const Row& row : rows) EXPECT_EQ(row.expected, labels(row.ticks)) << row.message;
  EXPECT_EQ(5e6, round_down(7e6));
  EXPECT_EQ(1e7, round_up(7e6));
  EXPECT_EQ(2e6, round_down(2e6));
  EXPECT_EQ(2e6, round_up(2e6));
}

TEST(Axes, ScalesKeepWithinTheirPanel) {
  const Scale log = Scale::logarithmic(1, 100, 200, 0);
  EXPECT_NEAR(100, log.at(10), 1e-9);
  EXPECT_EQ(200, log.at(0.01));
  EXPECT_EQ(0, log.at(1e9));
  const Scale linear = Scale::linear(0, 60, 50, 110);
  EXPECT_EQ(80, linear.at(30));
  EXPECT_EQ(110, linear.at(61));
}

TEST(Axes, TextIsCutBetweenLetters) {
  EXPECT_EQ("ab", shorten("ab", 2));
  EXPECT_EQ("a…", shorten("aé", 2));
  EXPECT_EQ("a &lt;b&gt; &amp; &quot;c&quot; d", escape_xml("a <b> & \"c\"\nd"));
}

}  // namespace
}  // namespace weir::plot
