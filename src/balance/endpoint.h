#pragma once
// What a balancing decision may know of an endpoint: plain values, and one cell of live load shared by all workers of
// the process (so that a choice sees the whole process's load, not one worker's). No socket, no clock, no
// configuration.

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/id.h"
#include "base/time.h"

namespace weir::balance {

/// The four endpoint states of the dictionary.
enum class Health : uint8_t { healthy, degraded, unhealthy, draining };
std::string_view name_of(Health health);

using ZoneId = Id<struct ZoneTag, uint16_t>;

/// Live load of one endpoint. All members are relaxed atomics: an approximate, current view is what P2C wants.
/// Own cache line: two endpoints' counters must not share one.
struct alignas(64) EndpointLoad {
  std::atomic<uint32_t> in_flight{0};     ///< requests (or upgraded connections) now at the endpoint
  std::atomic<int64_t> latency_ns{0};     ///< peak-EWMA cost, decayed on read (ewma.h); 0 = never measured
  std::atomic<int64_t> latency_at_ns{0};  ///< Instant of the last sample
  std::atomic<int64_t> picked_at_ns{0};   ///< Instant of the last pick; ties go to the longest unused
};

/// One endpoint of a cluster as a policy sees it. `load` must outlive every policy that was given this view.
struct EndpointView {
  uint32_t index = 0;   ///< position in the cluster; what a pick returns
  uint64_t key = 0;     ///< stable hash of the endpoint's identity, for consistent hashing
  uint32_t weight = 1;  ///< >= 0; 0 means no new requests
  ZoneId zone{};
  uint8_t priority = 0;  ///< 0 is preferred
  Health health = Health::healthy;
  Instant slow_start_from{};  ///< when it (re)joined; Instant{} = no ramp
  EndpointLoad* load = nullptr;
};

}  // namespace weir::balance
