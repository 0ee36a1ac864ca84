#include <fmt/format.h>

#include "model/show_writer.h"
#include "sim/scenario_reader.h"
#include "sim/schema.h"

namespace weir::sim {

using model::join;
using model::ShowWriter;

namespace {

/// One that is not written is a mean that does not vary.
template <class Owner>
void show_variate(ShowWriter& writer, std::string_view name, const VariateSpec& variate, const std::string& path) {
  if (writer.written_at(path).empty()) {
    const auto* mean = model::section<VariateSpec>().find("mean");
    const auto* setting = model::section<Owner>().find(name);
    return writer.line(fmt::format("{}: {}", name, model::format_value(mean->info.shape, mean->get(variate))),
                       writer.origin(path, setting->info.reason));
  }
  writer.open(fmt::format("{}:", name), writer.written_at(path));
  writer.section_of(variate, path,
                    [&](const model::SettingInfo& setting) { return !uses(variate.distribution, setting.name); });
  writer.close();
}

void show_client(ShowWriter& writer, const ClientSpec& client, const std::string& path) {
  writer.open_item();
  writer.section_of(client, path,
                    [&](const model::SettingInfo& setting) { return !uses(client.arrivals, setting.name); });
  if (uses(client.arrivals, "think")) show_variate<ClientSpec>(writer, "think", client.think, join(path, "think"));
  const std::string stages = join(path, "stages");
  if (!client.stages.empty()) writer.open("stages:", writer.written_at(stages));
  for (size_t i = 0; i < client.stages.size(); ++i) {
    writer.open_item();
    writer.section_of(client.stages[i], join(stages, i));
    writer.close();
  }
  if (!client.stages.empty()) writer.close();
  writer.close();
}

void show_endpoints(ShowWriter& writer, const TierSpec& tier, const std::string& path) {
  writer.open("endpoints:", writer.written_at(path));
  for (size_t i = 0; i < tier.endpoints.size(); ++i) {
    writer.open_item();
    writer.section_of(tier.endpoints[i], join(path, i));
    show_variate<EndpointGroupSpec>(writer, "service_time", tier.endpoints[i].service_time,
                                    join(join(path, i), "service_time"));
    writer.close();
  }
  writer.close();
}

void show_tier(ShowWriter& writer, const TierSpec& tier, const std::string& path) {
  const auto none = [](const model::SettingInfo&) { return false; };
  writer.open_item();
  writer.section_of(tier, path);
  std::string zones;
  for (const std::string& zone : tier.gateway_zones) zones += (zones.empty() ? "" : ", ") + model::yaml_scalar(zone);
  writer.line(fmt::format("gateway_zones: [{}]", zones), writer.origin(join(path, "gateway_zones"), "in no zone"));
  show_endpoints(writer, tier, join(path, "endpoints"));
  const std::string cluster = join(path, "cluster");
  writer.open("cluster:", writer.written_at(cluster));
  model::show_health_check(writer, tier.cluster, cluster);
  writer.section_of(tier.cluster, cluster, none, tier_cluster_section());
  writer.close();
  const std::string route = join(path, "route");
  writer.open("route:", writer.written_at(route));
  writer.section_of(tier.route, route, none, tier_route_section());
  writer.close();
  writer.close();
}

void show_fault(ShowWriter& writer, const Scenario& scenario, const FaultSpec& fault, const std::string& path) {
  writer.open_item();
  writer.section_of(fault, path);
  writer.line("tier: " + model::yaml_scalar(scenario.tiers[fault.tier].name),
              writer.origin(join(path, "tier"), "the first tier"));
  const std::string range =
      fault.first == fault.last ? fmt::format("{}", fault.first) : fmt::format("{}-{}", fault.first, fault.last);
  writer.line("endpoints: " + range, writer.origin(join(path, "endpoints"), "0: one, the first"));
  writer.close();
}

}  // namespace

std::string show(const LoadedScenario& loaded, const LoadedVariant& variant) {
  const Scenario& scenario = variant.variant.scenario;
  ShowWriter writer(loaded.path, variant.provenance);
  writer.section_of(scenario, "");
  writer.open("clients:", writer.written_at("clients"));
  for (size_t i = 0; i < scenario.clients.size(); ++i) show_client(writer, scenario.clients[i], join("clients", i));
  writer.close();
  writer.open("tiers:", writer.written_at("tiers"));
  for (size_t i = 0; i < scenario.tiers.size(); ++i) show_tier(writer, scenario.tiers[i], join("tiers", i));
  writer.close();
  if (scenario.faults.empty()) return writer.take();
  writer.open("faults:", writer.written_at("faults"));
  for (size_t i = 0; i < scenario.faults.size(); ++i) {
    show_fault(writer, scenario, scenario.faults[i], join("faults", i));
  }
  writer.close();
  return writer.take();
}

}  // namespace weir::sim
