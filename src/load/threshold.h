#pragma once
// What a run has to hold, such as "p99<50ms", "errors<0.1%", "rate>=990" or "service.p99.9<20ms". A percentile that
// has too few samples to be known holds nothing. Pure functions, any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "load/summary.h"
#include "model/units.h"

namespace weir::load {

struct Threshold {
  enum class Metric : uint8_t { percentile, max, mean, errors, rate };
  enum class Compare : uint8_t { less, less_equal, greater, greater_equal };
  Metric metric = Metric::percentile;
  bool of_service = false;
  double percent = 99;  ///< of a percentile
  Compare compare = Compare::less;
  double bound = 0;  ///< nanoseconds, percent, or good responses per second
  std::string text;  ///< as it was written
};

/// What each must be written as, for usage texts.
inline constexpr std::string_view kThresholdForm =
    "p50 to p99.99, max or mean (of the response, or service.p99) with a duration, errors with a percentage, rate with "
    "a number; compared by <, <=, > or >=";

Result<Threshold, model::Problem> parse_threshold(std::string_view text);

struct Held {
  Threshold threshold;
  bool held = false;
  bool known = true;   ///< false: too few samples to say
  std::string actual;  ///< "p99 is 12.3 ms"
};

Held check(const Threshold& threshold, const Summary& summary);
std::vector<Held> check(const std::vector<Threshold>& thresholds, const Summary& summary);

/// Failures of what was offered, in percent.
double errors_percent(const Interval& total);
/// "1.23 ms": three digits, for people.
std::string short_duration(Duration duration);

}  // namespace weir::load
