// Any bytes as a path: the canonical form is its own canonical form, has nothing in it that could be said otherwise,
// and length_before gets from it back into the path.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proto/http/path.h"

using namespace weir::proto::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = "/" + std::string(reinterpret_cast<const char*>(data), size);
  std::string storage, again, decoded;
  const CanonicalPath made = canonical_path(path, storage);
  CHECK(made.text.starts_with('/') && made.text.find("//") == std::string_view::npos);
  for (const char c : made.text) CHECK(c == '/' || c == '%' || is_path_byte(c));
  const CanonicalPath twice = canonical_path(made.text, again);
  CHECK(twice.text == made.text && twice.encoded_slash == made.encoded_slash);
  CHECK(twice.fault == made.fault);
  const CanonicalPath other = slashes_decoded(made.text, decoded);
  CHECK(other.text.find("%2F") == std::string_view::npos && other.text.find("//") == std::string_view::npos);
  CHECK(made.encoded_slash || other.text == made.text);
  for (size_t length = 1; length <= made.text.size(); length += 1 + length / 4) {
    const size_t before = length_before(path, length);
    std::string storage_of_part;
    const std::string_view part = canonical_path(std::string_view(path).substr(0, before), storage_of_part).text;
    CHECK(part.size() <= length && made.text.starts_with(part));
  }
  return 0;
}
