#include "sim/report_html.h"

#include <fmt/format.h>

#include "model/units.h"
#include "sim/plot.h"
#include "sim/svg.h"

namespace weir::sim {
namespace {

constexpr std::string_view kStyle = R"(body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25;margin:1rem 0 .5rem}
h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
p{max-width:42rem;margin:.5rem 0}
.soft{color:var(--soft);font-size:.875rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th{color:var(--soft);font-weight:500}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
td:first-child{font-weight:600}
.broken{border:3px solid var(--fault);padding:.5rem 1rem;margin:1rem 0}
svg{display:block;width:100%;height:auto;margin-top:1rem}
.narrow{display:none}
@media (max-width:700px){.wide{display:none}.narrow{display:block}main{padding:.75rem}}
@media print{.narrow{display:none}.wide{display:block}}
)";

std::string table_html(const Table& table) {
  std::string out = fmt::format("<h2>{}</h2>\n<div class=\"scroll\"><table>\n<tr>", escape_xml(table.heading));
  for (const std::string& column : table.columns) out += fmt::format("<th scope=\"col\">{}</th>", escape_xml(column));
  out += "</tr>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += fmt::format("<td>{}</td>", escape_xml(cell));
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string lines_html(const std::vector<std::string>& lines) {
  std::string out = "<ul>\n";
  for (const std::string& line : lines) out += fmt::format("<li>{}</li>\n", escape_xml(line));
  return out + "</ul>\n";
}

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
  const std::string title = escape_xml(report.title.empty() ? "A simulation" : report.title);
  std::string body = fmt::format("<h1>{}</h1>\n", title);
  if (!report.about.empty()) body += fmt::format("<p>{}</p>\n", escape_xml(report.about));
  body += fmt::format("<p class=\"soft\">{} of simulated time, the first {} not counted; seed {}.</p>\n",
                      model::format_duration(scenario.duration), model::format_duration(scenario.warm_up), seed);
  const auto broken = broken_laws_of(report);
  if (!broken.empty()) {
    body +=
        "<div class=\"broken\" role=\"alert\"><strong>A law of the simulation does not hold. Trust no number here; "
        "this is a bug of Weir.</strong>\n" +
        lines_html(broken) + "</div>\n";
  }
  for (const Table& table : tables_of(report)) body += table_html(table);
  const auto failures = failures_of(report);
  if (!failures.empty()) body += "<h2>why requests failed</h2>\n" + lines_html(failures);
  body += plot_element(report, PlotWidth::wide) + plot_element(report, PlotWidth::narrow);
  body += fmt::format(
      "<p class=\"soft\">Grey: warm-up. Tinted: a fault. utilisation: least, mean and most of the endpoints; "
      "imbalance: "
      "what the busiest served, over the mean. The same file and seed give the same run, decision by decision; "
      "digests: "
      "{}.</p>\n",
      digests_html(report));
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\" class=\"weir\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{}{}</style>\n</head>\n"
      "<body><main>\n{}</main></body>\n</html>\n",
      title, plot_style(), kStyle, body);
}

}  // namespace weir::sim
