#include "console/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>

#include "balance/ewma.h"
#include "base/json.h"
#include "l7/core/refusal.h"
#include "model/path_pattern.h"
#include "model/schema.h"
#include "model/units.h"
#include "upstream/standing.h"

namespace weir::console {

namespace {

using Json = nlohmann::ordered_json;

double ms(uint64_t us) { return static_cast<double>(us) / 1e3; }

void append_latency(std::string& out, const LatencySecond& latency) {
  fmt::format_to(std::back_inserter(out), "{:.4g},{:.4g},\"{}\"", ms(latency.p50_us), ms(latency.p99_us), latency.heat);
}

void append_endpoint(std::string& out, const EndpointSecond& endpoint) {
  append_json_string(out, endpoint.name);
  fmt::format_to(std::back_inserter(out), ":[{:.4g},{:.4g},{},", endpoint.rate, endpoint.failed, endpoint.in_flight);
  append_latency(out, endpoint.latency);
  out.append(",\"").append(endpoint.state).append("\"]");
}

void append_cluster(std::string& out, const ClusterSecond& cluster) {
  append_json_string(out, cluster.name);
  fmt::format_to(std::back_inserter(out), ":{{\"sum\":[{:.4g},{:.4g},{},{},", cluster.rate, cluster.failed,
                 cluster.in_flight, cluster.pending);
  append_latency(out, cluster.latency);
  out += "],\"endpoints\":{";
  for (const EndpointSecond& each : cluster.endpoints) {
    if (&each != &cluster.endpoints.front()) out += ',';
    append_endpoint(out, each);
  }
  out += "}}";
}

void append_listener(std::string& out, const ListenerSecond& listener) {
  append_json_string(out, listener.name);
  fmt::format_to(std::back_inserter(out), ":{{\"sum\":[{:.4g},{:.4g}],\"to\":{{", listener.rate, listener.failed);
  for (const auto& [cluster, rate] : listener.to) {
    if (&cluster != &listener.to.front().first) out += ',';
    append_json_string(out, cluster);
    fmt::format_to(std::back_inserter(out), ":{:.4g}", rate);
  }
  out += "}}";
}

/// Thousands of routes are no picture: beyond the first hundreds there are those that lead to a cluster first.
Json listener_json(const model::ListenerConfig& listener) {
  constexpr size_t kRoutesShown = 300;
  Json routes = Json::array();
  std::set<std::string_view> reached;
  for (const auto& route : listener.routes) {
    bool fresh = false;
    for (const auto& target : route.to) fresh = reached.insert(target.cluster).second || fresh;
    if (routes.size() >= kRoutesShown && !fresh) continue;
    Json targets = Json::array();
    for (const auto& target : route.to) targets.push_back({{"cluster", target.cluster}, {"weight", target.weight}});
    routes.push_back({{"host", route.host},
                      {"path", model::written_path(route)},
                      {"timeout", model::format_duration(route.timeout)},
                      {"attempts", route.retry.attempts},
                      {"to", std::move(targets)}});
  }
  return {{"name", listener.name}, {"address", listener.http.text()}, {"routes", std::move(routes)}};
}

/// Newest first.
Json changes_json(const upstream::EndpointStatus& status, Epoch epoch) {
  Json changes = Json::array();
  if (status.changes == nullptr) return changes;
  for (auto each = status.changes->rbegin(); each != status.changes->rend(); ++each) {
    changes.push_back({{"at", epoch.wall(each->at)}, {"what", each->what}});
  }
  return changes;
}

Json endpoint_json(const upstream::EndpointStatus& status, Epoch epoch) {
  const upstream::Endpoint& endpoint = *status.endpoint;
  const auto read = [](const std::atomic<uint64_t>& cell) { return cell.load(std::memory_order_relaxed); };
  return {{"name", endpoint.name},
          {"state", upstream::state_of(status)},
          {"why", upstream::why(status)},
          {"health", name_of(status.health.health)},
          {"draining", status.draining},
          {"weight", status.health.weight},
          {"zone", endpoint.config.zone},
          {"priority", endpoint.config.priority},
          {"in_flight", endpoint.member.load.in_flight.load(std::memory_order_relaxed)},
          {"connections", endpoint.connections.used()},
          {"max_connections", endpoint.connections.limit()},
          {"requests", read(endpoint.counters.requests)},
          {"failures", failures_of(endpoint.counters)},
          {"retries", read(endpoint.counters.retries)},
          {"connect_failures", read(endpoint.counters.connect_failures)},
          {"ejections", read(endpoint.counters.ejections)},
          {"ewma_ms", balance::decayed_latency(endpoint.member.load, epoch.now).seconds() * 1e3},
          {"changes", changes_json(status, epoch)}};
}

Json headroom_json(const Headroom& headroom) {
  return {{"state", name_of(headroom.state)},
          {"rate", headroom.rate},
          {"seen", headroom.seen},
          {"knee", headroom.knee},
          {"knee_low", headroom.knee_low},
          {"knee_high", headroom.knee_high},
          {"base_ms", headroom.base_seconds * 1e3},
          {"levels", headroom.levels},
          {"confidence", headroom.confidence}};
}

/// As the configuration spells it.
std::string policy_of(const model::ClusterConfig& cluster) {
  const auto& setting = *model::section<model::ClusterConfig>().find("policy");
  return model::format_value(setting.info.shape, setting.get(cluster));
}

Json limit_json(const balance::CircuitLimit& limit) { return {{"used", limit.used()}, {"limit", limit.limit()}}; }

Json cluster_json(upstream::Cluster& cluster, Epoch epoch, const HeadroomOf& headroom) {
  Json endpoints = Json::array();
  for (const auto& status : cluster.status()) endpoints.push_back(endpoint_json(status, epoch));
  const auto found = headroom.find(cluster.name());
  return {{"name", cluster.name()},
          {"policy", policy_of(cluster.config())},
          {"requests", limit_json(cluster.circuit.requests)},
          {"pending", limit_json(cluster.circuit.pending)},
          {"retry_budget", cluster.retry_budget.balance(epoch.now)},
          {"retry_budget_refused", cluster.retry_budget.refused()},
          {"panic", upstream::panic_ratio(cluster)},
          {"headroom", headroom_json(found == headroom.end() ? Headroom{} : found->second)},
          {"endpoints", std::move(endpoints)}};
}

/// A sentence for a rule by its name. What the codec refused has no rule of the core.
std::string_view text_of(std::string_view rule) {
  for (size_t i = 1; i < l7::core::kRules; ++i) {
    const auto each = static_cast<l7::core::Rule>(i);
    if (name_of(each) == rule) return l7::core::text_of(each);
  }
  return "What the client sent is not valid HTTP, or did not come in time.";
}

/// What requests said may come back here, and need not be UTF-8.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string tick_json(const Second& second) {
  std::string out;
  fmt::format_to(std::back_inserter(out), "{{\"t\":{},\"sum\":[{:.4g},{:.4g},{:.4g},{},", second.unix_ms, second.rate,
                 second.failed, second.refused, second.clients);
  append_latency(out, second.latency);
  out += "],\"listeners\":{";
  for (const ListenerSecond& each : second.listeners) {
    if (&each != &second.listeners.front()) out += ',';
    append_listener(out, each);
  }
  out += "},\"clusters\":{";
  for (const ClusterSecond& each : second.clusters) {
    if (&each != &second.clusters.front()) out += ',';
    append_cluster(out, each);
  }
  return out += "}}";
}

std::string now_json(const l7::Proxy& proxy, Epoch epoch, const HeadroomOf& headroom, const RecordingState& recording) {
  const l7::Snapshot& snapshot = proxy.snapshot();
  Json listeners = Json::array();
  for (const auto& each : snapshot.config.listeners) listeners.push_back(listener_json(each));
  Json switches = Json::array();
  for (const auto& each : proxy.switches().all()) switches.push_back({{"name", each.name}, {"off", each.off}});
  Json clusters = Json::array();
  for (const auto& each : snapshot.clusters) clusters.push_back(cluster_json(*each, epoch, headroom));
  return dump({{"serving", proxy.serving()},
               {"config", snapshot.number},
               {"workers", proxy.workers().size()},
               {"started", epoch.wall(proxy.started_at())},
               {"recording", {{"phase", recording.phase}, {"left_ms", recording.left.ms()}}},
               {"listeners", std::move(listeners)},
               {"switches", std::move(switches)},
               {"clusters", std::move(clusters)}});
}

std::string refusals_json(std::vector<l7::RefusalEntry> entries, Epoch epoch, size_t most,
                          const std::map<std::string_view, uint64_t>& by_rule) {
  std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.at > b.at; });
  if (entries.size() > most) entries.resize(most);
  Json refusals = Json::array();
  for (const l7::RefusalEntry& each : entries) {
    refusals.push_back({{"at", epoch.wall(each.at)},
                        {"waited_ms", each.waited.seconds() * 1e3},
                        {"status", each.status},
                        {"rule", each.rule},
                        {"text", text_of(each.rule)},
                        {"limit", each.limit},
                        {"value", each.value},
                        {"listener", each.listener},
                        {"cluster", each.cluster},
                        {"method", each.method},
                        {"host", each.host},
                        {"target", each.target},
                        {"tried", each.tried},
                        {"request_id", each.request_id}});
  }
  Json totals = Json::object();
  for (const auto& [rule, count] : by_rule) {
    if (count != 0) totals[std::string(rule)] = count;
  }
  return dump({{"totals", std::move(totals)}, {"last", std::move(refusals)}});
}

}  // namespace weir::console
