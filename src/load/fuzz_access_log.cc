// Any text is a log or an error; what is repeated is in order and fits into a request line.
#include <cstdlib>

#include "load/access_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto log = weir::load::parse_access_log({reinterpret_cast<const char*>(data), size});
  if (!log) return log.error().empty() ? (std::abort(), 0) : 0;
  weir::Duration last;
  for (const auto& each : log->entries) {
    if (each.at < last || each.path.find_first_of("\r\n ") != std::string::npos) std::abort();
    last = each.at;
  }
  return 0;
}
