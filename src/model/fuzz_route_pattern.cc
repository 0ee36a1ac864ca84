// Any text as a route's path: what is taken says the same when it is written again, has names that differ, and covers
// itself.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/path_pattern.h"

using namespace weir::model;

namespace {

std::string written(const ParsedPath& path) {
  std::string text;
  for (const PathSegment& each : path.segments) {
    text += !each.any ? "/" + each.text : each.text.empty() ? "/*" : "/{" + each.text + "}";
  }
  if (path.tail == ParsedPath::Tail::rest) text += path.tail_text.empty() ? "/*" : "/{" + path.tail_text + "*}";
  if (path.tail == ParsedPath::Tail::partial) text += "/" + path.tail_text + "*";
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto path = parse_path(input);
  if (!path) {
    CHECK(!path.error().empty());
    return 0;
  }
  CHECK(written(*path) == input);
  CHECK(covers(*path, *path));
  auto names = path->names();
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
  const ParsedPath all = *parse_path("/*");
  CHECK(covers(all, *path));
  return 0;
}
