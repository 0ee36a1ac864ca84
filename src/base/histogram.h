#pragma once
// The one histogram: log-linear (HDR-style), values in any unit (we record microseconds or nanoseconds),
// relative error <= 1/128 < 1 %, mergeable by addition. From proxy to load generator to simulator to console.
//
// Layout: values below 128 have a bucket each; above, every power of two is divided into 64 buckets, so a bucket's
// width is at most 1/64 of its value and its midpoint is off by at most 1/128. 42-bit values fit
// (2^42 ns = 73 minutes); larger ones are counted in the last bucket.
//
// Threads: one writer, any number of readers (counts are relaxed atomics written by load+store, not by a locked
// add). Readers may see a value counted in `count` a moment before its bucket; sums are exact once writing stops.

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace weir {

class Histogram {
 public:
  static constexpr unsigned kSubBits = 6;
  static constexpr unsigned kMaxBits = 42;
  static constexpr size_t kBuckets = (kMaxBits - kSubBits + 1) << kSubBits;
  /// Buckets that are looked at together or not at all: latencies of one origin fall into a few of the 37 groups.
  static constexpr size_t kGroup = size_t{1} << kSubBits;

  static constexpr size_t bucket_of(uint64_t value) {
    if (value < (2u << kSubBits)) return value;
    const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    const size_t index = (static_cast<size_t>(exponent) << kSubBits) + (value >> exponent);
    return index < kBuckets ? index : kBuckets - 1;
  }
  /// Smallest value that falls into the bucket.
  static constexpr uint64_t lower_bound(size_t bucket) {
    if (bucket < (2u << kSubBits)) return bucket;
    const size_t exponent = (bucket >> kSubBits) - 1;
    return ((bucket & ((1u << kSubBits) - 1)) + (1u << kSubBits)) << exponent;
  }
  static constexpr uint64_t midpoint(size_t bucket) { return (lower_bound(bucket) + lower_bound(bucket + 1) - 1) / 2; }

  void record(uint64_t value) {
    const size_t bucket = bucket_of(value);
    touch(uint64_t{1} << (bucket / kGroup));
    bump(counts_[bucket], 1);
    bump(count_, 1);
    bump(sum_, value);
    if (value > max_.load(std::memory_order_relaxed)) max_.store(value, std::memory_order_relaxed);
  }
  void merge(const Histogram& other);
  void clear();

  [[nodiscard]] uint64_t count() const { return count_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t max() const { return max_.load(std::memory_order_relaxed); }
  /// One bit per group: those that may hold anything.
  [[nodiscard]] uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t count_in(size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t count_at_or_below(uint64_t value) const;
  /// Value below or at which `percent` (0..100] of the samples lie; 0 when empty. The last sample reports max().
  [[nodiscard]] uint64_t percentile(double percent) const;

 private:
  void touch(uint64_t groups) {
    const uint64_t touched = groups_.load(std::memory_order_relaxed);
    if ((touched | groups) != touched) groups_.store(touched | groups, std::memory_order_relaxed);
  }
  static void bump(std::atomic<uint64_t>& cell, uint64_t by) {
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  static void bump(std::atomic<uint32_t>& cell, uint32_t by) {
    cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint32_t>, kBuckets> counts_{};
  std::atomic<uint64_t> groups_{0};
  std::atomic<uint64_t> count_{0};
  std::atomic<uint64_t> sum_{0};
  std::atomic<uint64_t> max_{0};
};

/// Calls `visit(bucket)` for every bucket of the groups whose bits are set, from the lowest up.
template <class Visit>
void for_each_bucket(uint64_t groups, const Visit& visit) {
  for (; groups != 0; groups &= groups - 1) {
    const size_t first = static_cast<size_t>(std::countr_zero(groups)) * Histogram::kGroup;
    for (size_t bucket = first; bucket < first + Histogram::kGroup; ++bucket) visit(bucket);
  }
}

}  // namespace weir
