#include "balance/p2c.h"

#include "balance/contest.h"

namespace weir::balance {

std::optional<uint32_t> P2c::pick(const PickRequest& request, Prng& prng) {
  std::optional<WeightedDraw::Pair> pair;
  if (members_.size() > kScanLimit) pair = draw_.draw_two(request, prng);
  if (!pair) return scan_least_loaded(members_, slow_start_, draw_.equal_weights(request.now), request, prng);
  const Contender first = look_at(members_, pair->first, request.now, slow_start_);
  const Contender second = look_at(members_, pair->second, request.now, slow_start_);
  const bool second_wins = draw_.equal_weights(request.now) ? compare(first, second, request.now) == Verdict::second
                                                            : gives_way(first, second);
  return second_wins ? second.position : first.position;
}

}  // namespace weir::balance
