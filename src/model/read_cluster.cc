#include <algorithm>

#include <fmt/format.h>

#include "model/address.h"
#include "model/reading.h"
#include "model/units.h"

namespace weir::model {
namespace {

constexpr std::string_view kEndpointsForm =
    "a list of addresses, or of maps such as {address: \"10.0.0.1:80\", weight: 2}";

/// Exactly one of the three says where it is. Mistakes in one of them have been told already.
void check_origin(Reading& reading, const YamlNode& node, const std::string& path, EndpointConfig& endpoint) {
  const std::string_view named[] = {"address", "srv", "file"};
  const auto stands = [&](std::string_view name) {
    return std::any_of(node.keys.begin(), node.keys.end(), [&](const YamlNode& key) { return key.text == name; });
  };
  const auto written = std::count_if(std::begin(named), std::end(named), stands);
  if (written > 1) return reading.mistake(node, path, {"address, srv and file exclude each other", "one of them"});
  if (written == 0) return reading.mistake(node, path, {"does not say where it is", "one of address, srv, file"});
  for (const std::string_view each : {"weight", "zone", "priority"}) {
    if (!stands("file") || !stands(each)) continue;
    reading.mistake(node, join(path, each), {"a file's endpoints have their own", "it to stand in the file"});
  }
  if (!endpoint.srv.empty() && (!endpoint.srv.starts_with('_') || !is_dns_name(endpoint.srv))) {
    reading.mistake(node, join(path, "srv"),
                    {fmt::format("{} is not the name of a service", quote(endpoint.srv)),
                     "_service._protocol.name, such as _http._tcp.app.internal"});
  }
}

/// What a source is called in messages and told apart by; empty after a mistake.
std::string name_of(const EndpointConfig& endpoint) {
  if (!endpoint.srv.empty()) return "service " + endpoint.srv;
  if (!endpoint.file.empty()) return "file " + endpoint.file;
  return endpoint.address.port == 0 ? std::string() : endpoint.address.text();
}

/// An endpoint is an address, or a map that has one.
void read_endpoint(Reading& reading, const YamlNode& node, const std::string& path, EndpointConfig& endpoint) {
  reading.came_from(path, node.line);
  if (node.kind == YamlNode::Kind::map) {
    read_section(reading, node, node, path, endpoint);
    check_origin(reading, node, path, endpoint);
    return;
  }
  const auto* setting = section<EndpointConfig>().find("address");
  Shape shape = setting->info.shape;
  shape.zero_word = {};
  if (const auto value = reading.scalar({node, node, path}, shape, setting->info.leaf())) {
    setting->set(endpoint, *value);
    reading.came_from(join(path, "address"), node.line);
  }
}

/// "10.0.0.53", "::1", "[::1]" or any of them with a port.
Result<Address, Problem> parse_server(const std::string& text) {
  constexpr std::string_view kDnsPort = ":53";
  if (const auto with_port = parse_address(text, 1)) return *with_port;
  const bool bare_v6 = text.find(':') != std::string::npos && !text.starts_with('[');
  if (const auto bare = parse_address((bare_v6 ? "[" + text + "]" : text) + std::string(kDnsPort))) return *bare;
  return fail(Problem{fmt::format("{} is not the address of a name server", quote(text)),
                      "a numeric address such as 10.0.0.53, or one with a port such as 10.0.0.53:5353"});
}

void read_servers(Reading& reading, const Entry& entry, std::vector<Address>& servers) {
  constexpr size_t kServersMax = 16;
  if (!reading.expect_list(entry.place(), entry.value, entry.path, "a list of name servers such as [10.0.0.53]"))
    return;
  if (entry.value.values.size() > kServersMax) {
    reading.mistake(
        entry.key, entry.path,
        {fmt::format("{} name servers", entry.value.values.size()), fmt::format("at most {}", kServersMax)});
    return;
  }
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    const auto server = parse_server(node.text);
    if (server) {
      servers.push_back(*server);
    } else {
      reading.mistake(node, join(entry.path, i), server.error());
    }
  }
}

void read_resolve(Reading& reading, const Entry& entry, ResolveConfig& resolve) {
  const auto structure = [&](const Setting<ResolveConfig>&, const Entry& inner) {
    read_servers(reading, inner, resolve.servers);
  };
  read_section(reading, entry.place(), entry.value, entry.path, resolve, structure);
  if (resolve.min_ttl <= resolve.max_ttl) return;
  reading.mistake(entry.key, entry.path,
                  {fmt::format("min_ttl {} is more than max_ttl {}", format_duration(resolve.min_ttl),
                               format_duration(resolve.max_ttl)),
                   "min_ttl to be the smaller"});
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
    } else if (setting.info.name == "resolve") {
      read_resolve(reading, inner, cluster.resolve);
    } else if (setting.info.name == "tls") {
      read_upstream_tls(reading, setting.info, inner, cluster.tls);
    } else {
      read_health_check(reading, setting.info, inner, cluster.health_check);
    }
  };
  read_section(reading, entry.place(), entry.value, entry.path, cluster, structure);
}

}  // namespace

void read_endpoints(Reading& reading, const YamlNode& at, const YamlNode& list, const std::string& path,
                    std::vector<EndpointConfig>& endpoints) {
  if (!reading.expect_list(at, list, path, kEndpointsForm)) return;
  if (list.values.empty()) reading.mistake(list, path, {"has no endpoints", "at least one address"});
  std::map<std::string, uint32_t> seen;
  for (size_t i = 0; i < list.values.size(); ++i) {
    const YamlNode& node = list.values[i];
    EndpointConfig& endpoint = endpoints.emplace_back();
    read_endpoint(reading, node, join(path, i), endpoint);
    const std::string name = name_of(endpoint);
    if (name.empty()) continue;  // its mistake has been told
    const auto [first, added] = seen.emplace(name, node.line);
    if (added) continue;
    reading.mistake(node, join(path, i), {fmt::format("{} is listed twice, first in line {}", name, first->second)});
  }
}

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
