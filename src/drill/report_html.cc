#include <fmt/format.h>

#include <algorithm>

#include "drill/report.h"
#include "drill/report_plot.h"
#include "drill/schema.h"
#include "plot/page.h"
#include "plot/svg.h"

namespace weir::drill {

namespace {

using plot::escape_xml;

/// The figures of a phase that some arm has.
std::vector<Figure> columns_of(const Outcome& outcome) {
  std::vector<Figure> columns{Figure::rate, Figure::good,  Figure::errors, Figure::p50,      Figure::p90,
                              Figure::p99,  Figure::tries, Figure::share,  Figure::imbalance};
  const auto any_has = [&](Figure rare) {
    return std::any_of(outcome.arms.begin(), outcome.arms.end(),
                       [&](const auto& arm) { return was_measured(arm, rare); });
  };
  if (any_has(Figure::moved)) columns.push_back(Figure::moved);
  if (any_has(Figure::asked)) columns.insert(columns.end(), {Figure::asked, Figure::reloads});
  return columns;
}

std::string heading_of(Figure figure) {
  switch (figure) {
    case Figure::rate: return "rate/s";
    case Figure::good: return "good/s";
    case Figure::share: return "victims' share";
    case Figure::asked: return "asked";
    case Figure::detect: return "time to detect";
    case Figure::eject: return "to eject";
    case Figure::recover: return "to recover";
    case Figure::keys_moved: return "keys that moved";
    default: return std::string(kFigureNames[static_cast<size_t>(figure)]);
  }
}

std::string phases_table(const Drill& drill, const Outcome& outcome) {
  const std::vector<Figure> figures = columns_of(outcome);
  std::vector<std::string> columns{"arm, phase"};
  for (const Figure each : figures) columns.push_back(heading_of(each));
  std::vector<std::vector<std::string>> rows;
  for (const ArmResult& arm : outcome.arms) {
    for (size_t i = 0; i < kPhaseNames.size(); ++i) {
      rows.push_back({fmt::format("{}, {}", arm.name, kPhaseNames[i])});
      for (const Figure each : figures) rows.back().push_back(figure_text(drill, arm, static_cast<Phase>(i), each));
    }
  }
  return plot::table_html("Phases", columns, rows);
}

std::string events_table(const Drill& drill, const Outcome& outcome) {
  std::vector<Figure> figures{Figure::detect, Figure::eject, Figure::recover};
  const auto has_moved = [](const ArmResult& arm) { return was_measured(arm, Figure::keys_moved); };
  if (std::any_of(outcome.arms.begin(), outcome.arms.end(), has_moved)) figures.push_back(Figure::keys_moved);
  std::vector<std::string> columns{"arm"};
  for (const Figure each : figures) columns.push_back(heading_of(each));
  columns.emplace_back("configuration");
  std::vector<std::vector<std::string>> rows;
  for (const ArmResult& arm : outcome.arms) {
    rows.push_back({arm.name});
    for (const Figure each : figures) rows.back().push_back(figure_text(drill, arm, Phase::during, each));
    rows.back().push_back(arm.configuration_hash);
  }
  return plot::table_html("Events", columns, rows);
}

/// A list and no table: a sentence wraps on a telephone, a cell does not.
std::string findings_list(const Outcome& outcome) {
  if (outcome.findings.empty()) return {};
  std::vector<std::string> lines;
  for (const Finding& each : outcome.findings) lines.push_back((each.holds ? "pass: " : "MISSED: ") + each.text);
  return "<h2>Expectations</h2>\n" + plot::list_html(lines);
}

std::string head(const Drill& drill, const Outcome& outcome, std::string_view version) {
  std::string hypothesis, faults;
  for (const Expectation& each : drill.hypothesis) hypothesis += (hypothesis.empty() ? "" : ", ") + each.text;
  for (const FaultSpec& each : drill.faults) {
    faults += (faults.empty() ? "" : ", ") + std::string(name_of(each.kind));
  }
  return fmt::format(
      "<p><strong>{}: {}</strong></p><p>{}</p><p class=\"soft\">weir {}, seed {}; steady state: {}; load: {} "
      "requests/s; "
      "faults: {}</p>",
      word_of(outcome.status), escape_xml(outcome.verdict), escape_xml(drill.about), escape_xml(version), outcome.seed,
      escape_xml(hypothesis), drill.load.rate, escape_xml(faults));
}

}  // namespace

std::string html_of(const Drill& drill, const Outcome& outcome, std::string_view version) {
  std::string body = fmt::format("<h1>{}</h1>", escape_xml(drill.title)) + head(drill, outcome, version) +
                     findings_list(outcome) + events_table(drill, outcome) + phases_table(drill, outcome);
  for (const ArmResult& each : outcome.arms) {
    body += fmt::format("<h2>{}</h2><p>{}</p>", escape_xml(each.name), escape_xml(each.about));
    if (!each.given_up.empty()) body += fmt::format("<p class=\"broken\">{}</p>", escape_xml(each.given_up));
    body += fmt::format("<p class=\"soft\">load: {}</p>", escape_xml(each.load_verdict));
    for (const bool narrow : {false, true}) body += timeline_plot(drill, each, narrow);
    for (const bool narrow : {false, true}) body += latency_plot(each, narrow);
  }
  return plot::html_page(drill.title, body);
}

}  // namespace weir::drill
