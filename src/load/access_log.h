#pragma once
// Access logs in the common and in the combined format, as arrivals to be repeated:
//
//   127.0.0.1 - frank [10/Oct/2026:13:55:36 -0700] "GET /a?b=1 HTTP/1.1" 200 2326 "http://referer" "agent"
//
// The format has whole seconds: the requests of one second are spread evenly over it. It has no bodies: only methods
// that need none (GET, HEAD, OPTIONS) are repeated, and the others are counted. Text from anywhere; pure, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/plan.h"

namespace weir::load {

inline constexpr size_t kLogEntriesMax = 1'000'000;
inline constexpr size_t kLogBytesMax = 256 * 1024 * 1024;
inline constexpr size_t kLogLineMax = 16 * 1024;
inline constexpr Duration kLogLongest = Duration::s(366 * 24 * 3600);

struct AccessLog {
  std::vector<LogEntry> entries;  ///< in order of time, the first at zero
  uint64_t not_repeated = 0;      ///< of another method
  uint64_t malformed = 0;
  std::string first_malformed;  ///< "line 3: no request in quotes"
  Duration length{};            ///< whole seconds from the first to the end of the last
};

/// An error when there is nothing to repeat, or too much.
Result<AccessLog, std::string> parse_access_log(std::string_view text);

}  // namespace weir::load
