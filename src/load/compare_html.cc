#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "load/compare.h"
#include "plot/chart.h"
#include "plot/page.h"
#include "plot/svg.h"

namespace weir::load {
namespace {

using plot::Chart;
using plot::ChartLine;
using plot::escape_xml;
using Value = std::optional<double>;

/// Both runs under their letters; A keeps one colour and dash through all charts, and B another.
struct Side {
  std::string letter;
  size_t style;
  const Figures& figures;
};
using Sides = std::array<Side, 2>;

Value value_of(const std::optional<int64_t>& ns) { return ns ? Value(static_cast<double>(*ns)) : std::nullopt; }

double failed(const Point& point) { return std::accumulate(point.failures.begin(), point.failures.end(), 0.0); }

/// Both over the time since their own beginnings.
Chart over_time(const Sides& sides, std::string heading, Chart::Up up) {
  Chart chart{.heading = std::move(heading), .up = up};
  for (const Side& side : sides) {
    for (const Point& point : side.figures.points) {
      chart.x_max = std::max(chart.x_max, point.at_s + point.length_s);
      if (point.warm_up) chart.shaded_to = std::max(chart.shaded_to, point.at_s + point.length_s);
    }
  }
  return chart;
}

template <class ValueOf>
void add_line(Chart& chart, const Side& side, std::string_view name, bool thin, const ValueOf& value_of_point) {
  ChartLine line{.name = fmt::format("{} {}", side.letter, name), .style = side.style, .thin = thin};
  for (const Point& point : side.figures.points) {
    line.points.push_back({point.at_s + point.length_s / 2, value_of_point(point)});
  }
  chart.lines.push_back(std::move(line));
}

std::string curves(const Sides& sides) {
  Chart chart{.heading = "how many were answered within", .across = Chart::Across::percent, .up = Chart::Up::latency};
  for (const bool of_service : {false, true}) {
    for (const Side& side : sides) {
      ChartLine line{.name = fmt::format("{} {}", side.letter, of_service ? "service" : "response"),
                     .style = side.style,
                     .thin = of_service};
      for (const CurvePoint& each : side.figures.curve) {
        line.points.push_back({each.percent, static_cast<double>(of_service ? each.service_ns : each.response_ns)});
      }
      chart.lines.push_back(std::move(line));
    }
  }
  return chart_html(chart);
}

std::string latencies(const Sides& sides) {
  Chart chart = over_time(sides, "response time, by the time of the answer", Chart::Up::latency);
  for (const Side& side : sides) {
    add_line(chart, side, "p99", false, [](const Point& p) { return value_of(p.response[1]); });
    add_line(chart, side, "p50", true, [](const Point& p) { return value_of(p.response[0]); });
  }
  return chart_html(chart);
}

std::string rates(const Sides& sides) {
  Chart chart = over_time(sides, "requests per second", Chart::Up::linear);
  for (const Side& side : sides) {
    add_line(chart, side, "good", false, [](const Point& p) { return Value(p.good); });
    add_line(chart, side, "offered", true, [](const Point& p) { return Value(p.offered); });
  }
  return chart_html(chart);
}

std::string failures(const Sides& sides) {
  const bool any = std::ranges::any_of(sides, [](const Side& side) {
    return std::ranges::any_of(side.figures.points, [](const Point& p) { return failed(p) > 0; });
  });
  if (!any) return "";
  Chart chart = over_time(sides, "failures per second", Chart::Up::linear);
  for (const Side& side : sides)
    add_line(chart, side, "failed", false, [](const Point& p) { return Value(failed(p)); });
  return chart_html(chart);
}

std::string table(const Sides& sides) {
  std::vector<std::vector<std::string>> rows;
  for (const ComparedRow& row : compared_rows(sides[0].figures, sides[1].figures)) {
    rows.push_back({row.name, row.first, row.second, row.difference, row.ratio});
  }
  return plot::table_html("what differs", {"", "A", "B", "B \u2212 A", "B / A"}, rows);
}

}  // namespace

std::string compare_html(const NamedFigures& first, const NamedFigures& second) {
  const Sides sides{Side{"A", 0, first.figures}, Side{"B", 1, second.figures}};
  const std::string title = fmt::format("{} and {}", first.name, second.name);
  std::string body = fmt::format("<h1>{}</h1>\n", escape_xml(title));
  body += plot::list_html({fmt::format("A, {}: {}", first.name, first.figures.title),
                           fmt::format("B, {}: {}", second.name, second.figures.title)});
  for (const Side& side : sides) {
    if (!side.figures.verdict.limited) continue;
    body += fmt::format(
        "<div class=\"broken\" role=\"alert\"><strong>{} was generator-limited.</strong> {}. What it shows describes "
        "the generator as much as the server.</div>\n",
        side.letter, escape_xml(side.figures.verdict.reason));
  }
  body += curves(sides) + latencies(sides) + rates(sides) + failures(sides) + table(sides);
  body +=
      "<p class=\"soft\">Response time counts from the moment at which a request was to be sent, service time from the "
      "moment at which it was. A percentile with fewer than ten samples beyond it is not told. Times are since each "
      "run\u2019s own beginning; grey: warm-up, counted in no figure.</p>\n";
  return plot::html_page(title, body);
}

}  // namespace weir::load
