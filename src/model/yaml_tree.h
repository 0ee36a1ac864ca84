#pragma once
// YAML text as plain nodes with positions. This is the boundary to yaml-cpp: its exceptions end here, aliases are
// expanded here, and here a hostile or broken file meets its limits, so that the reader above sees a small finite tree.
//
// Limits: 1 MiB of text, 32 levels, and 200,000 nodes once aliases are followed (a few lines of nested aliases, the
// "billion laughs", would otherwise be gigabytes). Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::model {

constexpr size_t kYamlBytesMax = 1024 * 1024;
constexpr uint32_t kYamlDepthMax = 32;
constexpr uint32_t kYamlNodesMax = 200'000;

struct YamlNode {
  enum class Kind : uint8_t { null, scalar, list, map };
  Kind kind = Kind::null;
  uint32_t line = 0, column = 0;  ///< from 1
  std::string text;               ///< of a scalar
  std::vector<YamlNode> keys;     ///< of a map, in the order of the file, duplicates included
  std::vector<YamlNode> values;   ///< of a map or a list
};

struct YamlFault {
  uint32_t line = 0, column = 0;
  std::string message;
};

/// The single document in `text`; an empty one is a null node.
Result<YamlNode, YamlFault> parse_yaml(std::string_view text);

}  // namespace weir::model
