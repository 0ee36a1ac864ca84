#include "sim/scenario_reader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "model/text_file.h"
#include "model/units.h"
#include "sim/read_parts.h"
#include "sim/schema.h"
#include "sim/variant_merge.h"

namespace weir::sim {

using model::Entry;
using model::join;
using model::Mistake;
using model::Reading;
using model::YamlNode;

namespace {

constexpr std::string_view kSmallest = "clients: {rate: 100} and tiers: {endpoints: {count: 3, service_time: 20ms}}";

size_t index_of(const YamlNode& map, std::string_view name) {
  const auto found = std::find_if(map.keys.begin(), map.keys.end(), [&](const auto& key) { return key.text == name; });
  return static_cast<size_t>(found - map.keys.begin());
}

std::optional<Entry> entry_of(const YamlNode& root, std::string_view name) {
  const size_t i = index_of(root, name);
  if (i == root.keys.size()) return std::nullopt;
  return Entry{root.keys[i], root.values[i], std::string(name)};
}

void check_times(const Parts& parts, const YamlNode& root, const Scenario& scenario) {
  if (scenario.warm_up >= scenario.duration) {
    const auto warm_up = entry_of(root, "warm_up");
    const auto at = warm_up ? warm_up : entry_of(root, "duration");
    parts.reading.mistake(
        at ? at->value : root, "warm_up",
        {fmt::format("of {} leaves nothing of a duration of {}", model::format_duration(scenario.warm_up),
                     model::format_duration(scenario.duration)),
         "less than the duration"});
  }
  if (scenario.network.same_zone > Duration{}) return;
  for (size_t i = 0; i < scenario.clients.size(); ++i) {
    const ClientSpec& client = scenario.clients[i];
    const bool instantly = client.think.distribution == Distribution::constant && client.think.mean == Duration{};
    if (client.arrivals != Arrivals::closed || !instantly) continue;
    parts.reading.mistake(entry_of(root, "clients")->value.values[i], join("clients", i),
                          {"would ask again at the instant at which it is refused, without end",
                           "think: a duration; or network.same_zone above none"});
  }
}

void read_root(const Parts& parts, const YamlNode& root, Scenario& scenario) {
  read_section(parts.reading, root, root, "", scenario,
               [&](const model::Setting<Scenario>& setting, const Entry& entry) {
                 if (setting.info.name == "clients") read_clients(parts, entry, scenario.clients);
                 if (setting.info.name == "tiers") read_tiers(parts, entry, scenario.tiers);
               });
  if (root.kind != YamlNode::Kind::map) return;
  const auto faults = entry_of(root, "faults");
  if (faults && !scenario.tiers.empty()) read_faults(parts, *faults, scenario.tiers, scenario.faults);
  check_times(parts, root, scenario);
}

std::string folder_of(const std::string& file_name) {
  const size_t slash = file_name.rfind('/');
  return slash == std::string::npos ? "" : file_name.substr(0, slash + 1);
}

/// Reads the file as it is and under each variant, and gathers the mistakes of all.
class ScenarioReader {
 public:
  ScenarioReader(const std::string& file_name, const ReadFile& read_file)
      : file_name_(file_name), read_file_(read_file), all_(file_name) {}

  weir::Result<LoadedScenario, std::vector<Mistake>> read(YamlNode root) {
    make_lists(root);
    LoadedScenario loaded{.path = file_name_, .variants = {}};
    loaded.variants.push_back(read_one(root, std::string(kAsWritten), Reading(file_name_)));
    if (const auto variants = root.kind == YamlNode::Kind::map ? entry_of(root, "variants") : std::nullopt) {
      loaded.variants.clear();
      read_variants(root, *variants, loaded.variants);
    }
    auto own = all_.take_mistakes();
    for (auto& each : own) gather(std::move(each));
    if (!mistakes_.empty()) return fail(sorted());
    return loaded;
  }

 private:
  LoadedVariant read_one(const YamlNode& root, std::string name, Reading reading) {
    LoadedVariant out{.variant = {.name = std::move(name), .scenario = {}}, .provenance = {}};
    read_root({reading, read_file_, folder_of(file_name_)}, root, out.variant.scenario);
    for (Mistake& each : reading.take_mistakes()) {
      if (out.variant.name != kAsWritten) each.setting = fmt::format("variant {}: {}", out.variant.name, each.setting);
      gather(std::move(each));
    }
    out.provenance = std::move(reading.provenance);
    return out;
  }

