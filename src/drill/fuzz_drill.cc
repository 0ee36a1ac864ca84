// Any text is a drill or a list of mistakes, and an expectation that was read can be examined.
#include <cstdint>

#include "drill/drill_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)weir::drill::load_drill_text(text, "fuzz.yaml");
  if (const auto parsed = weir::drill::parse_expectation(text)) {
    (void)weir::drill::examine(*parsed, [](const weir::drill::Term&) { return 1.0; });
  }
  return 0;
}
