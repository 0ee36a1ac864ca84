#include "balance/weighted_draw.h"

#include <algorithm>
#include <vector>

#include "balance/slow_start.h"
#include "base/check.h"

namespace weir::balance {
namespace {

/// Enough for a member at the floor of its ramp to be outlasted, few enough to bound a pick when everyone is at the
/// floor (where rejecting changes nothing: all are rejected alike).
constexpr int kRampDraws = 16;
constexpr int kAvoidDraws = 8;

AliasTable make_table(std::span<const EndpointView> members) {
  if (equally_weighted(members)) return {};
  std::vector<uint32_t> weights;
  weights.reserve(members.size());
  for (const EndpointView& member : members) weights.push_back(member.weight);
  return AliasTable(weights);
}

}  // namespace

WeightedDraw::WeightedDraw(const PolicyContext& context)
    : members_(context.members),
      slow_start_(context.slow_start),
      ramp_end_(ramp_end(context.members, context.slow_start)),
      table_(make_table(context.members)) {}

uint32_t WeightedDraw::draw_unramped(Prng& prng) const {
  return table_.empty() ? static_cast<uint32_t>(prng.below(members_.size())) : table_.draw(prng);
}

uint32_t WeightedDraw::draw(Instant now, Prng& prng) const {
  uint32_t drawn = draw_unramped(prng);
  if (now >= ramp_end_) return drawn;
  for (int draws = 1; draws < kRampDraws; ++draws) {
    const uint32_t factor = slow_start_factor(now, members_[drawn].slow_start_from, slow_start_);
    if (factor == kFullFactor || prng.below(kFullFactor) < factor) return drawn;
    drawn = draw_unramped(prng);
  }
  return drawn;
}

std::optional<uint32_t> WeightedDraw::draw_one(const PickRequest& request, Prng& prng) const {
  return draw_another(request, {}, prng);
}

std::optional<uint32_t> WeightedDraw::draw_another(const PickRequest& request, std::span<const uint32_t> drawn,
                                                   Prng& prng) const {
  for (int draws = 0; draws < kAvoidDraws; ++draws) {
    const uint32_t next = draw(request.now, prng);
    if (is_avoided(request, members_[next])) continue;
    if (std::find(drawn.begin(), drawn.end(), next) == drawn.end()) return next;
  }
  return std::nullopt;
}

std::optional<WeightedDraw::Pair> WeightedDraw::draw_two(const PickRequest& request, Prng& prng) const {
  DCHECK(members_.size() >= 2);
  const std::optional<uint32_t> one = draw_one(request, prng);
  if (!one) return std::nullopt;
  const uint32_t first = *one;
  for (int draws = 0; draws < kAvoidDraws; ++draws) {
    const uint32_t second = draw(request.now, prng);
    if (second != first && !is_avoided(request, members_[second])) return Pair{first, second};
  }
  // One member holds nearly all the weight: any other will do as its rival.
  for (int draws = 0; draws < kAvoidDraws; ++draws) {
    const auto other = static_cast<uint32_t>(prng.below(members_.size() - 1));
    const uint32_t second = other < first ? other : other + 1;
    if (!is_avoided(request, members_[second])) return Pair{first, second};
  }
  return std::nullopt;
}

}  // namespace weir::balance
