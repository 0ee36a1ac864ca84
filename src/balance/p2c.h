#pragma once
// Power of two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001), the default
// policy: draw two DIFFERENT members by weight, take the one with fewer requests in flight per effective weight;
// equally loaded, the clearly faster, then the one unused for longest (contest.h). Drawing with replacement, as others
// do, picks the busier of two endpoints in a quarter of all cases. Up to four members are simply all compared.
//
// The number of choices can be set: one is a random choice, three and more gain little (Mitzenmacher's table 1: at 90 %
// load the mean stay is 10, 2.6 and 2.0 service times with one, two and three).
//
// Cost: O(choices); touches as many views and load cells. Threads and determinism: policy.h.

#include "balance/policy.h"
#include "balance/weighted_draw.h"

namespace weir::balance {

/// Up to so many members a full comparison costs no more than two draws, and is never wrong.
inline constexpr size_t kScanLimit = 4;
inline constexpr uint32_t kMaxChoices = 8;

class P2c final : public Policy {
 public:
  explicit P2c(const PolicyContext& context)
      : members_(context.members), slow_start_(context.slow_start), choices_(context.choices), draw_(context) {}

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

 private:
  [[nodiscard]] std::optional<uint32_t> pick_of_two(const PickRequest& request, Prng& prng) const;
  [[nodiscard]] std::optional<uint32_t> pick_of_many(const PickRequest& request, Prng& prng) const;

  std::span<const EndpointView> members_;
  Duration slow_start_;
  uint32_t choices_;
  WeightedDraw draw_;
};

}  // namespace weir::balance
