// Any bytes as a scenario: reading ends with variants or with mistakes, never otherwise, and opens no file. What is
// read must survive show and a second reading.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "sim/scenario_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::sim;
  const ReadFile no_files = [](const std::string&) { return weir::Result<std::string, std::string>("3ms\n4ms\n"); };
  const auto loaded = load_scenario_text({reinterpret_cast<const char*>(data), size}, "fuzz.yaml", no_files);
  if (!loaded) {
    CHECK(!loaded.error().empty());
    for (const auto& each : loaded.error()) CHECK(!each.text().empty());
    return 0;
  }
  CHECK(!loaded->variants.empty());
  for (const LoadedVariant& each : loaded->variants) {
    const auto again = load_scenario_text(show(*loaded, each), "fuzz.yaml", no_files);
    CHECK(again.has_value());
    CHECK(again->variants.at(0).variant.scenario == each.variant.scenario);
  }
  return 0;
}
