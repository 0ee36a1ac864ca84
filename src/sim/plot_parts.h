#pragma once
// What the parts of a plot share: where things lie, and the text drawn so far. Used by plot.cc and plot_heatmap.cc
// only.

#include <string>
#include <string_view>
#include <vector>

#include "plot/page.h"
#include "plot/svg.h"
#include "sim/plot.h"

namespace weir::sim {

using plot::escape_xml;
using plot::latency_ticks;
using plot::linear_ticks;
using plot::round_down;
using plot::round_up;
using plot::Scale;
using plot::shorten;
using plot::svg_number;
using plot::Tick;
using plot::time_ticks;

/// From top to bottom: whoever draws moves `y` on. In pixels of the wide or the narrow plot.
struct Canvas {
  Canvas(const Report& report, PlotWidth width);

  void text(double x, double at_y, std::string_view words, std::string_view css, std::string_view anchor = "start");
  void line(double x1, double y1, double x2, double y2, std::string_view css);
  void rect(double x, double at_y, double w, double h, std::string_view css);
  /// Labels of the time axis under `at_y`.
  void time_axis(double at_y);
  /// The lower end of a panel's heading.
  void heading(std::string_view words);

  bool narrow;
  double width, left, right;  ///< of the panels
  double letter;              ///< about the width of one
  Duration length;
  Scale time;  ///< seconds to x
  double y = 0;
  std::string out;
};

/// A heatmap per variant, where the endpoints are few enough to be told apart.
void draw_heatmaps(Canvas& canvas, const Report& report);

}  // namespace weir::sim
