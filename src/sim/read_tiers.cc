#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/nearest.h"
#include "model/units.h"
#include "sim/read_parts.h"
#include "sim/schema.h"

namespace weir::sim {

using model::Entry;
using model::join;
using model::quote;
using model::YamlNode;

namespace {

const YamlNode* child(const YamlNode& map, std::string_view name) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].text == name) return &map.values[i];
  }
  return nullptr;
}

void read_zones(const Parts& parts, const Entry& entry, std::vector<std::string>& zones) {
  const model::Shape& shape = model::section<EndpointGroupSpec>().find("zone")->info.shape;
  const bool one = entry.value.kind == YamlNode::Kind::scalar;
  if (!one && !parts.reading.expect_list(entry.place(), entry.value, entry.path, "a list of zones, or one")) return;
  const std::vector<YamlNode>& nodes = entry.value.values;
  for (size_t i = 0; i < (one ? 1 : nodes.size()); ++i) {
    const YamlNode& node = one ? entry.value : nodes[i];
    const auto value = parts.reading.scalar({node, node, join(entry.path, i)}, shape, "zone");
    if (value) zones.push_back(std::get<std::string>(*value));
  }
}

void read_cluster(const Parts& parts, const Entry& entry, model::ClusterConfig& cluster) {
  const auto structure = [&](const model::Setting<model::ClusterConfig>& setting, const Entry& inner) {
    read_health_check(parts.reading, setting.info, inner, cluster.health_check);
  };
  read_section(parts.reading, entry.place(), entry.value, entry.path, cluster, structure, tier_cluster_section());
}

void refuse_endless_pause(const Parts& parts, const YamlNode& node, const std::string& path,
                          const EndpointGroupSpec& group) {
  if (group.pause_every == Duration{} || group.pause_length < group.pause_every) return;
  parts.reading.mistake(
      *child(node, "pause"), join(path, "pause"),
      {fmt::format("a length of {} leaves no time to work in every {}", model::format_duration(group.pause_length),
                   model::format_duration(group.pause_every)),
       "a length below every"});
}

void read_endpoints(const Parts& parts, const Entry& entry, std::vector<EndpointGroupSpec>& groups) {
  constexpr size_t kGroupsMax = 1'000;
  if (!expect_items(parts, entry, "group", kGroupsMax)) return;
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    const std::string path = join(entry.path, i);
    EndpointGroupSpec& group = groups.emplace_back();
    parts.reading.came_from(path, node.line);
    read_section(parts.reading, node, node, path, group,
                 [&](const model::Setting<EndpointGroupSpec>&, const Entry& inner) {
                   read_variate(parts, inner, true, group.service_time);
                 });
    refuse_endless_pause(parts, node, path, group);
  }
}

/// Whoever names a setting of the cache or of the autoscaler wants it, unless it says otherwise.
void switch_on(const Parts& parts, const YamlNode& node, const std::string& path, TierSpec& tier) {
  const auto named = [&](std::string_view group, std::string_view itself) {
    const YamlNode* map = child(node, group);
    return map != nullptr && map->kind == YamlNode::Kind::map && child(*map, itself) == nullptr;
  };
  if (named("cache", "mode")) tier.cache.mode = CacheMode::plain;
  if (named("autoscale", "enabled")) tier.autoscale.enabled = true;
  if (!tier.autoscale.enabled || tier.autoscale.min <= tier.autoscale.max) return;
  parts.reading.mistake(*child(node, "autoscale"), join(path, "autoscale"),
                        {fmt::format("min {} is above max {}", tier.autoscale.min, tier.autoscale.max)});
}

void read_tier(const Parts& parts, const YamlNode& node, const std::string& path, TierSpec& tier) {
  read_section(parts.reading, node, node, path, tier, [&](const model::Setting<TierSpec>& setting, const Entry& entry) {
    const std::string_view name = setting.info.name;
    if (name == "cluster") return read_cluster(parts, entry, tier.cluster);
    if (name == "gateway_zones") return read_zones(parts, entry, tier.gateway_zones);
    if (name == "endpoints") return read_endpoints(parts, entry, tier.endpoints);
    read_section(
        parts.reading, entry.place(), entry.value, entry.path, tier.route,
        [](const model::Setting<model::RouteConfig>&, const Entry&) {}, tier_route_section());
  });
  tier.cluster.name = tier.name;
  if (node.kind == YamlNode::Kind::map) switch_on(parts, node, path, tier);
}

/// What the machine could not hold, or nobody wait for.
void check_size(const Parts& parts, const Entry& entry, const std::vector<TierSpec>& tiers) {
  uint64_t gateways = 0, endpoints = 0, lanes = 0;
  for (const TierSpec& tier : tiers) {
    gateways += tier.gateways;
    endpoints += endpoints_of(tier);
    lanes += uint64_t{tier.gateways} * endpoints_of(tier);
  }
  const auto check = [&](std::string_view what, uint64_t is, uint64_t most) {
    if (is <= most) return;
    parts.reading.mistake(entry.key, entry.path,
                          {fmt::format("{} {} in all", is, what), fmt::format("at most {}", most)});
  };
  check("gateways", gateways, kGatewaysMax);
  check("endpoints", endpoints, kEndpointsMax);
  check("gateways times endpoints", lanes, kLanesMax);
}

