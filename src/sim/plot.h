#pragma once
// Runs over time, as one SVG that needs nothing else: latency (p99 thick, p50 thin, logarithmic), failures, what went
// wrong and when, and how many requests each endpoint of the first tier had, as a heatmap. Variants differ by colour,
// by dash and by a name at the line's end, so that colour alone never carries a meaning; colours follow the reader's
// light or dark scheme.
//
// Two widths, for a page that is also read on a telephone: shrinking the wide one would shrink its letters. Pure
// functions; any thread.

#include <string>

#include "sim/report.h"

namespace weir::sim {

enum class PlotWidth : uint8_t { wide, narrow };

/// A document of its own, with its style.
std::string plot_svg(const Report& report);

/// The element alone, for a page that has plot::svg_style() in its own (plot/page.h).
std::string plot_element(const Report& report, PlotWidth width);

}  // namespace weir::sim
