#include <fmt/format.h>

#include "drill/report.h"
#include "drill/report_plot.h"
#include "drill/schema.h"
#include "plot/page.h"
#include "plot/svg.h"

namespace weir::drill {

namespace {

using plot::escape_xml;

std::vector<std::string> phase_row(const Drill& drill, const ArmResult& arm, Phase phase) {
  std::vector<std::string> row{fmt::format("{}, {}", arm.name, kPhaseNames[static_cast<size_t>(phase)])};
  for (const Figure each : {Figure::rate, Figure::good, Figure::errors, Figure::p50, Figure::p90, Figure::p99,
                            Figure::max, Figure::tries, Figure::share, Figure::imbalance}) {
    row.push_back(figure_text(drill, arm, phase, each));
  }
  return row;
}

std::string tables(const Drill& drill, const Outcome& outcome) {
  std::vector<std::vector<std::string>> findings, events, phases;
  for (const Finding& each : outcome.findings) findings.push_back({each.text, each.holds ? "pass" : "FAIL"});
  for (const ArmResult& each : outcome.arms) {
    std::vector<std::string> row{each.name};
    for (const Figure event : {Figure::detect, Figure::eject, Figure::recover}) {
      row.push_back(figure_text(drill, each, Phase::during, event));
    }
    events.push_back(std::move(row));
    for (size_t i = 0; i < kPhaseNames.size(); ++i) phases.push_back(phase_row(drill, each, static_cast<Phase>(i)));
  }
  return plot::table_html("Expectations", {"expectation", "result"}, findings) +
         plot::table_html("Events", {"arm", "time to detect", "to eject", "to recover"}, events) +
         plot::table_html("Phases",
                          {"arm, phase", "rate/s", "good/s", "errors", "p50", "p90", "p99", "max", "tries",
                           "share of victims", "imbalance"},
                          phases);
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
  std::string body =
      fmt::format("<h1>{}</h1>", escape_xml(drill.title)) + head(drill, outcome, version) + tables(drill, outcome);
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
