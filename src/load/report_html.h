#pragma once
// A run as one HTML page that needs nothing else: what was asked and what came of it, over time and over percentiles.
// Pure function, any thread.

#include <string>

#include "load/report.h"

namespace weir::load {

std::string html_of(const Figures& figures);

}  // namespace weir::load
