#pragma once
// When the faults of a drill begin and end, and when a drill has to be given up: the decisions of an arm's run, taken
// purely, second by second. Thread rule: values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drill/drill.h"
#include "load/interval.h"

namespace weir::drill {

/// Since the phase of faults began. A fault that lasts to the end of the phase has no step that ends it: taking
/// everything back does.
struct Step {
  Duration at{};
  bool begins = true;
  size_t fault = 0;
  bool operator==(const Step&) const = default;
};
inline constexpr size_t kStepsMax = 10'000;
std::vector<Step> schedule_of(const Drill& drill);

/// The highest rate of the load, faults of that kind included.
double rate_max(const Drill& drill);

/// The abort condition and the cap on failed requests.
class Watch {
 public:
  Watch(const Limits& limits, double rate, Duration during) : limits_(limits), planned_(rate * during.seconds()) {}

  /// Of the phase of faults only. A reason to end the drill, if there is one.
  std::optional<std::string> on_interval(const load::Interval& interval);

 private:
  Limits limits_;
  double planned_;
  uint64_t failed_ = 0;
  Duration bad_for_{};
};

}  // namespace weir::drill
