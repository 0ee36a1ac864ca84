#pragma once
// What the console is told, as JSON on one line. docs/console.md describes it for those who want to read the events
// with a program of their own.
//
// Thread rule: the control loop's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "console/headroom.h"
#include "console/sampler.h"
#include "l7/proxy.h"
#include "l7/refusal_ring.h"

namespace weir::console {

/// Times on the wall for instants of the loop.
struct Epoch {
  Instant now{};
  int64_t unix_ms = 0;
  [[nodiscard]] int64_t wall(Instant at) const { return unix_ms - (now - at).ms(); }
};

std::string tick_json(const Second& second);

/// A recording of requests (`weir ctl record`).
struct RecordingState {
  std::string_view phase = "none";  ///< none, recording or ready
  Duration left{};
};

using HeadroomOf = std::map<std::string, Headroom, std::less<>>;

/// Everything that has no past: routes, standings and their reasons, limits, headroom.
std::string now_json(const l7::Proxy& proxy, Epoch epoch, const HeadroomOf& headroom, const RecordingState& recording);

/// Newest first, at most `most`; `by_rule`: totals since the start.
std::string refusals_json(std::vector<l7::RefusalEntry> entries, Epoch epoch, size_t most,
                          const std::map<std::string_view, uint64_t>& by_rule);

}  // namespace weir::console
