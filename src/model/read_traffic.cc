// Readers of what schema_traffic.cc defines: fixed responses, stickiness, mirrors and switches.
#include <fmt/format.h>

#include <algorithm>

#include "base/regular_file.h"
#include "model/reading.h"
#include "model/text_file.h"

namespace weir::model {
namespace {

constexpr size_t kBodyBytesMax = size_t{1024} * 1024;

const YamlNode* value_of(const YamlNode& map, std::string_view name) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].text == name) return &map.values[i];
  }
  return nullptr;
}

/// A cluster that the map at `entry` names; whether it exists is looked at when all clusters are read.
void refer(Reading& reading, const Entry& entry, std::string_view setting, const std::string& cluster) {
  const YamlNode* node = value_of(entry.value, setting);
  if (node != nullptr && !cluster.empty()) reading.references.push_back({node, join(entry.path, setting), cluster});
}

void read_body_file(Reading& reading, const Entry& entry, FixedResponse& response) {
  const YamlNode& node = *value_of(entry.value, "file");
  const std::string path = join(entry.path, "file");
  auto text = read_regular_file(path_beside(reading.file(), response.body_file), kBodyBytesMax + 1);
  if (!text) return reading.mistake(node, path, {fmt::format("{} {}", quote(response.body_file), text.error())});
  if (text->size() > kBodyBytesMax) {
    return reading.mistake(node, path, {fmt::format("{} is longer than 1 MiB", quote(response.body_file))});
  }
  response.body = std::move(*text);
}

void read_sticky(Reading& reading, const Entry& entry, StickyConfig& sticky) {
  read_section(reading, entry.place(), entry.value, entry.path, sticky);
}

void read_mirror(Reading& reading, const Entry& entry, MirrorConfig& mirror) {
  read_section(reading, entry.place(), entry.value, entry.path, mirror);
  refer(reading, entry, "to", mirror.to);
}

void read_switch(Reading& reading, const Entry& entry, SwitchConfig& degradation) {
  if (entry.value.kind == YamlNode::Kind::scalar) {
    const auto* setting = section<SwitchConfig>().find("name");
    const auto value = reading.scalar(entry, setting->info.shape, setting->info.leaf());
    if (!value) return;
    setting->set(degradation, *value);
    reading.came_from(join(entry.path, "name"), entry.key.line);
    return;
  }
  read_section(reading, entry.place(), entry.value, entry.path, degradation,
               [&](const Setting<SwitchConfig>&, const Entry& inner) {
                 read_fixed_response(reading, inner, degradation.fallback);
               });
  refer(reading, entry, "fallback_to", degradation.fallback_to);
  if (entry.value.kind != YamlNode::Kind::map) return;
  if (value_of(entry.value, "fallback") != nullptr && value_of(entry.value, "fallback_to") != nullptr) {
    reading.mistake(entry.key, entry.path, {"fallback and fallback_to exclude each other", "one of them"});
  }
}

}  // namespace

void read_fixed_response(Reading& reading, const Entry& entry, FixedResponse& response) {
  read_section(reading, entry.place(), entry.value, entry.path, response);
  if (entry.value.kind != YamlNode::Kind::map) return;
  if (!response.body.empty() && !response.body_file.empty()) {
    return reading.mistake(entry.key, entry.path, {"body and file exclude each other", "one of them"});
  }
  if (!response.body_file.empty()) read_body_file(reading, entry, response);
  const bool bodiless = response.status == 204 || response.status == 304;
  if (bodiless && !response.body.empty()) {
    reading.mistake(entry.key, entry.path,
                    {fmt::format("an answer of status {} has no body (RFC 9110)", response.status), "another status"});
  }
}

bool read_traffic(Reading& reading, const SettingInfo& setting, const Entry& entry, RouteConfig& route) {
  if (setting.name == "sticky") {
    read_sticky(reading, entry, route.sticky);
  } else if (setting.name == "mirror") {
    read_mirror(reading, entry, route.mirror);
  } else if (setting.name == "switch") {
    read_switch(reading, entry, route.degradation);
  } else {
    return false;
  }
  return true;
}

}  // namespace weir::model
