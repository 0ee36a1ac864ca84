// Any bytes as a file of endpoints: a list whose addresses are numeric, or mistakes that say something.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/endpoints_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = weir::model::read_endpoints_text({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (read) {
    CHECK(read->size() <= weir::model::kFileEndpointsMax);
    for (const auto& each : *read) CHECK(!each.is_source() && each.address.port != 0);
  } else {
    CHECK(!read.error().empty());
    for (const auto& each : read.error()) CHECK(!each.text().empty());
  }
  return 0;
}
