#pragma once
// A report as one HTML page: what it is about, the tables, the plots. Nothing is fetched, so it can be mailed and will
// look the same in ten years; it follows the reader's light or dark scheme and is readable on a telephone. Pure
// function, any thread.

#include <string>

#include "sim/report.h"

namespace weir::sim {

std::string html_of(const Report& report);

}  // namespace weir::sim
