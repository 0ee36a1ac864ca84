#include <algorithm>

#include <fmt/format.h>

#include "model/reading.h"

namespace weir::model {
namespace {

constexpr std::string_view kEndpointsForm =
    "a list of addresses, or of maps such as {address: \"10.0.0.1:80\", weight: 2}";

/// An endpoint is an address, or a map that has one.
void read_endpoint(Reading& reading, const YamlNode& node, const std::string& path, EndpointConfig& endpoint) {
  reading.came_from(path, node.line);
  if (node.kind == YamlNode::Kind::map) {
    read_section(reading, node, node, path, endpoint);
    return;
  }
  const auto* setting = section<EndpointConfig>().find("address");
  if (const auto value = reading.scalar({node, node, path}, setting->info.shape, setting->info.leaf())) {
    setting->set(endpoint, *value);
    reading.came_from(join(path, "address"), node.line);
  }
}

void read_endpoints(Reading& reading, const YamlNode& at, const YamlNode& list, const std::string& path,
                    std::vector<EndpointConfig>& endpoints) {
  if (!reading.expect_list(at, list, path, kEndpointsForm)) return;
  if (list.values.empty()) reading.mistake(list, path, {"has no endpoints", "at least one address"});
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < list.values.size(); ++i) {
    const YamlNode& node = list.values[i];
    EndpointConfig& endpoint = endpoints.emplace_back();
    read_endpoint(reading, node, join(path, i), endpoint);
    if (endpoint.address.port == 0) continue;  // its mistake has been told
    const std::string address = endpoint.address.text();
    const auto [first, added] = seen.emplace(address, node.line);
    if (added) continue;
    reading.mistake(node, join(path, i), {fmt::format("{} is listed twice, first in line {}", address, first->second)});
  }
}

void read_cluster(Reading& reading, const Entry& entry, ClusterConfig& cluster) {
  if (entry.value.kind == YamlNode::Kind::list) {
    const std::string path = join(entry.path, "endpoints");
    reading.came_from(path, entry.key.line);
    read_endpoints(reading, entry.value, entry.value, path, cluster.endpoints);
    return;
  }
  if (entry.value.kind != YamlNode::Kind::map) {
    reading.expect_map(entry.place(), entry.value, entry.path, "a list of addresses, or a map with endpoints");
    return;
  }
  const auto structure = [&](const Setting<ClusterConfig>& setting, const Entry& inner) {
    if (setting.info.name == "endpoints") {
      read_endpoints(reading, inner.place(), inner.value, inner.path, cluster.endpoints);
    } else {
      read_health_check(reading, setting.info, inner, cluster.health_check);
    }
  };
  read_section(reading, entry.place(), entry.value, entry.path, cluster, structure);
}

}  // namespace

void read_health_check(Reading& reading, const SettingInfo& setting, const Entry& entry,
                       std::optional<HealthCheckConfig>& health_check) {
  if (entry.value.kind == YamlNode::Kind::scalar && entry.value.text == "off") return;
  if (!reading.expect_map(entry.place(), entry.value, entry.path, setting.shape.form)) return;
  HealthCheckConfig& check = health_check.emplace();
  read_section(reading, entry.place(), entry.value, entry.path, check);
  const auto refused = [&](std::string_view name) {  // there, and already complained about
    const bool there = std::any_of(entry.value.keys.begin(), entry.value.keys.end(),
                                   [&](const YamlNode& key) { return key.text == name; });
    return there && reading.provenance.line_of(join(entry.path, name)) == 0;
  };
  const bool http = !check.http_path.empty();
  if (http && check.tcp) reading.mistake(entry.key, entry.path, {"http and tcp exclude each other", "one of them"});
  if (http || check.tcp || refused("http") || refused("tcp")) return;
  reading.mistake(entry.key, entry.path, {"does not say what to probe", "http: /path, or tcp: true"});
}

void read_clusters(Reading& reading, const Entry& entry, std::vector<ClusterConfig>& clusters) {
  const std::string_view form = "a map from names to clusters, such as {app: [\"127.0.0.1:3000\"]}";
  if (!reading.expect_map(entry.place(), entry.value, entry.path, form)) return;
  if (entry.value.keys.empty()) reading.mistake(entry.value, entry.path, {"is empty", "at least one cluster"});
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < entry.value.keys.size(); ++i) {
    const Entry inner{entry.value.keys[i], entry.value.values[i], join(entry.path, entry.value.keys[i].text)};
    if (!reading.expect_new_key(inner.key, inner.path, seen)) continue;
    if (!reading.scalar({inner.key, inner.key, inner.path}, kClusterNameShape, "name")) continue;
    ClusterConfig& cluster = clusters.emplace_back();
    cluster.name = inner.key.text;
    reading.came_from(inner.path, inner.key.line);
    read_cluster(reading, inner, cluster);
  }
}

}  // namespace weir::model
