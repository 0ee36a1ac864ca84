#include "model/reading.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/nearest.h"

namespace weir::model {
namespace {

constexpr size_t kMistakesMax = 100;  // beyond it, reading on helps nobody

std::string_view kind_name(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::scalar: return "a single value";
    case YamlNode::Kind::list: return "a list";
    case YamlNode::Kind::map: return "a map";
  }
  return {};
}

Problem wrong_kind(const YamlNode& node, std::string_view expected) {
  return {fmt::format("is {}", kind_name(node.kind)), std::string(expected)};
}

}  // namespace

std::string join(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}
std::string join(std::string_view path, size_t index) { return fmt::format("{}[{}]", path, index); }

void Reading::mistake(const YamlNode& at, std::string path, Problem problem) {
  if (mistakes_.size() > kMistakesMax) return;
  mistakes_.push_back({file_, at.line, at.column, std::move(path), std::move(problem.message),
                       std::move(problem.expected), std::move(problem.nearest)});
}

bool Reading::expect_map(const YamlNode& at, const YamlNode& node, const std::string& path, std::string_view expected) {
  if (node.kind == YamlNode::Kind::map) return true;
  mistake(at, path, wrong_kind(node, expected));
  return false;
}

bool Reading::expect_list(const YamlNode& at, const YamlNode& node, const std::string& path,
                          std::string_view expected) {
  if (node.kind == YamlNode::Kind::list) return true;
  mistake(at, path, wrong_kind(node, expected));
  return false;
}

bool Reading::expect_new_key(const YamlNode& key, const std::string& path, std::map<std::string, uint32_t>& seen) {
  if (key.kind != YamlNode::Kind::scalar) {
    mistake(key, path, {fmt::format("the name of a setting is {}", kind_name(key.kind)), "a word"});
    return false;
  }
  if (key.text == "<<") {
    mistake(key, path, {"merge keys are not supported", "the settings themselves, or an alias for the whole value"});
    return false;
  }
  const auto [first, added] = seen.emplace(key.text, key.line);
  if (!added) mistake(key, path, {fmt::format("is set twice, first in line {}", first->second)});
  return added;
}

void Reading::unknown_setting(const YamlNode& key, const std::string& path, std::span<const std::string_view> known) {
  mistake(key, path,
          {fmt::format("unknown setting {}", quote(key.text)), fmt::format("one of {}", fmt::join(known, ", ")),
           nearest(key.text, known)});
}

std::optional<Value> Reading::scalar(const Entry& entry, const Shape& shape, std::string_view name) {
  if (entry.value.kind != YamlNode::Kind::scalar) {
    mistake(entry.place(), entry.path, wrong_kind(entry.value, describe(shape)));
    return std::nullopt;
  }
  auto value = parse_value(shape, name, entry.value.text);
  if (value) return *value;
  mistake(entry.value, entry.path, value.error());
  return std::nullopt;
}

std::vector<Mistake> Reading::take_mistakes() {
  const auto before = [](const Mistake& a, const Mistake& b) {
    return a.line != b.line ? a.line < b.line : a.column < b.column;
  };
  std::stable_sort(mistakes_.begin(), mistakes_.end(), before);
  if (mistakes_.size() > kMistakesMax) {
    mistakes_.resize(kMistakesMax);
    mistakes_.back().setting.clear();
    mistakes_.back().message = "there are more mistakes; these are the first";
    mistakes_.back().expected.clear();
    mistakes_.back().nearest.clear();
  }
  return std::move(mistakes_);
}

}  // namespace weir::model
