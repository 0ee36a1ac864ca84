#pragma once
// What ring_hash and maglev have in common: the walk from a request's hash to a member that may take it. Each probe
// rehashes the request and looks the result up anew, so what one endpoint refuses spreads over all others instead of
// falling onto its neighbour, and a key's order of alternatives stays the same while the endpoints do. A member is
// passed over when
//   - the request avoids it;
//   - it is in slow start and the key is not yet among those that moved to it (each key moves once during the ramp);
//   - it is at its cap (bounded_load.h).
//
// Threads: as policy.h; reads the members' load cells.

#include <cstdint>
#include <optional>
#include <span>

#include "balance/bounded_load.h"
#include "balance/endpoint.h"
#include "balance/policy.h"
#include "base/time.h"

namespace weir::balance {

/// A bijection with good avalanche (the finaliser of splitmix64).
constexpr uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

class HashWalk {
 public:
  explicit HashWalk(const PolicyContext& context);

  /// `lookup` maps a hash to a member's position, consistently. Nothing when the request avoids every member.
  template <class Lookup>
  std::optional<uint32_t> walk(const PickRequest& request, Lookup&& lookup) {
    if (bounded_percent_ != 0) load_.refresh();
    for (uint64_t probe = 0; probe < kProbes; ++probe) {
      const uint32_t position = lookup(mix(request.hash + probe * 0x9e3779b97f4a7c15ULL));
      if (accepts(position, request)) return position;
    }
    return least_loaded(request);
  }

  /// Requests the member may have in flight by what is known of the total now; for the console and for tests.
  [[nodiscard]] uint64_t cap_of(uint32_t position) const { return load_.cap_of(position, bounded_percent_); }

 private:
  /// With c = 1.25 at most 4 of 5 members can be at their cap: 32 probes all fail once in 1,200 picks at worst.
  static constexpr uint64_t kProbes = 32;

  [[nodiscard]] bool accepts(uint32_t position, const PickRequest& request) const;
  [[nodiscard]] std::optional<uint32_t> least_loaded(const PickRequest& request) const;

  std::span<const EndpointView> members_;
  BoundedLoad load_;
  Duration slow_start_;
  uint32_t bounded_percent_;
  Instant ramp_end_;
};

}  // namespace weir::balance
