#include "sim/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/units.h"

namespace weir::sim {
namespace {

using Json = nlohmann::ordered_json;

std::string render(const Table& table) {
  std::vector<size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(column.size());
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string out = "  ";
    for (size_t i = 0; i < cells.size(); ++i) {
      out += i == 0 ? fmt::format("{:<{}}  ", cells[i], widths[i]) : fmt::format("{:>{}}  ", cells[i], widths[i]);
    }
    return out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
  };
  std::string out = table.heading + "\n" + line(table.columns);
  for (const auto& row : table.rows) out += line(row);
  return out;
}

double ms(uint64_t ns) { return static_cast<double>(ns) / 1e6; }

Json latency_json(const Histogram& histogram) {
  if (histogram.count() == 0) return nullptr;
  Json out;
  for (const auto& [name, percent] : {std::pair{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}, {"p99.9", 99.9}}) {
    out[name] = ms(histogram.percentile(percent));
  }
  out["max"] = ms(histogram.max());
  return out;
}

Json endpoint_json(const EndpointResult& endpoint) {
  return {{"zone", endpoint.zone},
          {"served", endpoint.served},
          {"picked", endpoint.picked},
          {"refused", endpoint.refused},
          {"in_flight_max", endpoint.in_flight_max},
          {"utilisation", endpoint.utilisation},
          {"ejections", endpoint.ejections}};
}

Json tier_json(const TierResult& tier) {
  Json endpoints = Json::array();
  for (const EndpointResult& each : tier.endpoints) endpoints.push_back(endpoint_json(each));
  return {{"name", tier.name},
          {"requests", tier.requests},
          {"attempts", tier.attempts},
          {"retries", tier.retries},
          {"panics", tier.panics},
          {"cache_hits", tier.cache_hits},
          {"cache_misses", tier.cache_misses},
          {"cache_waits", tier.cache_waits},
          {"cache_refreshes", tier.cache_refreshes},
          {"cross_zone_bytes", tier.cross_zone_bytes},
          {"all_bytes", tier.all_bytes},
          {"pool_waits", tier.pool_waits},
          {"latency_ms", latency_json(*tier.latency)},
          {"pool_wait_ms", latency_json(*tier.pool_wait)},
          {"endpoints", std::move(endpoints)}};
}

Json slices_json(const Result& result) {
  Json slices = Json::array();
  for (const Slice& slice : result.slices) {
    slices.push_back({{"arrived", slice.arrived},
                      {"answered", slice.answered},
                      {"failed", slice.failed},
                      {"p50_ms", ms(slice.p50_ns)},
                      {"p99_ms", ms(slice.p99_ns)},
                      {"in_flight", slice.in_flight}});
  }
  return slices;
}

Json laws_json(const Laws& laws) {
  return {{"arrived", laws.arrived}, {"answered", laws.answered},       {"failed", laws.failed},
          {"open", laws.open},       {"mean_number", laws.mean_number}, {"rate_times_stay", laws.rate_times_stay},
          {"broken", laws.broken}};
}

Json run_json(const Result& result) {
  Json refusals = Json::object();
  for (size_t rule = 1; rule < result.refusals.size(); ++rule) {
    if (result.refusals[rule] == 0) continue;
    refusals[std::string(l7::core::name_of(static_cast<l7::core::Rule>(rule)))] = result.refusals[rule];
  }
  Json tiers = Json::array();
  for (const TierResult& tier : result.tiers) tiers.push_back(tier_json(tier));
  Json latency = latency_json(result.latency);
  if (!latency.is_null()) latency["mean"] = result.mean_ns / 1e6;
  return {{"variant", result.variant},
          {"seed", result.seed},
          {"digest", fmt::format("{:016x}", result.digest)},
          {"events", result.events},
          {"measured_s", result.measured.seconds()},
          {"requests", result.arrived},
          {"answered", result.answered},
          {"failed", result.failed},
          {"refusals", std::move(refusals)},
          {"latency_ms", std::move(latency)},
          {"cross_zone_dollars_per_month", result.cross_zone_dollars_per_month},
          {"tiers", std::move(tiers)},
          {"slice_s", result.slice.seconds()},
          {"slices", slices_json(result)},
          {"laws", laws_json(result.laws)}};
}

}  // namespace

std::string text_of(const Report& report) {
  const Scenario& scenario = *report.runs.front().scenario;
  std::string out = report.title.empty() ? "" : report.title + "\n";
  out += fmt::format("{} simulated, the first {} not counted; seed {}\n", model::format_duration(scenario.duration),
                     model::format_duration(scenario.warm_up), report.runs.front().result->seed);
  for (const Table& table : tables_of(report)) out += "\n" + render(table);
  const auto failures = failures_of(report);
  if (!failures.empty()) out += "\nwhy requests failed\n";
  for (const std::string& line : failures) out += "  " + line + "\n";
  const auto broken = broken_laws_of(report);
  if (broken.empty()) return out;
  const std::string bar(72, '!');
  out += fmt::format("\n{}\n!! A LAW OF THE SIMULATION DOES NOT HOLD. Trust no number above; this is a bug of Weir.\n",
                     bar);
  for (const std::string& line : broken) out += "!! " + line + "\n";
  return out + bar + "\n";
}

std::string json_of(const Report& report) {
  Json runs = Json::array();
  for (const Run& run : report.runs) runs.push_back(run_json(*run.result));
  const Json all = {{"title", report.title}, {"about", report.about}, {"variants", std::move(runs)}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir::sim
