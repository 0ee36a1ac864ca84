#pragma once
// Sticky endpoints: a request that names the endpoint it was at before goes there again, as long as that one may take
// traffic and carries less than its bound (bounded_load.h). Beyond the bound the request overflows: the policy chooses,
// and the client keeps its endpoint, to which it returns when the load falls. An endpoint that may not take traffic
// (unhealthy, draining, gone, a standby whose turn is over) is left for good: the policy chooses, and the client is
// given the new one.
//
// An endpoint is named by a token that says nothing of its address to whoever does not guess it: a hash of the
// cluster's name and the address. It is the same in every process and after every reload.
//
// Threads and determinism: as balancer.h, which it belongs to.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "balance/bounded_load.h"
#include "balance/distribution.h"

namespace weir::balance {

/// What became of a request of a sticky route.
enum class Stickiness : uint8_t {
  hit,       ///< at the endpoint it named
  overflow,  ///< that one is at its bound
  moved,     ///< that one takes no requests, or is no more
  fresh,     ///< it named none
};
inline constexpr size_t kStickiness = 4;
/// hit, overflow, moved, new.
std::string_view name_of(Stickiness stickiness);
/// Should the client be told where it was sent?
constexpr bool wants_cookie(Stickiness s) { return s == Stickiness::moved || s == Stickiness::fresh; }

/// `key`: EndpointView::key.
uint64_t sticky_token(std::string_view cluster, uint64_t key);

/// Where tokens lead in pools that have a share of the traffic.
class StickyTable {
 public:
  /// `pools` must outlive the table.
  StickyTable(std::string_view cluster, std::span<const Pool> pools);

  struct Found {
    Stickiness stickiness = Stickiness::moved;
    uint32_t pool = 0;
    uint32_t position = 0;  ///< with a hit or an overflow
  };
  /// `overflow_percent` 0: never overflows.
  Found find(uint64_t token, uint32_t overflow_percent);

 private:
  struct Place {
    uint32_t pool, position;
  };
  std::unordered_map<uint64_t, Place> places_;
  std::vector<BoundedLoad> loads_;  ///< by pool
};

}  // namespace weir::balance
