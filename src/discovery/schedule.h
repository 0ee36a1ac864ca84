#pragma once
// When a name is asked again. After an answer: when its time to live is over, within min_ttl and max_ttl, and up to a
// tenth later, so that names that were asked together drift apart. After a failure or an empty answer: after min_ttl,
// doubling up to five seconds, so that a name that appears is found soon and a name server in trouble is not pressed.
// Pure: chance is an argument.

#include <algorithm>
#include <cstdint>

#include "base/prng.h"
#include "base/time.h"
#include "discovery/answer.h"
#include "model/config.h"

namespace weir::discovery {

class Schedule {
 public:
  static constexpr Duration kLongestBackoff = Duration::s(5);

  explicit Schedule(const model::ResolveConfig& config) : min_(config.min_ttl), max_(config.max_ttl) {}

  /// How long after this outcome the next question is due.
  Duration next(Outcome outcome, Duration ttl, Prng& prng) {
    if (outcome == Outcome::found) {
      failures_ = 0;
      return spread(std::clamp(ttl, min_, max_), prng);
    }
    Duration wait = min_;
    const Duration longest = std::max(min_, std::min(max_, kLongestBackoff));
    for (uint32_t i = 0; i < failures_ && wait < longest; ++i) wait = wait * 2;
    ++failures_;
    return spread(std::min(wait, longest), prng);
  }

  /// The first questions of many names at a start: two in a millisecond, and the last of them after a second.
  static Duration first(size_t index) {
    return std::min(Duration::us(500) * static_cast<int64_t>(index), Duration::s(1));
  }

 private:
  static Duration spread(Duration wait, Prng& prng) {
    return wait + Duration::ns(static_cast<int64_t>(prng.below(static_cast<uint64_t>(wait.ns() / 10 + 1))));
  }

  Duration min_, max_;
  uint32_t failures_ = 0;
};

}  // namespace weir::discovery