  void read_variants(const YamlNode& root, const Entry& entry, std::vector<LoadedVariant>& variants) {
    const Parts parts{all_, read_file_, {}};
    if (!expect_items(parts, entry, "variant", kVariantsMax)) return;
    std::vector<std::string> names;
    for (size_t i = 0; i < entry.value.values.size(); ++i) {
      const YamlNode& node = entry.value.values[i];
      const YamlNode* set = nullptr;
      VariantHead head;
      read_section(all_, node, node, join(entry.path, i), head,
                   [&](const model::Setting<VariantHead>&, const Entry& inner) {
                     const std::string_view form = "a map such as {tiers.app.cluster.policy: p2c}";
                     if (all_.expect_map(inner.place(), inner.value, inner.path, form)) set = &inner.value;
                   });
      names.push_back(head.name.empty() ? fmt::format("{}", i) : head.name);
      variants.push_back(read_variant(root, set, names.back()));
    }
    refuse_same_names(parts, entry, names);
  }

  LoadedVariant read_variant(const YamlNode& root, const YamlNode* set, std::string name) {
    if (set == nullptr) return read_one(root, std::move(name), Reading(file_name_));
    YamlNode changed = root;
    Reading reading(file_name_);
    for (const YamlNode& key : set->keys) {
      if (key.text != "variants" && !key.text.starts_with("variants.")) continue;
      reading.mistake(key, "variants", {"a variant has no variants"});
    }
    merge(reading, changed, *set, "");
    make_lists(changed);
    return read_one(changed, std::move(name), std::move(reading));
  }

  /// What is wrong in the file is wrong in every variant; once is enough.
  void gather(Mistake mistake) {
    const auto key = fmt::format("{}:{}:{}", mistake.line, mistake.column, mistake.message);
    if (told_.insert(key).second) mistakes_.push_back(std::move(mistake));
  }

  std::vector<Mistake> sorted() {
    constexpr size_t kMistakesMax = 100;
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const Mistake& a, const Mistake& b) {
      return a.line != b.line ? a.line < b.line : a.column < b.column;
    });
    if (mistakes_.size() > kMistakesMax) {
      mistakes_.resize(kMistakesMax);
      const Mistake& last = mistakes_.back();
      mistakes_.back() = {file_name_, last.line, last.column, {}, "there are more mistakes; these are the first",
                          {},         {}};
    }
    return std::move(mistakes_);
  }

  const std::string& file_name_;
  const ReadFile& read_file_;
  Reading all_;  ///< of what is above the variants
  std::set<std::string> told_;
  std::vector<Mistake> mistakes_;
};

std::vector<Mistake> single(const std::string& file, uint32_t line, uint32_t column, std::string message,
                            std::string expected = {}) {
  return {Mistake{file, line, column, {}, std::move(message), std::move(expected), {}}};
}

}  // namespace

weir::Result<LoadedScenario, std::vector<Mistake>> load_scenario_text(std::string_view text,
                                                                      const std::string& file_name,
                                                                      const ReadFile& read_file) {
  auto tree = model::parse_yaml(text);
  if (!tree) return fail(single(file_name, tree.error().line, tree.error().column, tree.error().message));
  if (tree->kind == YamlNode::Kind::null) {
    return fail(single(file_name, 1, 1, "the file says nothing", "at least " + std::string(kSmallest)));
  }
  return ScenarioReader(file_name, read_file).read(std::move(*tree));
}

weir::Result<LoadedScenario, std::vector<Mistake>> load_scenario(const std::string& path) {
  // One byte more than allowed, so that too large shows.
  const auto text = model::read_text_file(path, model::kYamlBytesMax + 1);
  if (!text) return fail(single(path, 0, 0, text.error()));
  const ReadFile read = [](const std::string& name) { return model::read_text_file(name, kMeasuredBytesMax + 1); };
  return load_scenario_text(*text, path, read);
}

}  // namespace weir::sim
