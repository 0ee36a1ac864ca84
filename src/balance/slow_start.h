#pragma once
// Slow start: an endpoint that (re)joined gets a share of its weight that grows linearly from 10 % to 100 % over a
// window, so that cold caches, cold JITs and empty connection pools do not meet full load. Linear as in HAProxy
// (server_recalc_eweight), with Envoy's floor of 10 %, which keeps a quiet endpoint from never being warmed. Evaluated
// at pick time: no timer, no rebuild.
//
// Weights are scaled in thousandths, in integers, so that comparisons of load per weight are exact.

#include <algorithm>
#include <cstdint>

#include "balance/endpoint.h"
#include "base/time.h"

namespace weir::balance {

inline constexpr uint32_t kFullFactor = 1000;
inline constexpr uint32_t kFloorFactor = 100;

/// Thousandths of its weight that an endpoint which joined at `from` counts for. Instant{} = no ramp.
constexpr uint32_t slow_start_factor(Instant now, Instant from, Duration window) {
  if (from == Instant{} || window <= Duration{}) return kFullFactor;
  const Duration age = now - from;
  if (age >= window) return kFullFactor;
  if (age <= Duration{}) return kFloorFactor;
  const double part = static_cast<double>(age.ns()) / static_cast<double>(window.ns());
  return kFloorFactor + static_cast<uint32_t>(part * (kFullFactor - kFloorFactor));
}

constexpr bool is_ramping(Instant now, Instant from, Duration window) {
  return from != Instant{} && now - from < window;
}

/// Weight in thousandths at `now`.
constexpr uint64_t effective_weight(const EndpointView& endpoint, Instant now, Duration window) {
  return uint64_t{endpoint.weight} * slow_start_factor(now, endpoint.slow_start_from, window);
}

/// Whether all members weigh the same once no ramp runs any more.
template <class Views>
constexpr bool equally_weighted(const Views& members) {
  return std::all_of(members.begin(), members.end(),
                     [&](const EndpointView& member) { return member.weight == members.front().weight; });
}

/// The instant from which no member ramps any more; Instant{} when none does. Lets a pick skip the ramp altogether.
template <class Views>
constexpr Instant ramp_end(const Views& members, Duration window) {
  Instant end{};
  for (const EndpointView& member : members) {
    if (member.slow_start_from != Instant{}) end = std::max(end, member.slow_start_from + window);
  }
  return end;
}

}  // namespace weir::balance
