#include <fmt/format.h>

#include "drill/report.h"
#include "plot/page.h"
#include "plot/svg.h"

namespace weir::drill {

std::string html_of(const Drill& drill, const Outcome& outcome, std::string_view version) {
  std::string body = fmt::format("<p>{}</p>", plot::escape_xml(outcome.verdict));
  return plot::html_page(drill.title, body + std::string(version));
}

}  // namespace weir::drill
