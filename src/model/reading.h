#pragma once
// What the parts of a reader share: the mistakes found so far, where values came from, and the one way in which a map
// is read against its section of a schema (scalars by the table, structures by the caller). Used by the readers of
// weir.yaml (config_reader.cc, read_*.cc) and of scenarios (src/sim), and by nobody else.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/config_reader.h"
#include "model/schema.h"
#include "model/yaml_tree.h"

namespace weir::model {

std::string join(std::string_view path, std::string_view name);
std::string join(std::string_view path, size_t index);

/// A cluster named by a route; whether it exists is known only when all clusters have been read.
struct Reference {
  const YamlNode* at;
  std::string path;
  std::string cluster;
};

struct Entry {
  const YamlNode& key;
  const YamlNode& value;
  std::string path;  ///< of the setting

  /// A value that was left out has no place of its own worth pointing at.
  [[nodiscard]] const YamlNode& place() const { return value.kind == YamlNode::Kind::null ? key : value; }
};

class Reading {
 public:
  explicit Reading(std::string file) : file_(std::move(file)) {}
  [[nodiscard]] const std::string& file() const { return file_; }

  void mistake(const YamlNode& at, std::string path, Problem problem);
  void came_from(std::string path, uint32_t line) { provenance.record(std::move(path), line); }

  /// Each complains and returns false when the node is not of that kind.
  bool expect_map(const YamlNode& at, const YamlNode& node, const std::string& path, std::string_view expected);
  bool expect_list(const YamlNode& at, const YamlNode& node, const std::string& path, std::string_view expected);
  /// The key is a word, not a YAML merge key, and not one of `seen` (to which it is added).
  bool expect_new_key(const YamlNode& key, const std::string& path, std::map<std::string, uint32_t>& seen);
  void unknown_setting(const YamlNode& key, const std::string& path, std::span<const std::string_view> known);

  /// A scalar's value, or nothing after a mistake.
  std::optional<Value> scalar(const Entry& entry, const Shape& shape, std::string_view name);

  [[nodiscard]] std::vector<Mistake> take_mistakes();

  Provenance provenance;
  std::vector<Reference> references;

 private:
  std::string file_;
  std::vector<Mistake> mistakes_;
};

/// Reads one map against its section. `structure(setting, entry)` is called for settings with a reader of their own.
template <class Owner, class Structure>
class SectionReader {
 public:
  SectionReader(const Section<Owner>& section, Reading& reading, const std::string& path, Owner& owner,
                const Structure& structure)
      : section_(section), reading_(reading), path_(path), owner_(owner), structure_(structure) {}

  void read(const YamlNode& at, const YamlNode& map) {
    if (!reading_.expect_map(at, map, path_, known_names(""))) return;
    read_level(map, "");
    for (const auto& each : section_.settings) {
      if (!each.info.shape.required || seen_.contains(std::string(each.info.name))) continue;
      reading_.mistake(map, join(path_, each.info.name), {"is missing", describe(each.info.shape)});
    }
  }

 private:
  void read_level(const YamlNode& map, const std::string& prefix) {
    std::map<std::string, uint32_t> seen_here;
    for (size_t i = 0; i < map.keys.size(); ++i) {
      const std::string full = prefix + map.keys[i].text;
      const Entry entry{map.keys[i], map.values[i], join(path_, full)};
      if (!reading_.expect_new_key(entry.key, entry.path, seen_here)) continue;
      seen_.insert(full);
      if (const auto* setting = section_.find(full)) {
        read_setting(*setting, entry);
      } else if (const Group* group = find_group(full)) {
        read_group(*group, entry);
      } else {
        reading_.unknown_setting(entry.key, entry.path, names_at(prefix));
      }
    }
  }

  void read_setting(const Setting<Owner>& setting, const Entry& entry) {
    if (setting.info.shape.type == Type::later) {
      reading_.mistake(entry.key, entry.path, {"not supported yet by this version"});
    } else if (setting.info.shape.type == Type::structure) {
      reading_.came_from(entry.path, entry.key.line);
      structure_(setting, entry);
    } else if (const auto value = reading_.scalar(entry, setting.info.shape, setting.info.leaf())) {
      setting.set(owner_, *value);
      reading_.came_from(entry.path, entry.key.line);
    }
  }

