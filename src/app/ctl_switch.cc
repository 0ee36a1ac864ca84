#include "app/ctl_switch.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "app/query.h"
#include "app/terminal.h"

namespace weir::app {

namespace {

using nlohmann::json;

constexpr std::string_view kListener = "listener:";

struct Known {
  std::string name;
  bool off = false;
  std::string since;   ///< "12s ago"; empty: never thrown
  std::string routes;  ///< what it concerns and what is done instead
};

std::string since(const json& each) {
  const auto found = each.find("thrown_seconds_ago");
  if (found == each.end() || !found->is_number()) return "";
  const auto seconds = found->get<double>();
  return seconds < 120 ? fmt::format("{:.0f}s ago", seconds) : fmt::format("{:.0f}m ago", seconds / 60);
}

std::string routes_of(const json& each) {
  std::string text;
  if (!each.contains("routes") || !each["routes"].is_array()) return text;
  for (const json& route : each["routes"]) {
    const std::string path = text_at(route, "path");
    text += fmt::format("{}{} {}: {}", text.empty() ? "" : ", ", text_at(route, "listener"),
                        path.empty() ? "everything" : text_at(route, "host") + path, text_at(route, "fallback"));
  }
  return text;
}

std::vector<Known> switches_in(const std::string& body) {
  std::vector<Known> all;
  const json said = json::parse(body, nullptr, false);
  if (!said.is_object() || !said.contains("switches") || !said["switches"].is_array()) return all;
  for (const json& each : said["switches"]) {
    if (!each.is_object()) continue;
    const bool off = each.contains("off") && each["off"].is_boolean() && each["off"].get<bool>();
    all.push_back({.name = text_at(each, "name"), .off = off, .since = since(each), .routes = routes_of(each)});
  }
  return all;
}

/// The exit status.
int set(const CtlAsk& ask, const std::string& name, const std::string& state) {
  const auto done = ask(true, fmt::format("/switch?name={}&state={}", percent_encode(name), state));
  return done ? 0 : done.error();
}

}  // namespace

std::string switches_table(const std::string& body) {
  const auto all = switches_in(body);
  size_t width = 6;
  for (const Known& each : all) width = std::max(width, each.name.size());
  std::string out = all.empty() ? "" : fmt::format("{:<{}}  STATE  THROWN    WHILE IT IS OFF\n", "SWITCH", width);
  for (const Known& each : all) {
    out += fmt::format("{:<{}}  {:<5}  {:<8}  {}\n", each.name, width, each.off ? "off" : "on",
                       each.since.empty() ? "never" : each.since, each.routes);
  }
  return out;
}

void add_switch_options(CLI::App& verb, SwitchOptions& options) {
  verb.add_option("state", options.state, "off: answer from the fallback; on: as ever")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  verb.add_option("name", options.name, "the switch's name, as in weir ctl switches")->required();
}

void add_maintenance_options(CLI::App& verb, SwitchOptions& options) {
  verb.add_option("state", options.state, "on: answer everything with the listener's maintenance; off: as ever")
      ->required()
      ->check(CLI::IsMember({"on", "off"}));
  verb.add_option("listener", options.listener, "its name; without one, all listeners");
}

int throw_switch(const CtlAsk& ask, const SwitchOptions& options) {
  if (const int status = set(ask, options.name, options.state); status != 0) return status;
  return say(fmt::format("{} is {}\n", options.name, options.state));
}

int list_switches(const CtlAsk& ask, bool as_json) {
  const auto body = ask(false, "/switches");
  if (!body) return body.error();
  return say(as_json ? *body : switches_table(*body));
}

/// Maintenance is on when the listener's switch is off.
int maintain(const CtlAsk& ask, const SwitchOptions& options) {
  const std::string state = options.state == "on" ? "off" : "on";
  std::vector<std::string> names;
  if (!options.listener.empty()) {
    names.push_back(std::string(kListener) + options.listener);
  } else {
    const auto body = ask(false, "/switches");
    if (!body) return body.error();
    for (Known& each : switches_in(*body)) {
      if (each.name.starts_with(kListener)) names.push_back(std::move(each.name));
    }
  }
  for (const std::string& name : names) {
    if (const int status = set(ask, name, state); status != 0) return status;
    say(fmt::format("{}: maintenance is {}\n", name.substr(kListener.size()), options.state));
  }
  return 0;
}

}  // namespace weir::app
