#pragma once
// Draws for making random worlds, over the generator of chance. Two draws are never arguments of one call: compilers
// differ in which they make first, and a seed must give one world.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/prng.h"
#include "base/time.h"

namespace weir::sim {

class Dice {
 public:
  explicit Dice(uint64_t seed) : prng_(seed) {}

  bool percent(uint32_t chance) { return prng_.below(100) < chance; }
  /// Both ends included.
  uint32_t between(uint32_t least, uint32_t most) {
    return least + static_cast<uint32_t>(prng_.below(uint64_t{most} - least + 1));
  }
  /// Every order of magnitude (of two) as likely as every other: small numbers are where the corners are.
  int64_t magnitude(int64_t least, int64_t most) {
    uint64_t doublings = 0;
    while (least <= most >> (doublings + 1)) ++doublings;
    const int64_t from = least << prng_.below(doublings + 1);
    const int64_t to = from > most / 2 ? most : 2 * from - 1;
    return from + static_cast<int64_t>(prng_.below(static_cast<uint64_t>(to - from) + 1));
  }
  uint32_t count(uint32_t least, uint32_t most) { return static_cast<uint32_t>(magnitude(least, most)); }
  Duration duration(Duration least, Duration most) { return Duration::ns(magnitude(least.ns(), most.ns())); }
  template <class T, size_t Size>
  T of(const std::array<T, Size>& all) {
    return all[prng_.below(Size)];
  }
  uint64_t seed() { return prng_.next(); }

 private:
  Prng prng_;
};

}  // namespace weir::sim
