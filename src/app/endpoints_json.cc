#include "app/endpoints_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "balance/ewma.h"
#include "upstream/standing.h"

namespace weir::app {

using balance::Outcome;

namespace {

using Json = nlohmann::ordered_json;

uint64_t read(const std::atomic<uint64_t>& cell) { return cell.load(std::memory_order_relaxed); }

uint64_t failures(const upstream::EndpointCounters& counters) {
  uint64_t sum = 0;
  for (const Outcome each : {Outcome::gateway_failure, Outcome::server_error, Outcome::local_failure}) {
    sum += read(counters.outcomes[static_cast<size_t>(each)]);
  }
  return sum;
}

/// From microseconds.
Json percentile_ms(const Histogram& latencies, double percent) {
  if (latencies.count() == 0) return nullptr;
  return static_cast<double>(latencies.percentile(percent)) / 1e3;
}

Json endpoint_json(const upstream::EndpointStatus& status, Instant now) {
  const upstream::Endpoint& endpoint = *status.endpoint;
  Histogram latencies;
  endpoint.merge_latencies(latencies);
  return {
      {"name", endpoint.name},
      {"state", upstream::state_of(status)},
      {"why", upstream::why(status)},
      {"health", name_of(status.health.health)},
      {"active", status.active ? Json(name_of(*status.active)) : Json(nullptr)},
      {"outlier", name_of(status.outlier)},
      {"draining", status.draining},
      {"weight", status.health.weight},
      {"priority", endpoint.config.priority},
      {"zone", endpoint.config.zone},
      {"origin", endpoint.config.origin},
      {"in_flight", endpoint.member.load.in_flight.load(std::memory_order_relaxed)},
      {"requests", read(endpoint.counters.requests)},
      {"failures", failures(endpoint.counters)},
      {"retries", read(endpoint.counters.retries)},
      {"connections", endpoint.connections.used()},
      {"connect_failures", read(endpoint.counters.connect_failures)},
      {"ejections", read(endpoint.counters.ejections)},
      {"ewma_ms", balance::decayed_latency(endpoint.member.load, now).seconds() * 1e3},
      {"p50_ms", percentile_ms(latencies, 50)},
      {"p90_ms", percentile_ms(latencies, 90)},
      {"p99_ms", percentile_ms(latencies, 99)},
      {"last_probe", status.last_probe},
      {"last_ejection", status.last_ejection},
  };
}

Json source_json(const discovery::SourceStatus& source, Instant now) {
  return {
      {"name", source.name},
      {"kind", source.kind},
      {"endpoints", source.endpoints},
      {"stale", source.stale},
      {"problem", source.problem},
      {"age_ms", source.found_at == Instant{} ? Json(nullptr) : Json((now - source.found_at).ms())},
      {"next_ms", std::max<int64_t>(0, (source.next - now).ms())},
      {"changes", source.changes},
  };
}

}  // namespace

std::string endpoints_json(const l7::Proxy& proxy, Instant now) {
  const l7::Snapshot& snapshot = proxy.snapshot();
  Json clusters = Json::array();
  for (const auto& cluster : snapshot.clusters) {
    Json endpoints = Json::array();
    for (const auto& status : cluster->status()) endpoints.push_back(endpoint_json(status, now));
    Json one = {{"name", cluster->name()}, {"endpoints", std::move(endpoints)}};
    for (const auto* source : proxy.discovery().sources(cluster->name())) {
      one["sources"].push_back(source_json(*source, now));
    }
    clusters.push_back(std::move(one));
  }
  const Json all = {{"config", snapshot.number}, {"clusters", std::move(clusters)}};
  return all.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace weir::app
