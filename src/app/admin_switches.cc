// The admin interface's part of switches: degradation switches of routes, and maintenance of listeners.
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "app/admin.h"
#include "app/admin_response.h"
#include "model/nearest.h"
#include "model/units.h"

namespace weir::app {

using http::SimpleResponse;

namespace {

using Json = nlohmann::ordered_json;

std::string answer_of(const model::FixedResponse& response) {
  return fmt::format("answers {}", response.status == 0 ? 503 : response.status);
}

Json route_json(const model::ListenerConfig& listener, const model::RouteConfig& route) {
  const auto& switched = route.degradation;
  return {
      {"listener", listener.name},
      {"host", route.host},
      {"path", route.path},
      {"fallback", switched.fallback_to.empty() ? answer_of(switched.fallback) : "goes to " + switched.fallback_to}};
}

/// What the switch concerns.
Json routes_json(const model::Config& config, std::string_view name) {
  Json routes = Json::array();
  for (const auto& listener : config.listeners) {
    if (l7::Switches::name_of(listener) == name) {
      routes.push_back({{"listener", listener.name}, {"fallback", answer_of(listener.maintenance)}});
    }
    for (const auto& route : listener.routes) {
      if (route.degradation.name == name) routes.push_back(route_json(listener, route));
    }
  }
  return routes;
}

}  // namespace

SimpleResponse Admin::switches(const Call& /*call*/) {
  Json all = Json::array();
  for (const auto& each : proxy_.switches().all()) {
    Json thrown = nullptr;
    if (each.thrown != Instant{}) thrown = (loop_.now() - each.thrown).seconds();
    all.push_back({{"name", each.name},
                   {"off", each.off},
                   {"thrown_seconds_ago", std::move(thrown)},
                   {"routes", routes_json(proxy_.snapshot().config, each.name)}});
  }
  return json_response(200, {{"switches", std::move(all)}});
}

SimpleResponse Admin::throw_switch(const Call& call) {
  const auto name = call.query.find("name");
  if (name == call.query.end()) return error_response(400, "name must say which switch");
  const auto state = call.query.find("state");
  if (state == call.query.end() || (state->second != "on" && state->second != "off")) {
    return error_response(400, "state must be on or off");
  }
  const bool off = state->second == "off";
  if (!proxy_.set_switch(name->second, off)) {
    const auto all = proxy_.switches().all();
    std::vector<std::string_view> known;
    for (const auto& each : all) known.push_back(each.name);
    const std::string guess = model::nearest(name->second, known);
    return error_response(404, fmt::format("there is no switch {}{}", model::quote(name->second),
                                           guess.empty() ? "" : "; did you mean " + guess + "?"));
  }
  console_.mark({.unix_ms = 0,
                 .kind = off ? console::MarkKind::fault : console::MarkKind::recover,
                 .label = fmt::format("switch {} {}", name->second, state->second)});
  return json_response(200, {{"name", name->second}, {"off", off}});
}

}  // namespace weir::app
