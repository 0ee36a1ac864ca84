#include "load/compare.h"

#include <fmt/format.h>

#include <cmath>

namespace weir::load {
namespace {

std::string ratio_of(double first, double second) { return first > 0 ? fmt::format("{:.2f}x", second / first) : "-"; }

ComparedRow rate_row(std::string_view name, double first, double second) {
  return {std::string(name), fmt::format("{:.1f}/s", first), fmt::format("{:.1f}/s", second),
          fmt::format("{:+.1f}/s", second - first), ratio_of(first, second)};
}

ComparedRow time_row(std::string name, const std::optional<int64_t>& first, const std::optional<int64_t>& second) {
  ComparedRow row{std::move(name), cell_of(first), cell_of(second), "-", "-"};
  if (!first || !second) return row;
  row.difference = (*second < *first ? "-" : "+") + short_duration(Duration::ns(std::abs(*second - *first)));
  row.ratio = ratio_of(static_cast<double>(*first), static_cast<double>(*second));
  return row;
}

}  // namespace

std::vector<ComparedRow> compared_rows(const Figures& a, const Figures& b) {
  std::vector<ComparedRow> rows{rate_row("offered", a.rate_offered, b.rate_offered),
                                rate_row("completed", a.rate_completed, b.rate_completed),
                                rate_row("good", a.rate_good, b.rate_good)};
  rows.push_back({"failed", fmt::format("{:.3g}%", a.errors_percent), fmt::format("{:.3g}%", b.errors_percent),
                  fmt::format("{:+.3g}%", b.errors_percent - a.errors_percent),
                  ratio_of(a.errors_percent, b.errors_percent)});
  const auto times = [&](std::string_view name, const Quantiles& x, const Quantiles& y) {
    for (size_t i = 0; i < kPercents.size(); ++i) {
      rows.push_back(time_row(fmt::format("{} p{}", name, kPercents[i]), x.at[i], y.at[i]));
    }
  };
  times("response", a.response, b.response);
  times("service", a.service, b.service);
  return rows;
}

std::string compare(const NamedFigures& first, const NamedFigures& second) {
  const auto line = [](const ComparedRow& row) {
    return fmt::format("  {:<18}{:>13}{:>13}{:>13}{:>10}\n", row.name, row.first, row.second, row.difference,
                       row.ratio);
  };
  std::string out =
      fmt::format("A  {}: {}\nB  {}: {}\n\n", first.name, first.figures.title, second.name, second.figures.title);
  out += line({"", "A", "B", "B - A", "B / A"});
  for (const ComparedRow& row : compared_rows(first.figures, second.figures)) out += line(row);
  for (const auto* each : {&first, &second}) {
    if (!each->figures.verdict.limited) continue;
    out += fmt::format("  {} is GENERATOR-LIMITED: {}\n", each->name, each->figures.verdict.reason);
  }
  return out;
}

}  // namespace weir::load
