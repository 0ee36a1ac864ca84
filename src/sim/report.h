#pragma once
// What runs found, set side by side: as a table of text for a terminal, and as JSON for programs. report_html.h makes a
// page of the same tables.
//
//   Report report{.title = scenario.title, .about = scenario.about};
//   report.runs.push_back({&scenario, run(scenario, "p2c", seed)});
//   say(text_of(report));
//
// A column that says the same nothing for every variant is left out. Everything is a function of the results alone, and
// so of scenario and seed. Any thread.

#include <memory>
#include <string>
#include <vector>

#include "sim/result.h"
#include "sim/scenario.h"

namespace weir::sim {

struct Run {
  const Scenario* scenario;  ///< must outlive the report
  std::unique_ptr<Result> result;
};

struct Report {
  std::string title, about;
  std::vector<Run> runs;  ///< one per variant, at least one
};

/// Rows are variants; the first column is their name.
struct Table {
  std::string heading;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

/// What clients saw, then one table per tier.
std::vector<Table> tables_of(const Report& report);

/// One line per variant with failures, "p2c: 12 refused by route_timeout, 3 answered 5xx by endpoints".
std::vector<std::string> failures_of(const Report& report);

/// One line per law that did not hold; empty when all is well.
std::vector<std::string> broken_laws_of(const Report& report);

std::string text_of(const Report& report);
std::string json_of(const Report& report);

/// "1.24ms": three digits and a unit. From nanoseconds.
std::string latency_text(double ns);
/// "13,000": for people.
std::string count_text(uint64_t count);

}  // namespace weir::sim
