// Redirects, rewrites and edits of header fields: the texts with names in them, and what a route must and must not
// have at once.
#include <fmt/format.h>

#include <algorithm>

#include "model/path_pattern.h"
#include "model/reading.h"
#include "model/template_text.h"

namespace weir::model {
namespace {

constexpr size_t kEditsMax = 32;
constexpr size_t kValueMax = 4096;

std::vector<std::string_view> names_known(const std::vector<std::string>& names) {
  return {names.begin(), names.end()};
}

class EditsReader {
 public:
  EditsReader(Reading& reading, const std::vector<std::string>& names) : reading_(reading), names_(names) {}

  void read(const SettingInfo& setting, const Entry& entry, HeaderEdits& edits) {
    if (!reading_.expect_map(entry.place(), entry.value, entry.path, setting.shape.form)) return;
    std::map<std::string, uint32_t> seen;
    constexpr std::string_view kKnown[] = {"remove", "set", "add"};
    for (size_t i = 0; i < entry.value.keys.size(); ++i) {
      const Entry each{entry.value.keys[i], entry.value.values[i], join(entry.path, entry.value.keys[i].text)};
      if (!reading_.expect_new_key(each.key, each.path, seen)) continue;
      reading_.came_from(each.path, each.key.line);
      if (each.key.text == "remove") {
        read_removed(each, edits.remove);
      } else if (each.key.text == "set") {
        read_values(each, edits.set);
        refuse_one_set_twice(each, edits.set);
      } else if (each.key.text == "add") {
        read_values(each, edits.add);
      } else {
        reading_.unknown_setting(each.key, each.path, kKnown);
      }
    }
  }

 private:
  bool is_good_name(const YamlNode& at, const std::string& path) {
    std::string fault = at.kind == YamlNode::Kind::scalar ? fault_of_edited_field(at.text) : "is no name of a field";
    if (fault.empty()) return true;
    reading_.mistake(at, path, {fmt::format("{} {}", quote(at.text), fault)});
    return false;
  }

  bool is_good_count(const Entry& entry, size_t count) {
    if (count > 0 && count <= kEditsMax) return true;
    reading_.mistake(entry.place(), entry.path,
                     {fmt::format("has {} fields", count), fmt::format("1 to {}", kEditsMax)});
    return false;
  }

  void read_removed(const Entry& entry, std::vector<std::string>& removed) {
    if (!reading_.expect_list(entry.place(), entry.value, entry.path, "a list of names, such as [server, x-debug]"))
      return;
    if (!is_good_count(entry, entry.value.values.size())) return;
    for (size_t i = 0; i < entry.value.values.size(); ++i) {
      if (is_good_name(entry.value.values[i], join(entry.path, i))) removed.push_back(entry.value.values[i].text);
    }
  }

  void read_values(const Entry& entry, std::vector<std::pair<std::string, std::string>>& values) {
    if (!reading_.expect_map(entry.place(), entry.value, entry.path, "a map from names to values")) return;
    if (!is_good_count(entry, entry.value.keys.size())) return;
    std::map<std::string, uint32_t> seen;
    for (size_t i = 0; i < entry.value.keys.size(); ++i) {
      const Entry each{entry.value.keys[i], entry.value.values[i], join(entry.path, entry.value.keys[i].text)};
      if (!reading_.expect_new_key(each.key, each.path, seen) || !is_good_name(each.key, each.path)) continue;
      if (each.value.kind != YamlNode::Kind::scalar || each.value.text.size() > kValueMax) {
        reading_.mistake(each.place(), each.path, {"is no value", fmt::format("at most {} bytes", kValueMax)});
        continue;
      }
      if (std::string fault = fault_of_edit(each.value.text, names_known(names_)); !fault.empty()) {
        reading_.mistake(each.value, each.path, {fmt::format("{} {}", quote(each.value.text), fault)});
        continue;
      }
      values.emplace_back(each.key.text, each.value.text);
    }
  }

  /// Names of fields are compared without case: what is set twice would be there twice.
  void refuse_one_set_twice(const Entry& entry, const std::vector<std::pair<std::string, std::string>>& set) {
    std::map<std::string, std::string> seen;
    for (const auto& [name, value] : set) {
      const auto [first, added] = seen.emplace(lower_case(name), name);
      if (added) continue;
      const auto key = std::find_if(entry.value.keys.begin(), entry.value.keys.end(),
                                    [&name = name](const YamlNode& each) { return each.text == name; });
      reading_.mistake(*key, join(entry.path, name), {fmt::format("is set already, as {}", first->second)});
    }
  }

  Reading& reading_;
  const std::vector<std::string>& names_;
};

const YamlNode* value_in(const YamlNode& map, std::string_view name) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].text == name) return &map.values[i];
  }
  return nullptr;
}

/// The node at "redirect.to" of a route, for pointing at.
const YamlNode& node_at(const YamlNode& route, std::string_view group, std::string_view name) {
  const YamlNode* outer = value_in(route, group);
  const YamlNode* inner = outer == nullptr ? nullptr : value_in(*outer, name);
  return inner != nullptr ? *inner : route;
}

void check_leads_somewhere(Reading& reading, const YamlNode& node, const std::string& path) {
  std::vector<std::string_view> said;
  for (const std::string_view each : {"to", "redirect", "respond"}) {
    if (value_in(node, each) != nullptr) said.push_back(each);
  }
  if (said.empty()) reading.mistake(node, path, {"leads nowhere", "to: CLUSTER, redirect or respond"});
  if (said.size() < 2) return;
  reading.mistake(node, path, {fmt::format("{} exclude each other", fmt::join(said, " and ")), "one of them"});
}

}  // namespace

void check_edits(Reading& reading, const YamlNode& node, const std::string& path, RouteConfig& route) {
  if (node.kind != YamlNode::Kind::map) return;
  check_leads_somewhere(reading, node, path);
  const ParsedPath pattern = parsed_path(route);
  std::vector<std::string> names;
  for (const std::string_view each : pattern.names()) names.emplace_back(each);
  const auto fault_at = [&](std::string_view group, std::string_view name, std::string fault) {
    if (fault.empty()) return;
    const YamlNode& at = node_at(node, group, name);
    reading.mistake(at, join(join(path, group), name), {fmt::format("{} {}", quote(at.text), fault)});
  };
  const auto known = names_known(names);
  if (value_in(node, "redirect") != nullptr) fault_at("redirect", "to", fault_of_redirect(route.redirect.to, known));
  if (!route.rewrite_path.empty()) fault_at("rewrite", "path", fault_of_rewrite(route, known));
  for (const std::string_view direction : {"request_headers", "response_headers"}) {
    const YamlNode* edits = value_in(node, direction);
    if (edits == nullptr) continue;
    const auto* setting = section<RouteConfig>().find(direction);
    const YamlNode& key =
        *std::find_if(node.keys.begin(), node.keys.end(), [&](const YamlNode& each) { return each.text == direction; });
    EditsReader(reading, names)
        .read(setting->info, Entry{key, *edits, join(path, direction)},
              direction == "request_headers" ? route.request_headers : route.response_headers);
  }
}

}  // namespace weir::model
