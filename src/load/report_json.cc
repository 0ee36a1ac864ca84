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

}  // namespace weir::load
