#include "console/latency_window.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string_view>
#include <utility>

namespace weir::console {

namespace {

constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// floor(3 log2 n), in whole numbers.
size_t thirds_of_log2(uint64_t n) {
  n = std::min<uint64_t>(n, (1u << 21) - 1);  // n^3 fits
  return static_cast<size_t>(std::bit_width(n * n * n)) - 1;
}

}  // namespace

size_t heat_row(uint64_t us) {
  if (us < kHeatLowestUs) return 0;
  us = std::min<uint64_t>(us, 1u << 30);  // beyond the last row, and its square fits
  const auto octave = static_cast<size_t>(std::bit_width(us / kHeatLowestUs)) - 1;
  // The upper half of an octave begins at its start times the root of two: compared as squares.
  const uint64_t start = kHeatLowestUs << octave;
  const bool upper = us * us >= 2 * start * start;
  return std::min(2 * octave + (upper ? 1 : 0), kHeatRows - 1);
}

char heat_letter(uint64_t count) {
  if (count == 0) return kLetters[0];
  return kLetters[std::min(1 + thirds_of_log2(count), kLetters.size() - 1)];
}

void LatencyGain::clear() {
  for_each_bucket(std::exchange(groups_, 0), [&](size_t i) { counts_[i] = 0; });
  sum_us_ = 0;
}

void LatencyGain::add(const LatencyGain& other) {
  groups_ |= other.groups_;
  for_each_bucket(other.groups_, [&](size_t i) { counts_[i] += other.counts_[i]; });
  sum_us_ += other.sum_us_;
}

LatencySecond LatencyGain::summary() const {
  LatencySecond second{.sum_us = sum_us_};
  for_each_bucket(groups_, [&](size_t i) { second.count += counts_[i]; });
  if (second.count == 0) return second;
  std::array<uint64_t, kHeatRows> rows{};
  const uint64_t rank50 = (second.count + 1) / 2;
  const uint64_t rank99 = (second.count * 99 + 99) / 100;
  uint64_t seen = 0;
  for_each_bucket(groups_, [&](size_t i) {
    if (counts_[i] == 0) return;
    const uint64_t us = Histogram::midpoint(i);
    if (seen < rank50 && seen + counts_[i] >= rank50) second.p50_us = us;
    if (seen < rank99 && seen + counts_[i] >= rank99) second.p99_us = us;
    seen += counts_[i];
    rows[heat_row(us)] += counts_[i];
  });
  for (const uint64_t each : rows) second.heat += heat_letter(each);
  second.heat.erase(second.heat.find_last_not_of('0') + 1);
  return second;
}

void LatencyWindow::take(const Histogram& histogram, LatencyGain& into) {
  const uint64_t count = histogram.count();
  if (count == past_count_) return;
  past_count_ = count;
  for_each_bucket(histogram.groups(), [&](size_t i) {
    const auto now = static_cast<uint32_t>(histogram.count_in(i));
    if (now == past_[i]) return;
    into.add(i, static_cast<uint32_t>(now - past_[i]));  // wraps as the counts do
    past_[i] = now;
  });
  const uint64_t sum = histogram.sum();
  into.add_sum(sum - past_sum_);
  past_sum_ = sum;
}

}  // namespace weir::console
