// Any bytes as a configuration: reading ends with a Config or with mistakes, never otherwise. What is read must survive
// show and a second reading, and lint must cope with whatever is valid.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "model/lint.h"
#include "model/show.h"

using weir::model::load_config_text;
using weir::model::Mistake;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto loaded = load_config_text({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
  if (!loaded) {
    CHECK(!loaded.error().empty());
    for (const Mistake& each : loaded.error()) CHECK(!each.text().empty());
    return 0;
  }
  lint(*loaded, {4, 1024});
  const std::string shown = show(*loaded);
  const auto again = load_config_text(shown, "fuzz.yaml");
  CHECK(again.has_value());
  CHECK(again->config.clusters == loaded->config.clusters);
  return 0;
}
