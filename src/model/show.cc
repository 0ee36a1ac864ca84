#include "model/show.h"

#include <fmt/format.h>

#include "model/reading.h"
#include "model/schema.h"
#include "model/show_writer.h"

namespace weir::model {
namespace {

void show_tls(ShowWriter& writer, const TlsConfig& tls, const std::string& path) {
  writer.open("tls:", writer.written_at(path));
  const std::string list = join(path, "certificates");
  writer.open("certificates:", writer.written_at(list));
  for (size_t i = 0; i < tls.certificates.size(); ++i) {
    writer.open_item();
    // The short form stands beside the other settings.
    const bool short_form = writer.written_at(join(list, i)).empty();
    writer.section_of(tls.certificates[i], short_form ? path : join(list, i));
    writer.close();
  }
  writer.close();
  writer.section_of(tls, path, [](const SettingInfo& setting) {
    return setting.name == "certificate" || setting.name == "key" || setting.name == "ocsp";
  });
  writer.close();
}

void show_listener(ShowWriter& writer, const ListenerConfig& listener, const std::string& path) {
  writer.open_item();
  writer.section_of(listener, path);
  if (!listener.proxy_protocol_from.empty()) {
    writer.line(fmt::format("proxy_protocol_from: [\"{}\"]", fmt::join(listener.proxy_protocol_from, "\", \"")),
                writer.written_at(join(path, "proxy_protocol_from")));
  }
  show_fixed_response(writer, "maintenance", listener.maintenance, path);
  if (listener.tls.enabled()) show_tls(writer, listener.tls, join(path, "tls"));
  writer.open("routes:", writer.written_at(join(path, "routes")));
  for (size_t i = 0; i < listener.routes.size(); ++i) {
    show_route(writer, listener.routes[i], join(join(path, "routes"), i));
  }
  writer.close();
  writer.close();
}

/// Of address, srv and file the one that is set.
void show_endpoint(ShowWriter& writer, const EndpointConfig& endpoint, const std::string& path) {
  const std::string_view said = !endpoint.srv.empty() ? "srv" : !endpoint.file.empty() ? "file" : "address";
  writer.section_of(endpoint, path, [&](const SettingInfo& setting) {
    const bool origin = setting.name == "address" || setting.name == "srv" || setting.name == "file";
    return origin && setting.name != said;
  });
  writer.close();
}

void show_resolve(ShowWriter& writer, const ResolveConfig& resolve, const std::string& path) {
  writer.open("resolve:", writer.written_at(path));
  writer.section_of(resolve, path);
  const std::string servers = join(path, "servers");
  std::string list;
  for (const Address& each : resolve.servers) list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", each.text());
  writer.line(fmt::format("servers: [{}]", list),
              writer.origin(servers, section<ResolveConfig>().find("servers")->info.reason));
  writer.close();
}

void show_upstream_tls(ShowWriter& writer, const UpstreamTlsConfig& tls, const std::string& path) {
  if (!tls.enabled) {
    return writer.line("tls: off", writer.origin(path, section<ClusterConfig>().find("tls")->info.reason));
  }
  writer.open("tls:", writer.written_at(path));
  writer.section_of(tls, path);
  writer.close();
}

void show_cluster(ShowWriter& writer, const ClusterConfig& cluster, const std::string& path) {
  writer.open(fmt::format("{}:", yaml_scalar(cluster.name)), writer.written_at(path));
  const std::string endpoints = join(path, "endpoints");
  writer.open("endpoints:", writer.written_at(endpoints));
  for (size_t i = 0; i < cluster.endpoints.size(); ++i) {
    writer.open_item();
    show_endpoint(writer, cluster.endpoints[i], join(endpoints, i));
  }
  writer.close();
  if (cluster.is_discovered() || cluster.resolve != ResolveConfig{}) {
    show_resolve(writer, cluster.resolve, join(path, "resolve"));
  }
  show_health_check(writer, cluster, path);
  show_upstream_tls(writer, cluster.tls, join(path, "tls"));
  writer.section_of(cluster, path);
  writer.close();
}

}  // namespace

void show_health_check(ShowWriter& writer, const ClusterConfig& cluster, const std::string& path) {
  const std::string health_check = join(path, "health_check");
  if (cluster.health_check) {
    writer.open("health_check:", writer.written_at(health_check));
    const auto unused = [&](const SettingInfo& setting) {  // http and tcp exclude each other
      return setting.name == (cluster.health_check->tcp ? "http" : "tcp");
    };
    writer.section_of(*cluster.health_check, health_check, unused);
    writer.close();
  } else {
    const auto* setting = section<ClusterConfig>().find("health_check");
    writer.line("health_check: off", writer.origin(health_check, setting->info.reason));
  }
}

std::string show(const Loaded& loaded) {
  ShowWriter writer(loaded.config.path, loaded.provenance);
  writer.section_of(loaded.config, "");
  writer.open("listeners:", writer.written_at("listeners"));
  for (size_t i = 0; i < loaded.config.listeners.size(); ++i) {
    show_listener(writer, loaded.config.listeners[i], join("listeners", i));
  }
  writer.close();
  writer.open("clusters:", writer.written_at("clusters"));
  for (const ClusterConfig& cluster : loaded.config.clusters) {
    show_cluster(writer, cluster, join("clusters", cluster.name));
  }
  writer.close();
  return writer.take();
}

}  // namespace weir::model
