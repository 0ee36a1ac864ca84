// Any text is a report or an error; of two reports both comparisons can be written.
#include <cstdlib>

#include "load/compare.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::load;
  const auto figures = figures_from_json({reinterpret_cast<const char*>(data), size});
  if (!figures) {
    if (figures.error().empty()) std::abort();
    return 0;
  }
  const NamedFigures named{"a<b.json", *figures}, empty{"empty", Figures{}};
  for (const auto* other : {&named, &empty}) {
    if (compare(named, *other).empty()) std::abort();
    if (compare_html(*other, named).find("a<b") != std::string::npos) std::abort();
  }
  return 0;
}