struct Range {
  uint32_t first = 0, last = 0;
};

/// "2", "0-4" or "all" of `count`.
std::optional<Range> parse_range(std::string_view text, uint32_t count) {
  if (text == "all") return Range{0, count - 1};
  const auto number = [](std::string_view digits, uint32_t& out) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
    return error == std::errc{} && end == digits.data() + digits.size();
  };
  const size_t dash = text.find('-');
  Range range;
  if (!number(text.substr(0, dash), range.first)) return std::nullopt;
  range.last = range.first;
  if (dash != std::string_view::npos && !number(text.substr(dash + 1), range.last)) return std::nullopt;
  if (range.first > range.last || range.last >= count) return std::nullopt;
  return range;
}

class FaultReader {
 public:
  FaultReader(const Parts& parts, const std::vector<TierSpec>& tiers, FaultSpec& fault)
      : reading_(parts.reading), tiers_(tiers), fault_(fault) {}

  void read(const YamlNode& node, const std::string& path) {
    const YamlNode* which = nullptr;
    read_section(reading_, node, node, path, fault_, [&](const model::Setting<FaultSpec>& setting, const Entry& entry) {
      if (setting.info.name == "tier") return read_tier_name(entry);
      which = &entry.value;
    });
    if (node.kind != YamlNode::Kind::map) return;
    if (which != nullptr) read_range(*which, join(path, "endpoints"));
    if (fault_.kind == FaultKind::slow && child(node, "percent") == nullptr) {
      reading_.mistake(node, path, {"slow, and does not say how slow", "percent: of the service time, such as 500%"});
    }
    if (fault_.repeat_every == Duration{}) return;
    if (fault_.length == Duration{} || fault_.length >= fault_.repeat_every) {
      reading_.mistake(node, path, {"begins again before it has ended", "for: less than every"});
    }
  }

 private:
  void read_tier_name(const Entry& entry) {
    const auto value = reading_.scalar(entry, model::section<TierSpec>().find("name")->info.shape, "tier");
    if (!value) return;
    std::vector<std::string_view> names;
    for (const TierSpec& tier : tiers_) names.push_back(tier.name);
    const auto found = std::find(names.begin(), names.end(), entry.value.text);
    fault_.tier = static_cast<uint32_t>(found - names.begin());
    if (found != names.end()) return;
    fault_.tier = 0;
    reading_.mistake(entry.value, entry.path,
                     {fmt::format("unknown tier {}", quote(entry.value.text)),
                      fmt::format("one of {}", fmt::join(names, ", ")), model::nearest(entry.value.text, names)});
  }

  void read_range(const YamlNode& node, const std::string& path) {
    const uint32_t count = std::max(1U, endpoints_of(tiers_[fault_.tier]));
    const auto range = node.kind == YamlNode::Kind::scalar ? parse_range(node.text, count) : std::nullopt;
    if (range) {
      fault_.first = range->first;
      fault_.last = range->last;
      return;
    }
    const std::string expected =
        fmt::format("a number up to {}, a range such as 0-{}, or all: {} endpoints are numbered from 0", count - 1,
                    count - 1, tiers_[fault_.tier].name);
    const bool scalar = node.kind == YamlNode::Kind::scalar;
    reading_.mistake(node, path, {scalar ? fmt::format("{} is not there", quote(node.text)) : "is no range", expected});
  }

  model::Reading& reading_;
  const std::vector<TierSpec>& tiers_;
  FaultSpec& fault_;
};

}  // namespace

uint32_t endpoints_of(const TierSpec& tier) {
  uint64_t count = 0;
  for (const EndpointGroupSpec& group : tier.endpoints) count += group.count;
  if (tier.autoscale.enabled && !tier.endpoints.empty() && tier.autoscale.max > tier.endpoints[0].count) {
    count += tier.autoscale.max - tier.endpoints[0].count;
  }
  return static_cast<uint32_t>(std::min<uint64_t>(count, UINT32_MAX));
}

void read_tiers(const Parts& parts, const Entry& entry, std::vector<TierSpec>& tiers) {
  if (!expect_items(parts, entry, "tier", kTiersMax)) return;
  std::vector<std::string> names;
  for (size_t i = 0; i < entry.value.values.size(); ++i) {
    const YamlNode& node = entry.value.values[i];
    parts.reading.came_from(join(entry.path, i), node.line);
    read_tier(parts, node, join(entry.path, i), tiers.emplace_back());
    names.push_back(tiers.back().name);
  }
  refuse_same_names(parts, entry, names);
  check_size(parts, entry, tiers);
}

void read_faults(const Parts& parts, const Entry& entry, const std::vector<TierSpec>& tiers,
                 std::vector<FaultSpec>& faults) {
  const std::vector<YamlNode>& nodes = entry.value.values;
  if (entry.value.kind == YamlNode::Kind::list && nodes.empty()) return;  // a variant in which nothing goes wrong
  if (!expect_items(parts, entry, "fault", kFaultsMax)) return;
  for (size_t i = 0; i < nodes.size(); ++i) {
    parts.reading.came_from(join(entry.path, i), nodes[i].line);
    FaultReader(parts, tiers, faults.emplace_back()).read(nodes[i], join(entry.path, i));
  }
}

}  // namespace weir::sim
