#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "load/report.h"

namespace weir::load {
namespace {

using nlohmann::json;

json number_or_null(const std::optional<int64_t>& ns) { return ns ? json(*ns) : json(nullptr); }

std::string key_of(double percent) { return fmt::format("p{}", percent); }

json json_of(const Quantiles& q) {
  json out{{"count", q.count}, {"mean_ns", q.mean}, {"max_ns", q.max}};
  for (size_t i = 0; i < kPercents.size(); ++i) out[key_of(kPercents[i]) + "_ns"] = number_or_null(q.at[i]);
  return out;
}

template <class Counts>
json failures_of(const Counts& counts) {
  json out = json::object();
  for (size_t i = 0; i < kFailures; ++i) out[std::string(kFailureNames[i])] = counts[i];
  return out;
}

json json_of(const Point& p) {
  json out{{"at_s", p.at_s},
           {"length_s", p.length_s},
           {"offered_per_s", p.offered},
           {"completed_per_s", p.completed},
           {"good_per_s", p.good},
           {"failures_per_s", failures_of(p.failures)},
           {"warm_up", p.warm_up}};
  constexpr std::array<std::string_view, 3> kNames{"p50", "p99", "p99.9"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    out[fmt::format("response_{}_ns", kNames[i])] = number_or_null(p.response[i]);
    out[fmt::format("service_{}_ns", kNames[i])] = number_or_null(p.service[i]);
  }
  return out;
}

Quantiles quantiles_from(const json& from) {
  Quantiles out;
  out.count = from.value("count", uint64_t{0});
  out.mean = from.value("mean_ns", int64_t{0});
  out.max = from.value("max_ns", int64_t{0});
  for (size_t i = 0; i < kPercents.size(); ++i) {
    const auto found = from.find(key_of(kPercents[i]) + "_ns");
    if (found != from.end() && found->is_number_integer()) out.at[i] = found->get<int64_t>();
  }
  return out;
}

/// Every member that is there has the kind it should have, so that reading it cannot throw.
bool has_shape(const json& file) {
  if (!file.is_object() || file.value("kind", json()) != json("weir load")) return false;
  for (const char* name : {"offered_per_s", "completed_per_s", "good_per_s", "errors_percent", "measured_s"}) {
    if (!file.contains(name) || !file[name].is_number()) return false;
  }
  for (const char* name : {"response", "service", "lateness"}) {
    if (!file.contains(name) || !file[name].is_object()) return false;
    for (const char* member : {"count", "mean_ns", "max_ns"}) {
      if (!file[name].contains(member) || !file[name][member].is_number_integer()) return false;
    }
  }
  return file.contains("title") && file["title"].is_string() && file.contains("verdict") &&
         file["verdict"].is_object() && file["verdict"].contains("limited") &&
         file["verdict"]["limited"].is_boolean() && file["verdict"].contains("reason") &&
         file["verdict"]["reason"].is_string();
}

}  // namespace

std::string json_of(const Figures& f) {
  json out{{"kind", "weir load"},
           {"title", f.title},
           {"closed_loop", f.closed_loop},
           {"measured_s", f.measured_s},
           {"offered", f.offered},
           {"started", f.started},
           {"completed", f.completed},
           {"good", f.good},
           {"connects", f.connects},
           {"bytes_read", f.bytes_read},
           {"in_flight_max", f.in_flight_max},
           {"offered_per_s", f.rate_offered},
           {"completed_per_s", f.rate_completed},
           {"good_per_s", f.rate_good},
           {"errors_percent", f.errors_percent},
           {"failures", failures_of(f.failures)},
           {"aborted", f.aborted},
           {"response", json_of(f.response)},
           {"service", json_of(f.service)},
           {"lateness", json_of(f.lateness)}};
  out["verdict"] = {{"limited", f.verdict.limited},
                    {"reason", f.verdict.reason},
                    {"lateness_p99_ns", f.verdict.lateness_p99.ns()},
                    {"cpu_percent", f.verdict.cpu_percent}};
  out["routes"] = out["intervals"] = out["curve"] = out["thresholds"] = json::array();
  for (const RouteFigures& each : f.routes) {
    out["routes"].push_back({{"name", each.name},
                             {"completed", each.completed},
                             {"good", each.good},
                             {"failed", each.failed},
                             {"response", json_of(each.response)}});
  }
  for (const Point& each : f.points) out["intervals"].push_back(json_of(each));
  for (const CurvePoint& each : f.curve) {
    out["curve"].push_back(
        {{"percent", each.percent}, {"response_ns", each.response_ns}, {"service_ns", each.service_ns}});
  }
  for (const Held& each : f.thresholds) {
    out["thresholds"].push_back(
        {{"threshold", each.threshold.text}, {"held", each.held}, {"known", each.known}, {"actual", each.actual}});
  }
  return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<Figures, std::string> figures_from_json(std::string_view text) {
  const json file = json::parse(text, nullptr, false);
  if (!has_shape(file)) return fail(std::string("is no report of weir load; --json writes one"));
  Figures f;
  f.title = file["title"].get<std::string>();
  f.measured_s = file["measured_s"].get<double>();
  f.rate_offered = file["offered_per_s"].get<double>();
  f.rate_completed = file["completed_per_s"].get<double>();
  f.rate_good = file["good_per_s"].get<double>();
  f.errors_percent = file["errors_percent"].get<double>();
  f.response = quantiles_from(file["response"]);
  f.service = quantiles_from(file["service"]);
  f.lateness = quantiles_from(file["lateness"]);
  f.verdict.limited = file["verdict"]["limited"].get<bool>();
  f.verdict.reason = file["verdict"]["reason"].get<std::string>();
  return f;
}

}  // namespace weir::load
