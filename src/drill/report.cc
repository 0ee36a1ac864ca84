#include "drill/report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::drill {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kFigures = kFirstEvent;

Json number(std::optional<double> value) {
  if (!value) return nullptr;
  return std::isinf(*value) ? Json("never") : Json(*value);
}

Json arm_json(const Drill& drill, const ArmResult& arm) {
  Json phases, events, seconds = Json::array(), marks = Json::array(), samples = Json::array();
  for (size_t phase = 0; phase < kPhaseNames.size(); ++phase) {
    Json& its = phases[std::string(kPhaseNames[phase])];
    for (size_t i = 0; i < kFigures; ++i) {
      its[std::string(kFigureNames[i])] =
          number(arm.timeline->figure(static_cast<Figure>(i), static_cast<Phase>(phase), drill.hypothesis));
    }
    const load::Interval& total = arm.timeline->tally(static_cast<Phase>(phase)).total;
    for (size_t i = 0; i < load::kFailures; ++i) {
      if (total.failures[i] > 0) its["failures"][std::string(load::kFailureNames[i])] = total.failures[i];
    }
  }
  for (size_t i = kFirstEvent; i < kFigureNames.size(); ++i) {
    const bool is_time = unit_of(static_cast<Figure>(i)) == Unit::milliseconds;
    events[std::string(kFigureNames[i]) + (is_time ? "_ms" : "")] =
        number(arm.timeline->figure(static_cast<Figure>(i), Phase::during, drill.hypothesis));
  }
  for (const Second& each : arm.timeline->seconds()) {
    seconds.push_back({{"at", each.at.seconds()},
                       {"offered", each.offered},
                       {"good", each.good},
                       {"failed", each.failed},
                       {"p50_ms", each.p50_ms},
                       {"p99_ms", each.p99_ms}});
  }
  for (const Mark& each : arm.timeline->marks()) marks.push_back({{"at", each.at.seconds()}, {"label", each.label}});
  for (const Sample& each : arm.timeline->samples()) {
    Json endpoints = Json::array();
    for (const EndpointSample& one : each.endpoints) {
      endpoints.push_back({{"name", one.name},
                           {"state", one.state},
                           {"in_flight", one.in_flight},
                           {"requests", one.requests},
                           {"failures", one.failures}});
    }
    samples.push_back({{"at", each.at.seconds()}, {"endpoints", std::move(endpoints)}});
  }
  return {{"name", arm.name},         {"about", arm.about},       {"configuration", arm.configuration_hash},
          {"given_up", arm.given_up}, {"load", arm.load_verdict}, {"phases", phases},
          {"events", events},         {"marks", marks},           {"seconds", seconds},
          {"samples", samples}};
}

}  // namespace

std::string_view word_of(Status status) {
  switch (status) {
    case Status::holds: return "holds";
    case Status::fails: return "fails";
    case Status::given_up: return "given up";
  }
  return {};
}

bool was_measured(const ArmResult& arm, Figure figure) {
  for (const Phase phase : {Phase::before, Phase::during, Phase::after}) {
    if (arm.timeline->figure(figure, phase, {}).value_or(0) > 0) return true;
  }
  return false;
}

std::string figure_text(const Drill& drill, const ArmResult& arm, Phase phase, Figure figure) {
  const auto value = arm.timeline->figure(figure, phase, drill.hypothesis);
  return value ? format_figure(figure, *value) : "-";
}

namespace {

/// Figures that few drills have; the phases' table has no room for them.
std::string more_text(const Drill& drill, const ArmResult& arm) {
  std::string out;
  for (const Figure figure : {Figure::moved, Figure::asked, Figure::reloads}) {
    if (!was_measured(arm, figure == Figure::reloads ? Figure::asked : figure)) continue;
    out += fmt::format("{:<10} {}:", "", kFigureNames[static_cast<size_t>(figure)]);
    for (size_t i = 0; i < kPhaseNames.size(); ++i) {
      out += fmt::format(" {} {}", figure_text(drill, arm, static_cast<Phase>(i), figure), kPhaseNames[i]);
      out += i + 1 < kPhaseNames.size() ? "," : "\n";
    }
  }
  return out;
}

}  // namespace

std::string text_of(const Drill& drill, const Outcome& outcome) {
  std::string out = fmt::format("\n{:<10} {:<7} {:>8} {:>8} {:>9} {:>9} {:>9} {:>6} {:>8} {:>9}\n", "arm", "phase",
                                "rate/s", "good/s", "errors", "p50", "p99", "tries", "share", "imbalance");
  for (const ArmResult& arm : outcome.arms) {
    for (size_t i = 0; i < kPhaseNames.size(); ++i) {
      const auto figure = [&](Figure which) { return figure_text(drill, arm, static_cast<Phase>(i), which); };
      out += fmt::format("{:<10} {:<7} {:>8} {:>8} {:>9} {:>9} {:>9} {:>6} {:>8} {:>9}\n", i == 0 ? arm.name : "",
                         kPhaseNames[i], figure(Figure::rate), figure(Figure::good), figure(Figure::errors),
                         figure(Figure::p50), figure(Figure::p99), figure(Figure::tries), figure(Figure::share),
                         figure(Figure::imbalance));
    }
    const auto event = [&](Figure which) { return figure_text(drill, arm, Phase::during, which); };
    out += fmt::format("{:<10} detected after {}, ejected after {}, recovered after {}\n", "", event(Figure::detect),
                       event(Figure::eject), event(Figure::recover));
    if (event(Figure::keys_moved) != "-")
      out += fmt::format("{:<10} keys that moved: {}\n", "", event(Figure::keys_moved));
    out += more_text(drill, arm);
    if (!arm.load_verdict.empty()) out += fmt::format("{:<10} load: {}\n", "", arm.load_verdict);
  }
  out += "\n";
  for (const Finding& each : outcome.findings)
    out += fmt::format("{} {}\n", each.holds ? "ok    " : "MISSED", each.text);
  out += fmt::format("{}: {}\n", word_of(outcome.status), outcome.verdict);
  return out;
}

std::string json_of(const Drill& drill, const Outcome& outcome) {
  Json arms = Json::array(), findings = Json::array();
  for (const ArmResult& each : outcome.arms) arms.push_back(arm_json(drill, each));
  for (const Finding& each : outcome.findings) findings.push_back({{"holds", each.holds}, {"text", each.text}});
  const Json all = {{"title", drill.title},
                    {"status", word_of(outcome.status)},
                    {"verdict", outcome.verdict},
                    {"seed", outcome.seed},
                    {"expectations", findings},
                    {"arms", arms},
                    {"not_taken_back", outcome.rollback_failures}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir::drill