  void read_group(const Group& group, const Entry& entry) {
    reading_.came_from(entry.path, entry.key.line);
    const bool off = entry.value.kind == YamlNode::Kind::scalar && entry.value.text == "off";
    if (off && !group.off_setting.empty()) {
      const auto* setting = section_.find(group.off_setting);
      setting->set(owner_, *parse_value(setting->info.shape, setting->info.leaf(), group.off_text));
      reading_.came_from(join(path_, group.off_setting), entry.key.line);
      return;
    }
    const std::string prefix = std::string(group.name) + ".";
    const std::string expected = known_names(prefix) + (group.off_setting.empty() ? "" : "; or off");
    if (reading_.expect_map(entry.place(), entry.value, entry.path, expected)) read_level(entry.value, prefix);
  }

  const Group* find_group(std::string_view name) const {
    for (const Group& each : section_.groups) {
      if (each.name == name) return &each;
    }
    return nullptr;
  }

  /// The words that may stand in the map that `prefix` leads to.
  std::vector<std::string_view> names_at(std::string_view prefix) const {
    std::vector<std::string_view> names;
    for (const auto& each : section_.settings) {
      if (!each.info.name.starts_with(prefix)) continue;
      const std::string_view rest = each.info.name.substr(prefix.size());
      if (rest.find('.') == std::string_view::npos) names.push_back(rest);
    }
    if (prefix.empty()) {
      for (const Group& each : section_.groups) names.push_back(each.name);
    }
    return names;
  }

  std::string known_names(std::string_view prefix) const {
    std::string text = "a map with";
    for (const std::string_view each : names_at(prefix)) {
      const auto* setting = section_.find(std::string(prefix) + std::string(each));
      if (setting != nullptr && setting->info.shape.type == Type::later) continue;
      text += text.ends_with("with") ? " " : ", ";
      text += each;
    }
    return text;
  }

  const Section<Owner>& section_;
  Reading& reading_;
  const std::string& path_;
  Owner& owner_;
  const Structure& structure_;
  std::set<std::string, std::less<>> seen_;
};

/// `at` is where to point when `map` is not a map (its key when it was left out). `its`: where not all of the owner's
/// settings may stand, those that may.
template <class Owner, class Structure>
void read_section(Reading& reading, const YamlNode& at, const YamlNode& map, const std::string& path, Owner& owner,
                  const Structure& structure, const Section<Owner>& its = section<Owner>()) {
  SectionReader<Owner, Structure>(its, reading, path, owner, structure).read(at, map);
}

/// For sections without structures.
template <class Owner>
void read_section(Reading& reading, const YamlNode& at, const YamlNode& map, const std::string& path, Owner& owner) {
  read_section(reading, at, map, path, owner, [](const Setting<Owner>&, const Entry&) {});
}

void read_listeners(Reading& reading, const Entry& entry, std::vector<ListenerConfig>& listeners);
/// A map with a status and perhaps a body; the body of a file is read into it.
void read_fixed_response(Reading& reading, const Entry& entry, FixedResponse& response);
/// A route's `sticky`, `mirror` or `switch`. False: it is none of them.
bool read_traffic(Reading& reading, const SettingInfo& setting, const Entry& entry, RouteConfig& route);
/// `match.method`: one, or a list.
void read_methods(Reading& reading, const Entry& entry, std::vector<std::string>& methods);
/// `match.header` and its brothers: a map from names to what their values must be.
enum class MatchOf : uint8_t { header, cookie, query };
void read_matches(Reading& reading, const SettingInfo& setting, const Entry& entry, MatchOf of,
                  std::vector<FieldMatch>& matches);
/// What must hold of a route as a whole, once its settings are read, and its request_headers and response_headers.
void check_edits(Reading& reading, const YamlNode& node, const std::string& path, RouteConfig& route);
void read_routes(Reading& reading, const SettingInfo& setting, const Entry& entry, std::vector<RouteConfig>& routes);
/// The `to` of a route: a cluster, or shares of several.
void read_targets(Reading& reading, const SettingInfo& setting, const Entry& entry, RouteConfig& route);
void read_tls(Reading& reading, const Entry& entry, TlsConfig& tls);
void read_clusters(Reading& reading, const Entry& entry, std::vector<ClusterConfig>& clusters);
/// A cluster's `endpoints`. `at`: where to point when there is no list.
void read_endpoints(Reading& reading, const YamlNode& at, const YamlNode& list, const std::string& path,
                    std::vector<EndpointConfig>& endpoints);
void read_upstream_tls(Reading& reading, const SettingInfo& setting, const Entry& entry, UpstreamTlsConfig& tls);
/// A map with http or tcp, or off.
void read_health_check(Reading& reading, const SettingInfo& setting, const Entry& entry,
                       std::optional<HealthCheckConfig>& health_check);

}  // namespace weir::model
