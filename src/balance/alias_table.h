#pragma once
// Weighted draw in constant time (Vose, "A linear algorithm for generating random numbers with a given distribution",
// 1991): n columns of equal height, each shared by at most two items. Built in O(n) with integer weights, so the only
// rounding is that of a column's threshold to 32 bits.

#include <cstdint>
#include <span>
#include <vector>

#include "base/prng.h"

namespace weir::balance {

class AliasTable {
 public:
  AliasTable() = default;
  /// Weights above 0; at most 2^32 items.
  explicit AliasTable(std::span<const uint32_t> weights);

  /// One item, with a probability of its weight over the sum of weights.
  uint32_t draw(Prng& prng) const {
    const uint64_t column = prng.below(columns_.size());
    const Column& drawn = columns_[column];
    return static_cast<uint32_t>(prng.next() >> 32) < drawn.threshold ? static_cast<uint32_t>(column) : drawn.alias;
  }
  [[nodiscard]] bool empty() const { return columns_.empty(); }

 private:
  struct Column {
    uint32_t threshold;  ///< of 2^32: below it the column's own item, otherwise the alias
    uint32_t alias;
  };
  std::vector<Column> columns_;
};

}  // namespace weir::balance
