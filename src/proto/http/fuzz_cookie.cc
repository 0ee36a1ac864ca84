// Any bytes as a Cookie field: every pair lies inside the field, in order, and find_cookie agrees with the walk.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "proto/http/cookie.h"

using namespace weir::proto::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Fields fields{{.name = "cookie", .value = input, .id = FieldId::cookie}};
  CookieReader reader(input);
  const char* from = input.data();
  while (const auto pair = reader.next()) {
    CHECK(pair->name.find_first_of(";=") == std::string_view::npos);
    CHECK(pair->value.find(';') == std::string_view::npos);
    if (!pair->value.empty()) {
      CHECK(pair->value.data() >= from && pair->value.data() + pair->value.size() <= input.data() + input.size());
      from = pair->value.data() + pair->value.size();
    }
    const auto found = find_cookie(fields, pair->name);
    CHECK(found.has_value());
    CHECK(found->data() <= pair->value.data() || found->empty() || pair->value.empty());
  }
  return 0;
}
