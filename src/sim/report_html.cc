#include "sim/report_html.h"

#include <fmt/format.h>

#include "model/units.h"
#include "plot/page.h"
#include "plot/svg.h"
#include "sim/plot.h"

namespace weir::sim {

using plot::escape_xml;
using plot::html_page;
using plot::list_html;
using plot::table_html;

namespace {

std::string digests_html(const Report& report) {
  std::string out;
  for (const Run& run : report.runs) {
    out += fmt::format("{}{} <code>{:016x}</code>", out.empty() ? "" : ", ", escape_xml(run.result->variant),
                       run.result->digest);
  }
  return out;
}

}  // namespace

std::string html_of(const Report& report) {
  const Scenario& scenario = *report.runs.front().scenario;
  const uint64_t seed = report.runs.front().result->seed;
  const std::string title = report.title.empty() ? "A simulation" : report.title;
  std::string body = fmt::format("<h1>{}</h1>\n", escape_xml(title));
  if (!report.about.empty()) body += fmt::format("<p>{}</p>\n", escape_xml(report.about));
  body += fmt::format("<p class=\"soft\">{} of simulated time, the first {} not counted; seed {}.</p>\n",
                      model::format_duration(scenario.duration), model::format_duration(scenario.warm_up), seed);
  const auto broken = broken_laws_of(report);
  if (!broken.empty()) {
    body +=
        "<div class=\"broken\" role=\"alert\"><strong>A law of the simulation does not hold. Trust no number here; "
        "this is a bug of Weir.</strong>\n" +
        list_html(broken) + "</div>\n";
  }
  for (const Table& table : tables_of(report)) body += table_html(table.heading, table.columns, table.rows);
  const auto failures = failures_of(report);
  if (!failures.empty()) body += "<h2>why requests failed</h2>\n" + list_html(failures);
  body += plot_element(report, PlotWidth::wide) + plot_element(report, PlotWidth::narrow);
  body += fmt::format(
      "<p class=\"soft\">Grey: warm-up. Tinted: a fault. utilisation: least, mean and most of the endpoints; "
      "imbalance: "
      "what the busiest served, over the mean. The same file and seed give the same run, decision by decision; "
      "digests: "
      "{}.</p>\n",
      digests_html(report));
  return html_page(title, body);
}

}  // namespace weir::sim
