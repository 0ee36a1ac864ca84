// Routes, and where they lead.
#include <fmt/format.h>

#include <algorithm>

#include "model/reading.h"

namespace weir::model {
namespace {

void add_target(Reading& reading, const YamlNode& at, const std::string& path, std::string cluster, uint32_t weight,
                RouteConfig& route) {
  reading.references.push_back({&at, path, cluster});
  route.to.push_back({std::move(cluster), weight});
}

}  // namespace

void read_targets(Reading& reading, const SettingInfo& setting, const Entry& entry, RouteConfig& route) {
  if (entry.value.kind == YamlNode::Kind::scalar) {
    add_target(reading, entry.value, entry.path, entry.value.text, RouteTarget{}.weight, route);
    return;
  }
  if (!reading.expect_map(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  if (entry.value.keys.empty()) reading.mistake(entry.value, entry.path, {"is empty", std::string(setting.shape.form)});
  std::map<std::string, uint32_t> seen;
  bool mistaken = false;
  for (size_t i = 0; i < entry.value.keys.size(); ++i) {
    const Entry target{entry.value.keys[i], entry.value.values[i], join(entry.path, entry.value.keys[i].text)};
    if (!reading.expect_new_key(target.key, target.path, seen)) continue;
    const auto share = reading.scalar(target, kShareShape, "share");
    const auto weight = static_cast<uint32_t>(share ? std::get<uint64_t>(*share) : 0);
    add_target(reading, target.key, target.path, target.key.text, weight, route);
    reading.came_from(target.path, target.key.line);
    mistaken = mistaken || !share;
  }
  const bool any =
      std::any_of(route.to.begin(), route.to.end(), [](const RouteTarget& each) { return each.weight > 0; });
  if (any || mistaken || route.to.empty()) return;
  reading.mistake(entry.key, entry.path,
                  {"the shares add up to 0: no request would have anywhere to go", "one above 0"});
}

namespace {

void read_structure(Reading& reading, const SettingInfo& setting, const Entry& entry, RouteConfig& route) {
  if (setting.name == "to") return read_targets(reading, setting, entry, route);
  if (setting.name == "respond") return read_fixed_response(reading, entry, route.respond);
  if (read_traffic(reading, setting, entry, route)) return;
  if (setting.name == "match.method") return read_methods(reading, entry, route.methods);
  if (setting.name == "match.header") return read_matches(reading, setting, entry, MatchOf::header, route.headers);
  if (setting.name == "match.cookie") return read_matches(reading, setting, entry, MatchOf::cookie, route.cookies);
  if (setting.name == "match.query") return read_matches(reading, setting, entry, MatchOf::query, route.query);
}

/// Two routes of one name could not be told apart.
void refuse_duplicate_names(Reading& reading, const Entry& entry, const std::vector<RouteConfig>& routes) {
  std::map<std::string_view, uint32_t> names;
  for (size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].name.empty()) continue;
    const auto [first, added] = names.emplace(routes[i].name, routes[i].line);
    if (added) continue;
    reading.mistake(
        entry.value.values[i], join(join(entry.path, i), "name"),
        {fmt::format("{} is already the name of the route in line {}", quote(routes[i].name), first->second)});
  }
}

}  // namespace

void read_routes(Reading& reading, const SettingInfo& setting, const Entry& entry, std::vector<RouteConfig>& routes) {
  if (!reading.expect_list(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  if (entry.value.values.empty()) reading.mistake(entry.value, entry.path, {"is empty", "at least one route"});
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    const std::string path = join(entry.path, i);
    RouteConfig& route = routes.emplace_back();
    route.line = node.line;
    reading.came_from(path, node.line);
    read_section(reading, node, node, path, route, [&](const Setting<RouteConfig>& structure, const Entry& inner) {
      read_structure(reading, structure.info, inner, route);
    });
    check_edits(reading, node, path, route);
  }
  refuse_duplicate_names(reading, entry, routes);
}

}  // namespace weir::model
