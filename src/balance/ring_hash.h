#pragma once
// Ring hash (Karger et al., "Consistent Hashing and Random Trees", 1997; ketama's 160 points per endpoint): every
// endpoint owns the arcs of a circle that end at its points, a request belongs to the owner of the arc its hash falls
// into. Adding or removing one of n endpoints moves 1/n of the keys. Shares scatter by some 8 % (1/sqrt(160)); bounded
// loads (hash_walk.h) cap what that does.
//
// Large clusters get fewer points per endpoint, halved so that the ring stays below 2^18 points. Lookup is O(1): points
// are as good as uniform, so an index by the hash's leading bits lands a few points before the owner's, in the same
// cache line or the next. Threads and determinism: policy.h.

#include <vector>

#include "balance/hash_walk.h"
#include "balance/policy.h"

namespace weir::balance {

class RingHash final : public Policy {
 public:
  explicit RingHash(const PolicyContext& context);

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

  /// Owner of the arc that `hash` falls into.
  [[nodiscard]] uint32_t lookup(uint64_t hash) const;
  [[nodiscard]] const HashWalk& walk() const { return walk_; }

 private:
  void index_points();

  struct Point {
    uint32_t hash;  ///< leading bits: enough to tell 2^18 points apart but for a few, and half the cache misses
    uint32_t position;
  };

  HashWalk walk_;
  std::vector<Point> points_;     ///< sorted by hash
  std::vector<uint32_t> starts_;  ///< by the leading bits of a hash: the first point that is not before them
  unsigned shift_ = 0;
};

}  // namespace weir::balance
