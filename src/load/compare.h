#pragma once
// Two runs side by side, as text for a terminal and as an HTML page that lays one over the other. Pure functions, any
// thread.

#include <string>
#include <string_view>
#include <vector>

#include "load/report.h"

namespace weir::load {

struct NamedFigures {
  std::string name;  ///< of the file
  Figures figures;
};

/// One figure of both, in words. Unknown differences are "-".
struct ComparedRow {
  std::string name;
  std::string first, second;
  std::string difference;  ///< second - first, signed
  std::string ratio;       ///< second / first
};
std::vector<ComparedRow> compared_rows(const Figures& first, const Figures& second);

std::string compare(const NamedFigures& first, const NamedFigures& second);
std::string compare_html(const NamedFigures& first, const NamedFigures& second);

}  // namespace weir::load
