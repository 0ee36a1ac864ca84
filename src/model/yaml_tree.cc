#include "model/yaml_tree.h"

#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
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

/// Steps over documents without keeping them.
class Documents : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { last_start_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  [[nodiscard]] YAML::Mark last_start() const { return last_start_; }

 private:
  YAML::Mark last_start_ = YAML::Mark::null_mark();
};

/// Whether anything follows the first document. YAML::LoadAll would tell too, but yaml-cpp 0.7 takes a stray token, as
/// in
/// ",a: 1", for one empty document after another and never comes back.
std::optional<YamlFault> second_document(const std::string& text) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  Documents documents;
  if (!parser.HandleNextDocument(documents) || !parser.HandleNextDocument(documents)) return std::nullopt;
  return fault_at(documents.last_start(), "unexpected here: a file has one YAML document, and it has ended");
}

}  // namespace

Result<YamlNode, YamlFault> parse_yaml(std::string_view text) {
  if (text.size() > kYamlBytesMax) {
    return fail(YamlFault{1, 1, fmt::format("{} bytes; a configuration has at most {}", text.size(), kYamlBytesMax)});
  }
  try {
    const std::string owned(text);
    if (auto fault = second_document(owned)) return fail(std::move(*fault));
    return Copier{}.copy(YAML::Load(owned), 0);
  } catch (const YAML::DeepRecursion& exception) {
    return fail(fault_at(exception.mark, fmt::format("nested more than {} deep", kYamlDepthMax)));
  } catch (const YAML::Exception& exception) {
    return fail(fault_at(exception.mark, "not valid YAML: " + exception.msg));
  }
}

}  // namespace weir::model
