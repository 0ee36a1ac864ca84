#include "base/histogram.h"

#include <algorithm>
#include <cmath>

namespace weir {

void Histogram::merge(const Histogram& other) {
  touch(other.groups());
  for_each_bucket(other.groups(), [&](size_t i) {
    if (const auto n = other.counts_[i].load(std::memory_order_relaxed)) bump(counts_[i], n);
  });
  bump(count_, other.count());
  bump(sum_, other.sum());
  max_.store(std::max(max(), other.max()), std::memory_order_relaxed);
}

void Histogram::clear() {
  for_each_bucket(groups(), [&](size_t i) { counts_[i].store(0, std::memory_order_relaxed); });
  groups_.store(0, std::memory_order_relaxed);
  count_.store(0, std::memory_order_relaxed);
  sum_.store(0, std::memory_order_relaxed);
  max_.store(0, std::memory_order_relaxed);
}

uint64_t Histogram::count_at_or_below(uint64_t value) const {
  uint64_t total = 0;
  const size_t last = bucket_of(value);
  for (size_t i = 0; i <= last; ++i) total += count_in(i);
  return total;
}

uint64_t Histogram::percentile(double percent) const {
  uint64_t total = 0;
  for (size_t i = 0; i < kBuckets; ++i) total += count_in(i);
  if (total == 0) return 0;
  const auto rank = static_cast<uint64_t>(std::ceil(static_cast<double>(total) * percent / 100.0));
  if (rank >= total) return max();
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += count_in(i);
    if (seen >= std::max<uint64_t>(rank, 1)) return std::min(midpoint(i), max());
  }
  return max();
}

}  // namespace weir
