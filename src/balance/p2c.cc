#include "balance/p2c.h"

#include "balance/contest.h"

namespace weir::balance {

std::optional<uint32_t> P2c::pick(const PickRequest& request, Prng& prng) {
  std::optional<WeightedDraw::Pair> pair;
  if (members_.size() > kScanLimit) pair = draw_.draw_two(request, prng);
  if (!pair) return scan_least_loaded(members_, slow_start_, draw_.equal_weights(request.now), request, prng);
  const Contender first = look_at(members_, pair->first, request.now, slow_start_);
  const Contender second = look_at(members_, pair->second, request.now, slow_start_);
  // On a tie the first draw stands: it was drawn by weight, so an idle cluster's shares are the weights.
  return compare(first, second, request.now, true) == Verdict::second ? second.position : first.position;
}

}  // namespace weir::balance
