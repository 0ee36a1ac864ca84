#pragma once
// Random draws of members by effective weight, the first half of both two-choices policies. Equal weights: a uniform
// draw; unequal ones: an alias table; both O(1). A member in slow start is rejected and redrawn with the complement of
// its factor, which makes the draw exact for the ramped weights without rebuilding anything while the ramp runs.

#include <cstdint>
#include <optional>
#include <span>

#include "balance/alias_table.h"
#include "balance/endpoint.h"
#include "balance/policy.h"
#include "base/prng.h"
#include "base/time.h"

namespace weir::balance {

class WeightedDraw {
 public:
  struct Pair {
    uint32_t first;
    uint32_t second;
  };

  explicit WeightedDraw(const PolicyContext& context);

  /// Two different members that the request does not avoid, the first by weight, the second by weight among the others.
  /// Nothing when luck did not provide them within a bounded number of draws (most members avoided): then a scan is
  /// due. Needs two members.
  std::optional<Pair> draw_two(const PickRequest& request, Prng& prng) const;

  /// A member that the request does not avoid, by weight; nothing as in draw_two.
  std::optional<uint32_t> draw_one(const PickRequest& request, Prng& prng) const;
  /// One that is not among `drawn` either.
  std::optional<uint32_t> draw_another(const PickRequest& request, std::span<const uint32_t> drawn, Prng& prng) const;

  /// Whether all members weigh the same now, slow start included.
  [[nodiscard]] bool equal_weights(Instant now) const { return table_.empty() && now >= ramp_end_; }

 private:
  [[nodiscard]] uint32_t draw(Instant now, Prng& prng) const;
  [[nodiscard]] uint32_t draw_unramped(Prng& prng) const;

  std::span<const EndpointView> members_;
  Duration slow_start_;
  Instant ramp_end_;
  AliasTable table_;  ///< empty when all weights are equal
};

}  // namespace weir::balance
