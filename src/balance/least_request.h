#pragma once
// Least request: the member with the fewest requests in flight per effective weight; equally loaded, the clearly faster
// one, then the one unused for longest (with unequal weights: drawn by weight). The best choice there is for few
// endpoints and slow requests; its cost is O(n) per pick, and many independent callers that all see the same minimum
// herd onto it, which is why p2c is the default.
//
// Threads and determinism: policy.h.

#include "balance/policy.h"
#include "balance/slow_start.h"

namespace weir::balance {

class LeastRequest final : public Policy {
 public:
  explicit LeastRequest(const PolicyContext& context)
      : members_(context.members),
        slow_start_(context.slow_start),
        ramp_end_(ramp_end(context.members, context.slow_start)),
        equal_weights_(equally_weighted(context.members)) {}

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

 private:
  std::span<const EndpointView> members_;
  Duration slow_start_;
  Instant ramp_end_;
  bool equal_weights_;
};

}  // namespace weir::balance
