#include "sim/variant_merge.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "model/nearest.h"
#include "sim/scenario.h"

namespace weir::sim {

using model::quote;
using model::Reading;
using model::YamlNode;

namespace {

using Kind = YamlNode::Kind;

constexpr ptrdiff_t kDotsMax = 16;  // no setting is deeper; and every dot is a call within a call

YamlNode empty(Kind kind, const YamlNode& at) {
  YamlNode node;
  node.kind = kind;
  node.line = at.line;
  node.column = at.column;
  return node;
}

YamlNode* child(YamlNode& map, std::string_view name) {
  for (size_t i = 0; i < map.keys.size(); ++i) {
    if (map.keys[i].text == name) return &map.values[i];
  }
  return nullptr;
}

void make_list(YamlNode& map, std::string_view name) {
  YamlNode* node = map.kind == Kind::map ? child(map, name) : nullptr;
  if (node == nullptr || node->kind != Kind::map) return;
  YamlNode list = empty(Kind::list, *node);
  list.values.push_back(std::move(*node));
  *node = std::move(list);
}

void make_lists_in_items(YamlNode& root, std::string_view list, std::string_view name) {
  YamlNode* items = root.kind == Kind::map ? child(root, list) : nullptr;
  if (items == nullptr) return;
  for (YamlNode& item : items->values) make_list(item, name);
}

/// One step of the way that a variant names.
class Merger {
 public:
  explicit Merger(Reading& reading) : reading_(reading) {}

  void merge(YamlNode& into, const YamlNode& patch, const std::string& path, std::string_view own_name) {
    std::map<std::string, uint32_t> seen;
    for (size_t i = 0; i < patch.keys.size(); ++i) {
      const YamlNode& key = patch.keys[i];
      if (!reading_.expect_new_key(key, model::join(path, key.text), seen)) continue;
      if (std::count(key.text.begin(), key.text.end(), '.') > kDotsMax) {
        reading_.mistake(key, path, {"leads too deep", fmt::format("at most {} dots", kDotsMax)});
        continue;
      }
      step(into, key, key.text, patch.values[i], path, own_name);
    }
  }

 private:
  /// `rest`: what is left of the key's words. `own_name`: the word that led to `into`.
  void step(YamlNode& into, const YamlNode& key, std::string_view rest, const YamlNode& value, const std::string& path,
            std::string_view own_name) {
    if (into.kind == Kind::list) return step_into_list(into, key, rest, value, path, own_name);
    std::string_view word = rest;
    YamlNode* found = into.kind == Kind::map ? child(into, word) : nullptr;
    if (found == nullptr) word = rest.substr(0, rest.find('.'));
    if (found == nullptr && into.kind == Kind::map) found = child(into, word);
    if (found == nullptr) found = &add(into, key, word);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    if (rest.empty() && value.kind != Kind::map) {  // whatever it was, here is where it is said now
      YamlNode& own = into.keys[static_cast<size_t>(found - into.values.data())];
      own.line = key.line;
      own.column = key.column;
    }
    arrive(*found, key, rest, value, model::join(path, word), word);
  }

  void step_into_list(YamlNode& list, const YamlNode& key, std::string_view rest, const YamlNode& value,
                      const std::string& path, std::string_view own_name) {
    std::string_view word = rest;
    YamlNode* found = item(list, word, own_name);
    if (found == nullptr) {
      word = rest.substr(0, rest.find('.'));
      found = item(list, word, own_name);
    }
    if (found != nullptr) {
      return arrive(*found, key, rest.substr(std::min(word.size() + 1, rest.size())), value, model::join(path, word),
                    own_name);
    }
    if (list.values.size() == 1 && list.values[0].kind == Kind::map) {
      return step(list.values[0], key, rest, value, path, own_name);
    }
    complain(list, key, word, model::join(path, word));
  }

  /// At the node that the words so far lead to.
  void arrive(YamlNode& node, const YamlNode& key, std::string_view rest, const YamlNode& value,
              const std::string& path, std::string_view own_name) {
    const bool deeper = !rest.empty() || value.kind == Kind::map;
    const bool varies = own_name == "service_time" || own_name == "think";
    if (deeper && varies && node.kind == Kind::scalar) spell_out(node);
    if (!rest.empty()) {
      if (node.kind != Kind::list && node.kind != Kind::map) node = empty(Kind::map, key);
      return step(node, key, rest, value, path, own_name);
    }
    if (value.kind == Kind::map && (node.kind == Kind::map || node.kind == Kind::list)) {
      return merge(node, value, path, own_name);
    }
    if (value.kind != Kind::map) {
      node = value;
      return;
    }
    // A map where there was none: what it says may have dots too.
    node = empty(Kind::map, value);
    merge(node, value, path, own_name);
  }

  static void spell_out(YamlNode& mean) {
    YamlNode map = empty(Kind::map, mean);
    map.keys.push_back(empty(Kind::scalar, mean));
    map.keys.back().text = "mean";
    map.values.push_back(std::move(mean));
    mean = std::move(map);
  }

  static YamlNode& add(YamlNode& into, const YamlNode& key, std::string_view word) {
    if (into.kind != Kind::map) into = empty(Kind::map, key);
    YamlNode& added = into.keys.emplace_back(key);
    added.text = word;
    return into.values.emplace_back(empty(Kind::null, key));
  }

  static YamlNode* item(YamlNode& list, std::string_view word, std::string_view list_name) {
    for (YamlNode& each : list.values) {
      if (name_of(each, list_name) == word) return &each;
    }
    size_t index = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
    const bool number = error == std::errc{} && end == word.data() + word.size();
    return number && index < list.values.size() ? &list.values[index] : nullptr;
  }

  /// Of an item, as written, or as it is when nothing is written.
  static std::string name_of(YamlNode& item, std::string_view list_name) {
    if (item.kind != Kind::map) return {};
    if (const YamlNode* name = child(item, "name")) return name->text;
    if (list_name == "tiers") return TierSpec{}.name;
    return list_name == "clients" ? ClientSpec{}.name : "";
  }

  void complain(YamlNode& list, const YamlNode& key, std::string_view word, const std::string& path) {
    std::vector<std::string> names;
    for (size_t i = 0; i < list.values.size(); ++i) {
      const std::string name = name_of(list.values[i], "");
      names.push_back(name.empty() ? fmt::format("{}", i) : name);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string expected = names.empty() ? "a list: there is nothing in it to change"
                                               : fmt::format("a name or a number from 0: {}", fmt::join(names, ", "));
    reading_.mistake(key, path, {fmt::format("no item {}", quote(word)), expected, model::nearest(word, known)});
  }

  Reading& reading_;
};

}  // namespace

void make_lists(YamlNode& root) {
  for (const std::string_view name : {"clients", "tiers", "faults"}) make_list(root, name);
  make_lists_in_items(root, "tiers", "endpoints");
  make_lists_in_items(root, "clients", "stages");
}

void merge(Reading& reading, YamlNode& into, const YamlNode& patch, const std::string& path) {
  Merger(reading).merge(into, patch, path, "");
}

}  // namespace weir::sim
