#pragma once
// Which endpoint answered for which path, from what Weir recorded (sim/recording.h): what hashing keeps together, and
// what an added endpoint tears apart. A path that comes back to another endpoint than before finds no warm cache there.
// Pure functions, any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace weir::drill {

struct Visit {
  Duration at{};      ///< since the arm's load began
  uint64_t path = 0;  ///< its hash
  uint32_t endpoint = 0;
  bool operator==(const Visit&) const = default;
};

/// The visits of a recording that began at `began` of the arm, by time; requests that no endpoint got are left out.
Result<std::vector<Visit>, std::string> read_visits(std::string_view recording, Duration began);

/// Of the visits in [from, to) for a path that was visited before, those at another endpoint than the last time.
/// Nothing when no path came back.
std::optional<double> moved_percent(std::span<const Visit> visits, Duration from, Duration to);

/// Of the paths visited both before `changed` and in [changed, to), those whose first visit then was at another
/// endpoint than their last one before.
std::optional<double> keys_moved_percent(std::span<const Visit> visits, Duration changed, Duration to);

}  // namespace weir::drill
