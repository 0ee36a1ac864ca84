// A report of a run, read again for a comparison. The file may come from anybody: what is not there is zero or nothing,
// and every number is brought into a range in which drawing it is defined.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "load/report.h"

namespace weir::load {
namespace {

using nlohmann::json;

constexpr double kSecondsMax = 1e9;
constexpr double kNumberMax = 1e15;
constexpr int64_t kNsMax = 1'000'000'000'000'000'000;
constexpr size_t kItemsMax = 10'000;  ///< of a list; json_of writes some 600

double number_in(const json& from, const char* name, double most = kNumberMax) {
  const auto found = from.find(name);
  return found != from.end() && found->is_number() ? std::clamp(found->get<double>(), 0.0, most) : 0;
}

std::optional<int64_t> ns_in(const json& from, const std::string& name) {
  const auto found = from.find(name);
  if (found == from.end() || !found->is_number_integer()) return std::nullopt;
  return std::clamp<int64_t>(found->get<int64_t>(), 0, kNsMax);
}

Quantiles quantiles_from(const json& from) {
  Quantiles out;
  out.count = static_cast<uint64_t>(number_in(from, "count"));
  out.mean = ns_in(from, "mean_ns").value_or(0);
  out.max = ns_in(from, "max_ns").value_or(0);
  for (size_t i = 0; i < kPercents.size(); ++i) out.at[i] = ns_in(from, fmt::format("p{}_ns", kPercents[i]));
  return out;
}

Point point_from(const json& from) {
  Point out;
  out.at_s = number_in(from, "at_s", kSecondsMax);
  out.length_s = number_in(from, "length_s", kSecondsMax);
  out.offered = number_in(from, "offered_per_s");
  out.completed = number_in(from, "completed_per_s");
  out.good = number_in(from, "good_per_s");
  const auto failures = from.find("failures_per_s");
  for (size_t i = 0; failures != from.end() && i < kFailures; ++i) {
    out.failures[i] = number_in(*failures, std::string(kFailureNames[i]).c_str());
  }
  constexpr std::array<const char*, 3> kNames{"p50", "p99", "p99.9"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    out.response[i] = ns_in(from, fmt::format("response_{}_ns", kNames[i]));
    out.service[i] = ns_in(from, fmt::format("service_{}_ns", kNames[i]));
  }
  const auto warm_up = from.find("warm_up");
  out.warm_up = warm_up != from.end() && *warm_up == json(true);
  return out;
}

/// Whether `name` is a list of maps, or not there.
bool is_list_of_maps(const json& file, const char* name) {
  const auto found = file.find(name);
  if (found == file.end()) return true;
  return found->is_array() && found->size() <= kItemsMax &&
         std::all_of(found->begin(), found->end(), [](const json& each) { return each.is_object(); });
}

bool has_shape(const json& file) {
  if (!file.is_object() || file.value("kind", json()) != json("weir load")) return false;
  for (const char* name : {"offered_per_s", "completed_per_s", "good_per_s", "errors_percent", "measured_s"}) {
    if (!file.contains(name) || !file[name].is_number()) return false;
  }
  for (const char* name : {"response", "service", "lateness"}) {
    if (!file.contains(name) || !file[name].is_object()) return false;
  }
  const bool told = file.contains("title") && file["title"].is_string() && file.contains("verdict") &&
                    file["verdict"].is_object() && file["verdict"].contains("limited") &&
                    file["verdict"]["limited"].is_boolean() && file["verdict"].contains("reason") &&
                    file["verdict"]["reason"].is_string();
  return told && is_list_of_maps(file, "intervals") && is_list_of_maps(file, "curve");
}

}  // namespace

Result<Figures, std::string> figures_from_json(std::string_view text) {
  const json file = json::parse(text, nullptr, false);
  if (!has_shape(file)) return fail(std::string("is no report of weir load; --json writes one"));
  Figures f;
  f.title = file["title"].get<std::string>();
  f.measured_s = number_in(file, "measured_s", kSecondsMax);
  f.rate_offered = number_in(file, "offered_per_s");
  f.rate_completed = number_in(file, "completed_per_s");
  f.rate_good = number_in(file, "good_per_s");
  f.errors_percent = number_in(file, "errors_percent", 100);
  f.response = quantiles_from(file["response"]);
  f.service = quantiles_from(file["service"]);
  f.lateness = quantiles_from(file["lateness"]);
  f.verdict.limited = file["verdict"]["limited"].get<bool>();
  f.verdict.reason = file["verdict"]["reason"].get<std::string>();
  for (const json& each : file.value("intervals", json::array())) f.points.push_back(point_from(each));
  for (const json& each : file.value("curve", json::array())) {
    f.curve.push_back({.percent = number_in(each, "percent", 100),
                       .response_ns = ns_in(each, "response_ns").value_or(0),
                       .service_ns = ns_in(each, "service_ns").value_or(0)});
  }
  return f;
}

}  // namespace weir::load
