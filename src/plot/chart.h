#pragma once
// A chart as one SVG element for html_page (page.h): lines over time or over percentiles, with a linear or a
// logarithmic axis, or areas stacked upon each other; a legend, a shaded beginning, and marks. Pure functions, any
// thread.

#include <optional>
#include <string>
#include <vector>

namespace weir::plot {

struct ChartPoint {
  double x = 0;
  std::optional<double> y;  ///< nothing interrupts the line
};

struct ChartLine {
  std::string name;
  size_t style = 0;  ///< s0 to s7 of svg_style()
  bool thin = false;
  std::vector<ChartPoint> points{};
};

/// What happened at one time, or lasted a while.
struct ChartMark {
  std::string label;
  double from = 0, to = 0;
};

struct Chart {
  enum class Across : uint8_t {
    time,     ///< x in seconds
    percent,  ///< x in percent, drawn on 1 / (1 - p): every nine takes as much room as the one before
  };
  enum class Up : uint8_t {
    latency,  ///< y in nanoseconds, logarithmic
    linear,
    stacked,  ///< as linear; every line is drawn upon the sum of those before it
  };
  std::string heading;
  Across across = Across::time;
  Up up = Up::linear;
  double x_max = 0;      ///< of time; percent goes as far as its points
  double shaded_to = 0;  ///< the warm-up
  std::string unit{};    ///< of linear ticks
  std::vector<ChartLine> lines{};
  std::vector<ChartMark> marks{};
};

/// The element twice, as html_page wants it: "wide" and "narrow". Nothing when there is nothing to draw; a line without
/// any value is not in the legend either.
std::string chart_html(const Chart& chart);

}  // namespace weir::plot
