#include <fmt/format.h>

#include "base/ip.h"
#include "model/reading.h"
#include "model/units.h"

namespace weir::model {
namespace {

void read_networks(Reading& reading, const SettingInfo& setting, const Entry& entry,
                   std::vector<std::string>& networks) {
  constexpr size_t kNetworksMax = 256;
  if (!reading.expect_list(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  const size_t count = entry.value.values.size();
  if (count == 0 || count > kNetworksMax) {
    return reading.mistake(entry.key, entry.path,
                           {fmt::format("{} networks", count), fmt::format("1 to {}", kNetworksMax)});
  }
  for (size_t i = 0; i < count; ++i) {
    const YamlNode& node = entry.value.values[i];
    if (IpNetwork::parse(node.text)) {
      networks.push_back(node.text);
      continue;
    }
    reading.mistake(node, join(entry.path, i),
                    {fmt::format("{} is not a network", quote(node.text)),
                     "an address, or one with the bits of its prefix and zeros behind it, such as 10.0.0.0/8"});
  }
}

void read_listener(Reading& reading, const YamlNode& node, const std::string& path, ListenerConfig& listener) {
  bool to = false;
  bool routes = false;
  read_section(reading, node, node, path, listener, [&](const Setting<ListenerConfig>& setting, const Entry& entry) {
    if (setting.info.name == "routes") {
      routes = true;
      read_routes(reading, setting.info, entry, listener.routes);
      return;
    }
    if (setting.info.name == "proxy_protocol_from") {
      return read_networks(reading, setting.info, entry, listener.proxy_protocol_from);
    }
    if (setting.info.name == "maintenance") return read_fixed_response(reading, entry, listener.maintenance);
    if (setting.info.name == "tls") return read_tls(reading, entry, listener.tls);
    to = true;
    RouteConfig route;
    route.line = entry.key.line;
    read_targets(reading, setting.info, entry, route);
    reading.came_from(join(path, "routes[0]"), entry.key.line);
    reading.came_from(join(path, "routes[0].to"), entry.key.line);
    listener.routes.push_back(std::move(route));
  });
  if (node.kind != YamlNode::Kind::map) return;
  if (to && routes) reading.mistake(node, path, {"to and routes exclude each other", "one of them"});
  if (!to && !routes) reading.mistake(node, path, {"leads nowhere", "to: CLUSTER, or routes"});
  if (listener.name.empty()) listener.name = listener.http.text();
}

/// Port 0 is a new port every time, so two of them are no duplicates.
void refuse_duplicates(Reading& reading, const Entry& entry, const std::vector<ListenerConfig>& listeners) {
  std::map<std::string, uint32_t> addresses;
  std::map<std::string, uint32_t> names;
  for (size_t i = 0; i < listeners.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    const std::string path = join(entry.path, i);
    const std::string address = listeners[i].http.text();
    if (listeners[i].http.port != 0) {
      const auto [first, added] = addresses.emplace(address, node.line);
      if (!added) {
        reading.mistake(node, join(path, "http"),
                        {fmt::format("{} is already taken by the listener in line {}", address, first->second)});
        continue;
      }
    }
    if (reading.provenance.line_of(join(path, "name")) == 0) continue;
    const auto [first, added] = names.emplace(listeners[i].name, node.line);
    if (!added) {
      reading.mistake(
          node, join(path, "name"),
          {fmt::format("{} is already the name of the listener in line {}", quote(listeners[i].name), first->second)});
    }
  }
}

}  // namespace

void read_listeners(Reading& reading, const Entry& entry, std::vector<ListenerConfig>& listeners) {
  if (!reading.expect_list(entry.place(), entry.value, entry.path, "a list of listeners")) return;
  if (entry.value.values.empty()) reading.mistake(entry.value, entry.path, {"is empty", "at least one listener"});
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    const std::string path = join(entry.path, i);
    reading.came_from(path, node.line);
    read_listener(reading, node, path, listeners.emplace_back());
  }
  refuse_duplicates(reading, entry, listeners);
}

}  // namespace weir::model
