#include "model/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace weir::model {
namespace {

YamlFault fault_at(const YAML::Mark& mark, std::string message) {
  if (mark.is_null()) return {1, 1, std::move(message)};
  return {static_cast<uint32_t>(mark.line) + 1, static_cast<uint32_t>(mark.column) + 1, std::move(message)};
}

/// Copies a yaml-cpp tree, counting every node each time an alias leads to it.
class Copier {
 public:
  Result<YamlNode, YamlFault> copy(const YAML::Node& from, uint32_t depth) {
    const YAML::Mark mark = from.Mark();
    if (depth > kYamlDepthMax) return fail(fault_at(mark, fmt::format("nested more than {} deep", kYamlDepthMax)));
    if (++nodes_ > kYamlNodesMax) {
      return fail(fault_at(mark, fmt::format("more than {} values, once aliases are followed", kYamlNodesMax)));
    }
    YamlNode to;
    to.line = static_cast<uint32_t>(mark.line) + 1;
    to.column = static_cast<uint32_t>(mark.column) + 1;
    if (from.IsScalar()) {
      to.kind = YamlNode::Kind::scalar;
      to.text = from.Scalar();
      bytes_ += to.text.size();
      if (bytes_ > kExpandedBytesMax) return fail(fault_at(mark, "too much text, once aliases are followed"));
    } else if (from.IsSequence()) {
      to.kind = YamlNode::Kind::list;
      for (const auto& item : from) {
        if (!append(to.values, item, depth)) return fail(fault_);
      }
    } else if (from.IsMap()) {
      to.kind = YamlNode::Kind::map;
      for (const auto& entry : from) {
        if (!append(to.keys, entry.first, depth) || !append(to.values, entry.second, depth)) return fail(fault_);
      }
    }
    return to;
  }

 private:
  static constexpr size_t kExpandedBytesMax = 4 * kYamlBytesMax;

  bool append(std::vector<YamlNode>& to, const YAML::Node& item, uint32_t depth) {
    auto copied = copy(item, depth + 1);
    if (!copied) {
      fault_ = copied.error();
      return false;
    }
    to.push_back(std::move(*copied));
    return true;
  }

  uint32_t nodes_ = 0;
  size_t bytes_ = 0;
  YamlFault fault_;
};

}  // namespace

Result<YamlNode, YamlFault> parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    return fail(YamlFault{1, 1, fmt::format("{} bytes; a configuration has at most {}", text.size(), kYamlBytesMax)});
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return YamlNode{YamlNode::Kind::null, 1, 1, {}, {}, {}};
    if (documents.size() > 1) return fail(fault_at(documents[1].Mark(), "a second document: a file has one"));
    return Copier{}.copy(documents[0], 0);
  } catch (const YAML::Exception& exception) {
    return fail(fault_at(exception.mark, "not valid YAML: " + exception.msg));
  }
}

}  // namespace weir::model
