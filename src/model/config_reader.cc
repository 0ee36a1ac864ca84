#include "model/config_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/address.h"
#include "model/nearest.h"
#include "model/reading.h"
#include "model/text_file.h"

namespace weir::model {
namespace {

constexpr std::string_view kSmallest =
    R"(listeners: [{http: "0.0.0.0:8080", to: app}] and clusters: {app: ["127.0.0.1:3000"]})";

const YamlNode* child(const YamlNode& map, std::string_view name) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].text == name) return &map.values[i];
  }
  return nullptr;
}

std::string one_of(const std::vector<std::string_view>& names) {
  constexpr size_t kShown = 20;
  if (names.size() == 1) return std::string(names[0]);
  const std::span shown(names.data(), std::min(names.size(), kShown));
  return fmt::format("one of {}{}", fmt::join(shown, ", "), shown.size() < names.size() ? ", ..." : "");
}

void check_references(Reading& reading, const YamlNode& root) {
  const YamlNode* clusters = child(root, "clusters");
  if (clusters == nullptr && !reading.references.empty()) {
    return reading.mistake(root, "clusters", {"is missing", "a map from names to clusters"});
  }
  if (clusters == nullptr || clusters->keys.empty()) return;  // that there are no clusters has been told, once
  const std::vector<std::string_view> known = [&] {
    std::vector<std::string_view> names;
    for (const YamlNode& key : clusters->keys) names.push_back(key.text);
    return names;
  }();
  for (const Reference& each : reading.references) {
    if (std::find(known.begin(), known.end(), each.cluster) != known.end()) continue;
    reading.mistake(
        *each.at, each.path,
        {fmt::format("unknown cluster {}", quote(each.cluster)), one_of(known), nearest(each.cluster, known)});
  }
}

/// Whoever reaches the admin interface may drain and switch.
void check_admin_token(Reading& reading, const YamlNode& root, const Config& config) {
  if (!config.admin || is_loopback(*config.admin) || !config.admin_token_file.empty()) return;
  reading.mistake(
      *child(root, "admin"), "admin",
      {fmt::format("{} can be reached from other machines, and nobody is asked who he is", config.admin->text()),
       "an address of this machine alone such as 127.0.0.1:9901, or a file with a token named as "
       "admin_token_file"});
}

void check_admin(Reading& reading, const YamlNode& root, const Config& config) {
  check_admin_token(reading, root, config);
  if (!config.admin || config.admin->port == 0) return;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    if (config.listeners[i].http != *config.admin) continue;
    reading.mistake(child(root, "listeners")->values[i], join(join("listeners", i), "http"),
                    {fmt::format("{} is the admin interface's address", config.admin->text())});
  }
}

Config read_root(Reading& reading, const YamlNode& root) {
  Config config;
  read_section(reading, root, root, "", config, [&](const Setting<Config>& setting, const Entry& entry) {
    if (setting.info.name == "listeners") {
      read_listeners(reading, entry, config.listeners);
    } else {
      read_clusters(reading, entry, config.clusters);
    }
  });
  if (root.kind != YamlNode::Kind::map) return config;
  check_references(reading, root);
  check_admin(reading, root, config);
  return config;
}

std::vector<Mistake> single(const std::string& file, uint32_t line, uint32_t column, std::string message,
                            std::string expected = {}) {
  return {Mistake{file, line, column, {}, std::move(message), std::move(expected), {}}};
}

/// Names come from the file: none of them may steer the terminal they are shown on.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    out += control ? '?' : c;
  }
  return out;
}

}  // namespace

std::string Mistake::text() const {
  constexpr size_t kShown = 200;
  std::string out = line == 0 ? file : fmt::format("{}:{}:{}", file, line, column);
  if (!setting.empty()) out += ": " + setting.substr(0, kShown);
  out += ": " + message;
  if (!expected.empty()) out += "; expected " + expected;
  if (!nearest.empty()) out += fmt::format("; did you mean \"{}\"?", nearest);
  return printable(out);
}

uint32_t Provenance::line_of(std::string_view path) const {
  const auto found = lines_.find(path);
  return found == lines_.end() ? 0 : found->second;
}

uint32_t Provenance::line_near(std::string_view path) const {
  while (!path.empty()) {
    if (const uint32_t line = line_of(path)) return line;
    const size_t cut = path.find_last_of(".[");
    path = cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
  }
  return 0;
}

Result<Loaded, std::vector<Mistake>> load_config_text(std::string_view text, const std::string& file_name) {
  const auto tree = parse_yaml(text);
  if (!tree) return fail(single(file_name, tree.error().line, tree.error().column, tree.error().message));
  if (tree->kind == YamlNode::Kind::null) {
    return fail(single(file_name, 1, 1, "the file says nothing", "at least " + std::string(kSmallest)));
  }
  Reading reading(file_name);
  Config config = read_root(reading, *tree);
  auto mistakes = reading.take_mistakes();
  if (!mistakes.empty()) return fail(std::move(mistakes));
  config.path = file_name;
  return Loaded{std::move(config), std::move(reading.provenance)};
}

Result<Loaded, std::vector<Mistake>> load_config(const std::string& path) {
  const auto text = read_text_file(path, kYamlBytesMax + 1);  // one byte more than allowed, so that too large shows
  if (!text) return fail(single(path, 0, 0, text.error()));
  return load_config_text(*text, path);
}

}  // namespace weir::model
