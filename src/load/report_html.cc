#include "load/report_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "plot/chart.h"
#include "plot/page.h"
#include "plot/svg.h"

namespace weir::load {
namespace {

using plot::Chart;
using plot::ChartLine;
using plot::escape_xml;

std::vector<std::string> row_of(std::string_view name, const Quantiles& q) {
  std::vector<std::string> row{std::string(name)};
  for (const auto& each : q.at) row.push_back(cell_of(each));
  row.push_back(q.count > 0 ? short_duration(Duration::ns(q.max)) : "-");
  return row;
}

std::string latency_table(const Figures& f) {
  std::vector<std::string> columns{"time"};
  for (const double percent : kPercents) columns.push_back(fmt::format("p{}", percent));
  columns.emplace_back("max");
  std::vector<std::vector<std::string>> rows{row_of("response", f.response), row_of("service", f.service),
                                             row_of("lateness", f.lateness)};
  if (f.routes.size() > 1) {
    for (const RouteFigures& each : f.routes) rows.push_back(row_of(each.name, each.response));
  }
  return plot::table_html("how long it took", columns, rows);
}

std::string counts_table(const Figures& f) {
  std::vector<std::vector<std::string>> rows;
  const auto row = [&](std::string_view name, uint64_t count, double rate) {
    rows.push_back({std::string(name), fmt::format("{}", count), fmt::format("{:.1f}", rate)});
  };
  row("offered", f.offered, f.rate_offered);
  row("completed", f.completed, f.rate_completed);
  row("good", f.good, f.rate_good);
  for (size_t i = 0; i < kFailures; ++i) {
    if (f.failures[i] > 0) {
      row(fmt::format("failed: {}", kFailureNames[i]), f.failures[i],
          f.measured_s > 0 ? static_cast<double>(f.failures[i]) / f.measured_s : 0);
    }
  }
  return plot::table_html("what was asked, and what came of it", {"requests", "count", "per second"}, rows);
}

double middle(const Point& point) { return point.at_s + point.length_s / 2; }

template <class ValueOf>
ChartLine line_of(const Figures& f, std::string name, size_t style, bool thin, const ValueOf& value_of) {
  ChartLine line{.name = std::move(name), .style = style, .thin = thin, .points = {}};
  for (const Point& point : f.points) line.points.push_back({middle(point), value_of(point)});
  return line;
}

Chart over_time(const Figures& f, std::string heading, Chart::Up up) {
  Chart chart{.heading = std::move(heading), .up = up, .unit = {}, .lines = {}, .marks = {}};
  for (const Point& point : f.points) {
    chart.x_max = std::max(chart.x_max, point.at_s + point.length_s);
    if (point.warm_up) chart.shaded_to = point.at_s + point.length_s;
  }
  return chart;
}

std::string rates(const Figures& f) {
  using Value = std::optional<double>;
  Chart chart = over_time(f, "requests per second", Chart::Up::linear);
  chart.lines = {line_of(f, "offered", 6, true, [](const Point& p) { return Value(p.offered); }),
                 line_of(f, "completed", 1, false, [](const Point& p) { return Value(p.completed); }),
                 line_of(f, "good", 0, false, [](const Point& p) { return Value(p.good); })};
  return chart_html(chart);
}

std::string latencies(const Figures& f) {
  Chart chart = over_time(f, "response and service time", Chart::Up::latency);
  constexpr std::array<std::string_view, 3> kNames{"p50", "p99", "p99.9"};
  const auto value = [](const std::optional<int64_t>& ns) {
    return ns ? std::optional(static_cast<double>(*ns)) : std::nullopt;
  };
  for (size_t i = 0; i < kNames.size(); ++i) {
    chart.lines.push_back(line_of(f, fmt::format("response {}", kNames[i]), i, false,
                                  [&](const Point& p) { return value(p.response[i]); }));
    chart.lines.push_back(
        line_of(f, fmt::format("service {}", kNames[i]), i, true, [&](const Point& p) { return value(p.service[i]); }));
  }
  return chart_html(chart);
}

std::string errors(const Figures& f) {
  Chart chart = over_time(f, "failures per second, by kind", Chart::Up::stacked);
  for (size_t i = 0; i < kFailures; ++i) {
    if (f.failures[i] == 0) continue;
    chart.lines.push_back(line_of(f, std::string(kFailureNames[i]), i, false,
                                  [i](const Point& p) { return std::optional(p.failures[i]); }));
  }
  return chart_html(chart);
}

std::string curve(const Figures& f) {
  Chart chart{.heading = "how many were answered within",
              .across = Chart::Across::percent,
              .up = Chart::Up::latency,
              .unit = {},
              .lines = {},
              .marks = {}};
  ChartLine response{.name = "response", .style = 0, .points = {}},
      service{.name = "service", .style = 1, .points = {}};
  for (const CurvePoint& each : f.curve) {
    response.points.push_back({each.percent, static_cast<double>(each.response_ns)});
    service.points.push_back({each.percent, static_cast<double>(each.service_ns)});
  }
  chart.lines = {response, service};
  return chart_html(chart);
}

std::string thresholds(const Figures& f) {
  if (f.thresholds.empty()) return "";
  std::vector<std::vector<std::string>> rows;
  for (const Held& each : f.thresholds) {
    rows.push_back({each.threshold.text, each.held ? "held" : "MISSED", each.actual});
  }
  return plot::table_html("thresholds", {"threshold", "", "seen"}, rows);
}

}  // namespace

std::string html_of(const Figures& f) {
  std::string body = fmt::format("<h1>{}</h1>\n", escape_xml(f.title));
  body += fmt::format("<p class=\"soft\">{:.1f} s measured{}; {}.</p>\n", f.measured_s,
                      f.aborted ? ", ended before its time" : "", escape_xml(f.verdict.reason));
  if (f.verdict.limited) {
    body += fmt::format(
        "<div class=\"broken\" role=\"alert\"><strong>Generator-limited.</strong> The load did not come as planned: "
        "{}. "
        "What is below describes the generator as much as the server.</div>\n",
        escape_xml(f.verdict.reason));
  }
  body += thresholds(f) + counts_table(f) + latency_table(f) + rates(f) + latencies(f) + curve(f) + errors(f);
  body +=
      "<p class=\"soft\">Response time counts from the moment at which a request was to be sent, service time from the "
      "moment at which it was; lateness is what lies between. A percentile with fewer than ten samples beyond it is "
      "not told. Grey: warm-up, counted in no figure.</p>\n";
  return plot::html_page(f.title, body);
}

}  // namespace weir::load
