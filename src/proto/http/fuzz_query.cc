// "name\ntarget": what is found lies behind the name and before the next "&".

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "proto/http/query.h"

using weir::proto::http::find_query_parameter;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view name = input.substr(0, line), target = input.substr(line + 1);
  const auto found = find_query_parameter(target, name);
  if (!found || found->empty()) return 0;
  CHECK(found->data() > target.data() && found->data() + found->size() <= target.data() + target.size());
  CHECK(found->find('&') == std::string_view::npos && found->data()[-1] == '=');
  const auto before = target.substr(0, static_cast<size_t>(found->data() - target.data()) - 1);
  CHECK(before.ends_with(name));
  return 0;
}
