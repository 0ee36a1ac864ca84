// A mark from the network: whatever is accepted keeps the limits and comes out as JSON again.
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "console/marks.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::console;
  const auto mark = read_mark({reinterpret_cast<const char*>(data), size});
  if (!mark) {
    CHECK(!mark.error().empty());
    return 0;
  }
  CHECK(!mark->label.empty() && mark->label.size() <= kMarkLabelBytes);
  Marks marks;
  marks.add(*mark);
  const auto back = nlohmann::json::parse(marks.json(), nullptr, false);
  CHECK(back.is_object() && back["marks"][0]["label"] == mark->label);
  return 0;
}
