#pragma once
// The plots of a drill's report: an arm over time, and its latencies by phase. Each comes as an svg element for
// plot::html_page, in a wide and a narrow form. Pure functions, any thread.

#include <string>

#include "drill/run.h"

namespace weir::drill {

/// Rate and failures, latency, and for each endpoint its share of the work and its health, with the fault's marks.
std::string timeline_plot(const Drill& drill, const ArmResult& arm, bool narrow);

/// Percentile curves before, during and after the fault, over each other: latency against the share of requests that
/// took longer, both logarithmic.
std::string latency_plot(const ArmResult& arm, bool narrow);

}  // namespace weir::drill
