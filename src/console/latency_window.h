#pragma once
// What histograms gained since they were last looked at: percentiles, and a column of the heatmap. Histograms in Weir
// only grow (nobody may reset what others read), so a second of them is a difference.
//
//   LatencyGain gain;  ... every second: gain.clear(); window.take(histogram, gain); gain.summary();
//
// Pure; not thread-safe. The histogram may be written meanwhile: what is not seen now is seen next time.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/histogram.h"

namespace weir::console {

inline constexpr uint64_t kHeatLowestUs = 64;  ///< what is quicker is in the first row
inline constexpr size_t kHeatRows = 40;        ///< up to 67 s; what is slower is in the last row

struct LatencySecond {
  uint64_t count = 0;
  double sum_us = 0;
  uint64_t p50_us = 0;  ///< 0 when empty
  uint64_t p99_us = 0;
  /// One letter per row of the heatmap, from kHeatLowestUs up, two rows to a doubling; rows at the end that are empty
  /// are left out. '0' is none, then 1-9a-zA-Z for 2^((n-1)/3) requests and more.
  std::string heat{};
};

class LatencyGain {
 public:
  void clear();
  void add(size_t bucket, uint64_t count) {
    groups_ |= uint64_t{1} << (bucket / Histogram::kGroup);
    counts_[bucket] += count;
  }
  void add_sum(uint64_t us) { sum_us_ += static_cast<double>(us); }
  void add(const LatencyGain& other);
  [[nodiscard]] LatencySecond summary() const;

 private:
  std::vector<uint64_t> counts_ = std::vector<uint64_t>(Histogram::kBuckets);
  uint64_t groups_ = 0;  ///< of buckets that hold anything, as Histogram::groups()
  double sum_us_ = 0;
};

class LatencyWindow {
 public:
  void take(const Histogram& histogram, LatencyGain& into);

 private:
  std::vector<uint32_t> past_ = std::vector<uint32_t>(Histogram::kBuckets);
  uint64_t past_count_ = 0;
  uint64_t past_sum_ = 0;
};

/// The row that a latency falls into.
size_t heat_row(uint64_t us);
/// The letter for so many requests.
char heat_letter(uint64_t count);

}  // namespace weir::console
