#include "model/endpoints_file.h"

#include <fmt/format.h>

#include "base/regular_file.h"
#include "model/reading.h"
#include "model/text_file.h"

namespace weir::model {
namespace {

constexpr std::string_view kForm = "a list such as [\"10.0.0.1:3000\"]";

std::vector<Mistake> single(const std::string& file, uint32_t line, uint32_t column, std::string message,
                            std::string expected = {}) {
  return {Mistake{file, line, column, {}, std::move(message), std::move(expected), {}}};
}

/// The list itself, or the one under `endpoints`; null after a mistake.
const YamlNode* list_of(Reading& reading, const YamlNode& root) {
  if (root.kind != YamlNode::Kind::map) return reading.expect_list(root, root, "", kForm) ? &root : nullptr;
  if (root.keys.size() != 1 || root.keys.front().text != "endpoints") {
    reading.mistake(root, "", {"is a map", std::string(kForm) + ", which may stand under the key endpoints"});
    return nullptr;
  }
  return reading.expect_list(root.keys.front(), root.values.front(), "endpoints", kForm) ? &root.values.front()
                                                                                         : nullptr;
}

void refuse_sources(Reading& reading, const YamlNode& list, const std::vector<EndpointConfig>& endpoints) {
  for (size_t i = 0; i < endpoints.size(); ++i) {
    if (!endpoints[i].is_source()) continue;
    reading.mistake(list.values[i], join("", i), {"is not an address but has to be found", "a numeric address"});
  }
}

}  // namespace

Result<std::vector<EndpointConfig>, std::vector<Mistake>> read_endpoints_text(std::string_view text,
                                                                              const std::string& file_name) {
  const auto tree = parse_yaml(text);
  if (!tree) return fail(single(file_name, tree.error().line, tree.error().column, tree.error().message));
  if (tree->kind == YamlNode::Kind::null) {
    return fail(single(file_name, 1, 1, "the file says nothing", std::string(kForm) + ", or [] for no endpoints"));
  }
  Reading reading(file_name);
  std::vector<EndpointConfig> endpoints;
  const YamlNode* list = list_of(reading, *tree);
  if (list != nullptr && list->values.size() > kFileEndpointsMax) {
    reading.mistake(*list, "",
                    {fmt::format("{} endpoints", list->values.size()), fmt::format("at most {}", kFileEndpointsMax)});
  } else if (list != nullptr && !list->values.empty()) {
    read_endpoints(reading, *list, *list, "", endpoints);
    refuse_sources(reading, *list, endpoints);
  }
  auto mistakes = reading.take_mistakes();
  if (!mistakes.empty()) return fail(std::move(mistakes));
  return endpoints;
}

Result<std::vector<EndpointConfig>, std::vector<Mistake>> read_endpoints_file(const std::string& path) {
  const auto text = read_regular_file(path, kYamlBytesMax + 1);
  if (!text) return fail(single(path, 0, 0, text.error()));
  return read_endpoints_text(*text, path);
}

std::string endpoints_path(const std::string& config_path, const std::string& file) {
  return path_beside(config_path, file);
}

}  // namespace weir::model
