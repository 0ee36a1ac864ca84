#include "balance/p2c.h"

#include <algorithm>
#include <array>

#include "balance/contest.h"

namespace weir::balance {

std::optional<uint32_t> P2c::pick(const PickRequest& request, Prng& prng) {
  std::optional<uint32_t> picked;
  if (choices_ == 1) {
    picked = draw_.draw_one(request, prng);
  } else if (members_.size() > std::max<size_t>(kScanLimit, choices_)) {
    picked = choices_ == 2 ? pick_of_two(request, prng) : pick_of_many(request, prng);
  }
  if (picked) return picked;
  return scan_least_loaded(members_, slow_start_, draw_.equal_weights(request.now), request, prng);
}

std::optional<uint32_t> P2c::pick_of_two(const PickRequest& request, Prng& prng) const {
  const std::optional<WeightedDraw::Pair> pair = draw_.draw_two(request, prng);
  if (!pair) return std::nullopt;
  const Contender first = look_at(members_, pair->first, request.now, slow_start_);
  const Contender second = look_at(members_, pair->second, request.now, slow_start_);
  note_look(request, members_[first.position], first);
  note_look(request, members_[second.position], second);
  const bool second_wins = draw_.equal_weights(request.now) ? compare(first, second, request.now) == Verdict::second
                                                            : gives_way(first, second);
  return second_wins ? second.position : first.position;
}

/// Two to begin with, and each further one against the best so far.
std::optional<uint32_t> P2c::pick_of_many(const PickRequest& request, Prng& prng) const {
  const std::optional<WeightedDraw::Pair> pair = draw_.draw_two(request, prng);
  if (!pair) return std::nullopt;
  const bool equal = draw_.equal_weights(request.now);
  std::array<uint32_t, kMaxChoices> drawn{pair->first, pair->second};
  uint32_t count = 2;
  while (count < std::min(choices_, kMaxChoices)) {
    const auto next = draw_.draw_another(request, {drawn.data(), count}, prng);
    if (!next) break;
    drawn[count++] = *next;
  }
  Contender best = look_at(members_, drawn[0], request.now, slow_start_);
  note_look(request, members_[best.position], best);
  for (uint32_t i = 1; i < count; ++i) {
    const Contender other = look_at(members_, drawn[i], request.now, slow_start_);
    note_look(request, members_[other.position], other);
    const bool wins = equal ? compare(best, other, request.now) == Verdict::second : gives_way(best, other);
    if (wins) best = other;
  }
  return best.position;
}

}  // namespace weir::balance
