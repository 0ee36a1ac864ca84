#include "app/carried_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "app/seccomp.h"

namespace weir::app {

namespace {

using Json = nlohmann::json;
using balance::EjectionState;
using balance::OutlierState;
using l7::core::ShiftPlan;
using l7::core::ShiftState;
using upstream::EndpointMemory;

Json ejection_json(const EndpointMemory& memory) {
  const EjectionState& ejection = memory.ejection;
  return {{"state", name_of(ejection.state)},          {"ejections", ejection.ejections},
          {"since_ns", ejection.since.ns()},           {"until_ns", ejection.until.ns()},
          {"decayed_at_ns", ejection.decayed_at.ns()}, {"why", memory.why_ejected}};
}

Json memory_json(const std::string& cluster, const EndpointMemory& memory) {
  Json json{{"cluster", cluster}, {"endpoint", memory.endpoint}};
  if (memory.drained_by_admin) json["draining"] = true;
  if (memory.weight_by_admin) json["weight"] = *memory.weight_by_admin;
  if (memory.ejection.state != OutlierState::serving) json["ejection"] = ejection_json(memory);
  return json;
}

template <class T>
T value_at(const Json& object, const char* key, T otherwise) {
  const auto found = object.find(key);
  if (found == object.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>) {
    return found->is_string() ? found->get<std::string>() : otherwise;
  } else if constexpr (std::is_same_v<T, bool>) {
    return found->is_boolean() ? found->get<bool>() : otherwise;
  } else {
    return found->is_number_integer() ? found->get<T>() : otherwise;
  }
}

std::vector<Json> objects_at(const Json& object, const char* key) {
  std::vector<Json> all;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return all;
  for (const Json& each : *found) {
    if (each.is_object()) all.push_back(each);
  }
  return all;
}

void read_ejection(const Json& json, EndpointMemory& memory) {
  if (!json.is_object()) return;
  const auto state = value_at<std::string>(json, "state", "");
  for (const OutlierState each : {OutlierState::ejected, OutlierState::probation}) {
    if (state == name_of(each)) memory.ejection.state = each;
  }
  memory.ejection.ejections = value_at<uint32_t>(json, "ejections", 1);
  memory.ejection.since = Instant::from_ns(value_at<int64_t>(json, "since_ns", 0));
  memory.ejection.until = Instant::from_ns(value_at<int64_t>(json, "until_ns", 0));
  memory.ejection.decayed_at = Instant::from_ns(value_at<int64_t>(json, "decayed_at_ns", 0));
  memory.why_ejected = value_at<std::string>(json, "why", "");
}

Json shift_json(const l7::Shifts::Entry& entry, Instant now) {
  const ShiftPlan& plan = entry.shift.plan();
  return {{"from", entry.from},
          {"to", entry.to},
          {"state", name_of(entry.shift.state())},
          {"elapsed_ns", entry.shift.elapsed(now).ns()},
          {"over_ns", plan.over.ns()},
          {"steps", plan.steps},
          {"abort_on", plan.abort_on},
          {"min_requests", plan.min_requests},
          {"window_ns", plan.window.ns()}};
}

void recall_shift(l7::Proxy& proxy, const Json& json, Instant now) {
  ShiftPlan plan;
  plan.over = Duration::ns(value_at(json, "over_ns", plan.over.ns()));
  plan.steps = value_at(json, "steps", plan.steps);
  plan.abort_on = value_at(json, "abort_on", plan.abort_on);
  plan.min_requests = value_at(json, "min_requests", plan.min_requests);
  plan.window = Duration::ns(value_at(json, "window_ns", plan.window.ns()));
  l7::Shifts::Entry entry{.from = value_at<std::string>(json, "from", ""),
                          .to = value_at<std::string>(json, "to", ""),
                          .shift = l7::core::Shift(plan, now)};
  ShiftState state = ShiftState::moving;
  for (const ShiftState each : {ShiftState::settling, ShiftState::complete}) {
    if (value_at<std::string>(json, "state", "") == name_of(each)) state = each;
  }
  entry.shift.resume(state, Duration::ns(value_at<int64_t>(json, "elapsed_ns", 0)));
  const std::string what = entry.from + "->" + entry.to;
  if (auto begun = proxy.shift(std::move(entry)); !begun) {
    spdlog::warn("the shift {} does not go on: {}", what, begun.error());
  }
}

Json keys_json(const l7::ListenerTls::Remembered& remembered) {
  std::string digits;
  for (const char byte : net::tls::ticket_keys_bytes(remembered.keys)) {
    digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return {{"listener", remembered.listener}, {"made_ns", remembered.made.ns()}, {"keys", digits}};
}

/// Empty when they are not hexadecimal.
std::string bytes_of(std::string_view digits) {
  std::string bytes;
  for (; digits.size() >= 2; digits.remove_prefix(2)) {
    unsigned value = 0;
    const char* const end = digits.data() + 2;
    if (std::from_chars(digits.data(), end, value, 16).ptr != end) return {};
    bytes += static_cast<char>(value);
  }
  return bytes;
}

void recall_keys(l7::Proxy& proxy, const Json& json) {
  auto keys = net::tls::parse_own_ticket_keys(bytes_of(value_at<std::string>(json, "keys", "")));
  if (!keys) return;
  proxy.tls().recall({.listener = value_at<std::string>(json, "listener", ""),
                      .keys = std::move(*keys),
                      .made = Instant::from_ns(value_at<int64_t>(json, "made_ns", 0))});
}

EndpointMemory read_memory(const Json& json) {
  EndpointMemory memory;
  memory.endpoint = value_at<std::string>(json, "endpoint", "");
  memory.drained_by_admin = value_at(json, "draining", false);
  if (json.contains("weight")) memory.weight_by_admin = value_at<uint32_t>(json, "weight", 1);
  if (json.contains("ejection")) read_ejection(json["ejection"], memory);
  return memory;
}

}  // namespace

std::string carried_state(const l7::Proxy& proxy, Instant now) {
  Json endpoints = Json::array();
  for (const auto& cluster : proxy.snapshot().clusters) {
    for (const EndpointMemory& memory : cluster->memories()) endpoints.push_back(memory_json(cluster->name(), memory));
  }
  Json shifts = Json::array();
  for (const l7::Shifts::Entry& each : proxy.shifts().all()) {
    if (each.in_force()) shifts.push_back(shift_json(each, now));
  }
  Json keys = Json::array();
  for (const auto& each : proxy.tls().remembered()) keys.push_back(keys_json(each));
  Json switches = Json::array();
  for (const std::string& name : proxy.switches().names_off()) switches.push_back({{"name", name}});
  const Json state{{"filtered", system_calls_are_filtered()},
                   {"endpoints", endpoints},
                   {"shifts", shifts},
                   {"switches_off", switches},
                   {"ticket_keys", keys}};
  return state.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool says_filtered(std::string_view json) {
  const Json state = Json::parse(json, nullptr, false);
  return state.is_object() && value_at(state, "filtered", false);
}

void recall_state(l7::Proxy& proxy, std::string_view json, Instant now) {
  const Json state = Json::parse(json, nullptr, false);
  if (!state.is_object()) return spdlog::warn("the process before told nothing of its state");
  for (const Json& each : objects_at(state, "ticket_keys")) recall_keys(proxy, each);
  for (const Json& each : objects_at(state, "shifts")) recall_shift(proxy, each, now);
  for (const Json& each : objects_at(state, "switches_off")) {
    const auto name = value_at<std::string>(each, "name", "");
    if (!proxy.recall_switch_off(name)) spdlog::info("switch {} is off, and has no route at the moment", name);
  }
  for (const Json& each : objects_at(state, "endpoints")) {
    upstream::Cluster* const cluster = proxy.snapshot().find(value_at<std::string>(each, "cluster", ""));
    const EndpointMemory memory = read_memory(each);
    if (cluster != nullptr && cluster->recall(memory, now)) continue;
    spdlog::info("endpoint {} is not there any more: what was said of it is forgotten", memory.endpoint);
  }
}

}  // namespace weir::app
