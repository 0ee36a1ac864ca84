#include "app/shift_words.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "model/units.h"

namespace weir::app {

namespace {

using Json = nlohmann::ordered_json;
using l7::core::kWholeShare;

constexpr Duration kLongest = Duration::s(24 * 3600);
constexpr uint32_t kMostSteps = 1000;
constexpr uint32_t kMostRequests = 1'000'000;
constexpr std::string_view kArrows[] = {"->", "→", ":"};

std::string parameter(const Query& query, std::string_view name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

std::optional<uint32_t> parse_count(std::string_view text, uint32_t min, uint32_t max) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < min || number > max) return std::nullopt;
  return number;
}

/// Overwrites `into` when the parameter is there.
Result<void, std::string> read_count(const Query& query, std::string_view name, uint32_t min, uint32_t max,
                                     uint32_t& into) {
  const auto found = query.find(name);
  if (found == query.end()) return {};
  const auto number = parse_count(found->second, min, max);
  if (!number) return fail(fmt::format("{} must be a whole number from {} to {}", name, min, max));
  into = *number;
  return {};
}

Json counts_json(const l7::core::ShiftCounts& counts) {
  return {{"requests", counts.requests}, {"failures", counts.failures}};
}

double percent_of(uint32_t share) { return 100.0 * share / kWholeShare; }

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

Json object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

std::string failed_text(const Json& shift, const char* side, const std::string& name) {
  const Json counts = object_at(object_at(shift, "recent"), side);
  return fmt::format("{} {:.0f} of {:.0f}", name, number_at(counts, "failures"), number_at(counts, "requests"));
}

std::string line_of(const Json& shift) {
  const std::string from = text_at(shift, "from"), to = text_at(shift, "to"), state = text_at(shift, "state");
  std::string line =
      fmt::format("{}->{}  {}  {:.1f} %  {:.0f} s of {:.0f} s", from, to, state, number_at(shift, "share_percent"),
                  number_at(shift, "elapsed_ms") / 1e3, number_at(shift, "over_ms") / 1e3);
  if (state == "moving" || state == "settling") {
    line += fmt::format("  failed lately: {}, {}", failed_text(shift, "from", from), failed_text(shift, "to", to));
  }
  if (const std::string evidence = text_at(shift, "evidence"); !evidence.empty()) line += "\n    " + evidence;
  return line + "\n";
}

}  // namespace

Result<std::pair<std::string, std::string>, std::string> parse_pair(std::string_view text) {
  for (const std::string_view arrow : kArrows) {
    const size_t at = text.find(arrow);
    if (at == std::string_view::npos) continue;
    const std::string_view from = text.substr(0, at), to = text.substr(at + arrow.size());
    if (from.empty() || to.empty()) break;
    return std::pair(std::string(from), std::string(to));
  }
  return fail(fmt::format("\"{}\" names no two clusters, as \"blue->green\" or blue:green does", text));
}

Result<uint32_t, std::string> parse_percent(std::string_view text) {
  std::string_view digits = text;
  if (digits.ends_with('%')) digits.remove_suffix(1);
  while (digits.ends_with(' ')) digits.remove_suffix(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
  if (error != std::errc() || end != digits.data() + digits.size() || !(percent >= 0 && percent <= 100)) {
    return fail(fmt::format("\"{}\" is no percentage, expected 0% to 100%, as in 2% or 0.5%", text));
  }
  return static_cast<uint32_t>(std::lround(percent * kWholeShare / 100));
}

std::string format_percent(uint32_t share) { return fmt::format("{:g}%", percent_of(share)); }

Result<l7::Shifts::Entry, std::string> read_shift(const Query& query, Instant now) {
  l7::core::ShiftPlan plan;
  const std::string from = parameter(query, "from"), to = parameter(query, "to");
  if (from.empty() || to.empty()) return fail(std::string("from and to must be named"));
  if (const auto over = query.find("over"); over != query.end()) {
    const auto duration = model::parse_duration(over->second);
    if (!duration || *duration < Duration{} || *duration > kLongest) {
      return fail(std::string("over must be a duration from 0s to 24h, as in 5m"));
    }
    plan.over = *duration;
  }
  if (const auto share = query.find("abort_on"); share != query.end()) {
    const auto percent = parse_percent(share->second);
    if (!percent) return fail("abort_on: " + percent.error());
    plan.abort_on = *percent;
  }
  if (auto read = read_count(query, "steps", 0, kMostSteps, plan.steps); !read) return fail(read.error());
  if (auto read = read_count(query, "min_requests", 1, kMostRequests, plan.min_requests); !read) {
    return fail(read.error());
  }
  return l7::Shifts::Entry{.from = from, .to = to, .shift = l7::core::Shift(plan, now)};
}

std::string shifts_json(const l7::Shifts& shifts, Instant now) {
  Json all = Json::array();
  for (const l7::Shifts::Entry& each : shifts.all()) {
    const l7::core::ShiftPlan& plan = each.shift.plan();
    const l7::core::ShiftReading& recent = each.shift.recent();
    all.push_back({{"from", each.from},
                   {"to", each.to},
                   {"state", name_of(each.shift.state())},
                   {"share_percent", percent_of(each.shift.share())},
                   {"elapsed_ms", each.shift.elapsed(now).ms()},
                   {"over_ms", plan.over.ms()},
                   {"steps", plan.steps},
                   {"abort_on_percent", percent_of(plan.abort_on)},
                   {"min_requests", plan.min_requests},
                   {"window_ms", plan.window.ms()},
                   {"recent", {{"from", counts_json(recent.from)}, {"to", counts_json(recent.to)}}},
                   {"evidence", each.shift.evidence()}});
  }
  return Json{{"shifts", all}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<std::string, std::string> shifts_table(std::string_view json) {
  const Json all = Json::parse(json, nullptr, false);
  if (!all.is_object() || !all.contains("shifts") || !all["shifts"].is_array()) {
    return fail(std::string("this is no list of shifts"));
  }
  if (all["shifts"].empty()) return std::string("there is no shift\n");
  std::string table;
  for (const Json& each : all["shifts"]) {
    if (each.is_object()) table += line_of(each);
  }
  return table;
}

}  // namespace weir::app
