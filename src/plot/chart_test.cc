// Charts hold what they were given, inside their panel, and nothing that breaks out of the page.
#include "plot/chart.h"

#include <gtest/gtest.h>

namespace weir::plot {
namespace {

size_t occurrences(const std::string& text, const std::string& of) {
  size_t count = 0;
  for (size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

TEST(Chart, NothingToDrawIsNothing) {
  EXPECT_EQ("", chart_html({.heading = "empty"}));
  EXPECT_EQ("", chart_html({.heading = "holes", .lines = {{.name = "a", .points = {{1, std::nullopt}}}}}));
}

TEST(Chart, TheLegendNamesWhatIsDrawn) {
  const std::string html = chart_html({.heading = "h",
                                       .x_max = 1,
                                       .lines = {{.name = "seen", .points = {{0, 1}, {1, 1}}},
                                                 {.name = "never", .style = 1, .points = {{0, std::nullopt}}}}});
  EXPECT_EQ(2u, occurrences(html, "seen"));
  EXPECT_EQ(0u, occurrences(html, "never"));
}

TEST(Chart, ComesInTwoWidthsAndEscapes) {
  const std::string html =
      chart_html({.heading = "a <b>", .x_max = 10, .lines = {{.name = "x & y", .points = {{0, 1}, {10, 2}}}}});
  EXPECT_EQ(2u, occurrences(html, "</svg>"));
  EXPECT_EQ(0u, occurrences(html, "<b>"));
  EXPECT_EQ(2u, occurrences(html, "x &amp; y"));
}

TEST(Chart, AHoleInterruptsTheLine) {
  const std::string html = chart_html(
      {.heading = "h", .x_max = 4, .lines = {{.name = "l", .points = {{0, 1}, {1, 1}, {2, std::nullopt}, {3, 1}}}}});
  EXPECT_EQ(2u, occurrences(html, "h0")) << "the point alone, in both widths";
}

TEST(Chart, EveryNineTakesAsMuchRoom) {
  const std::string html = chart_html({.heading = "h",
                                       .across = Chart::Across::percent,
                                       .up = Chart::Up::latency,
                                       .lines = {{.name = "l", .points = {{0, 1e6}, {90, 2e6}, {99, 5e6}}}}});
  // Of the wide one: 64 to 944, so 90 % lies at 504.
  EXPECT_NE(std::string::npos, html.find("M64 ")) << html;
  EXPECT_NE(std::string::npos, html.find("L504 ")) << html;
  EXPECT_NE(std::string::npos, html.find("L944 ")) << html;
}

TEST(Chart, StackedAreasLieUponEachOther) {
  const Chart chart{
      .heading = "h",
      .up = Chart::Up::stacked,
      .x_max = 2,
      .lines = {{.name = "a", .points = {{0, 4}, {2, 4}}}, {.name = "b", .style = 1, .points = {{0, 6}, {2, 6}}}}};
  const std::string html = chart_html(chart);
  // The sum, 10, is the axis's end: the second area reaches the top of its panel, which begins at y = 40.
  EXPECT_NE(std::string::npos, html.find("class=\"t1\" d=\"M64 240L64 40L944 40V240Z\"")) << html;
  EXPECT_NE(std::string::npos, html.find("class=\"t0\" d=\"M64 240L64 160L944 160V240Z\"")) << html;
}

}  // namespace
}  // namespace weir::plot
