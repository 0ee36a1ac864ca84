#include "load/find_max.h"

#include <algorithm>
#include <numeric>

namespace weir::load {

std::optional<double> RateSearch::next() const { return over_ ? std::nullopt : std::optional(rate_); }

void RateSearch::tell(bool held) {
  if (++tries_ >= kTriesMax) over_ = true;
  if (held) {
    held_once_ = true;
    low_ = rate_;
    if (verifying_ && ++repeats_ >= kRepeats) {
      found_ = rate_;
      over_ = true;
      return;
    }
    if (verifying_) return;  // the same once more
    repeats_ = 1;
    if (!high_) {
      if (rate_ >= most_) {
        verifying_ = true;
        return;
      }
      rate_ = std::min(most_, rate_ * 2);
      return;
    }
  } else {
    // What does not hold every time does not hold.
    high_ = rate_;
    if (low_ && *low_ >= rate_) low_.reset();
    verifying_ = false;
    repeats_ = 0;
  }
  halve();
}

void RateSearch::halve() {
  if (low_ && *high_ - *low_ <= precision_ * *high_) {
    verifying_ = true;
    rate_ = *low_;
    return;
  }
  rate_ = low_ ? (*low_ + *high_) / 2 : *high_ * (held_once_ ? 1 - precision_ : 0.5);
  if (rate_ < kLeast) over_ = true;
}

bool all_held(const Figures& figures) {
  return figures.completed > 0 && std::ranges::all_of(figures.thresholds, [](const Held& each) { return each.held; });
}

bool is_generators_failure(const Figures& figures) {
  if (!figures.verdict.limited) return false;
  const auto count = [&](Failure kind) { return figures.failures[static_cast<size_t>(kind)]; };
  const uint64_t late = count(Failure::timeout) + count(Failure::not_sent);
  const uint64_t all = std::accumulate(figures.failures.begin(), figures.failures.end(), uint64_t{0});
  const bool mostly_late = 2 * late >= all;
  return std::ranges::all_of(figures.thresholds, [&](const Held& each) {
    return each.held || each.threshold.metric != Threshold::Metric::errors || mostly_late;
  });
}

}  // namespace weir::load
