#pragma once
// Power of two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001), the default
// policy: draw two DIFFERENT members by weight, take the one with fewer requests in flight per effective weight;
// equally loaded, the clearly faster, then the one unused for longest (contest.h). Drawing with replacement, as others
// do, picks the busier of two endpoints in a quarter of all cases. Up to four members are simply all compared.
//
// Cost: O(1); touches two views and two load cells. Threads and determinism: policy.h.

#include "balance/policy.h"
#include "balance/weighted_draw.h"

namespace weir::balance {

/// Up to so many members a full comparison costs no more than two draws, and is never wrong.
inline constexpr size_t kScanLimit = 4;

class P2c final : public Policy {
 public:
  explicit P2c(const PolicyContext& context)
      : members_(context.members), slow_start_(context.slow_start), draw_(context) {}

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

 private:
  std::span<const EndpointView> members_;
  Duration slow_start_;
  WeightedDraw draw_;
};

}  // namespace weir::balance
