#pragma once
// Quantities as people write them: durations carry a unit (ns us ms s m h), sizes carry a unit (B, KiB MiB GiB by
// 1024, kB MB GB by 1000). A bare number is refused, because "timeout: 5" has cost somebody a night; only 0 needs no
// unit. Fractions are read exactly ("1.5s"); what does not come out whole in the smallest unit is refused too.
//
// Formatting is the inverse: a short text that reads back as exactly the same value. Used for the configuration,
// command lines and messages. Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace weir::model {

/// Why a text is not a value: what is wrong, what would be right, and the nearest right spelling (the last two may be
/// empty). Whoever knows the place (file, line, setting) makes a Mistake of it.
struct Problem {
  std::string message;
  std::string expected{};
  std::string nearest{};
};

Result<Duration, Problem> parse_duration(std::string_view text);
Result<uint64_t, Problem> parse_bytes(std::string_view text);

std::string format_duration(Duration duration);
std::string format_bytes(uint64_t bytes);

/// `text` in double quotes, shortened when long and with control characters made visible: safe in a terminal.
std::string quote(std::string_view text);

}  // namespace weir::model
