#include "drill/schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/units.h"

namespace weir::drill {

std::vector<Step> schedule_of(const Drill& drill) {
  std::vector<Step> steps;
  for (size_t i = 0; i < drill.faults.size(); ++i) {
    const FaultSpec& fault = drill.faults[i];
    const Duration end = fault.kind == FaultKind::reload && fault.length > Duration{}
                             ? std::min(fault.at + fault.length, drill.phases.during)
                             : drill.phases.during;
    for (Duration at = fault.at; at < end && steps.size() < kStepsMax; at = at + fault.every) {
      steps.push_back({at, true, i});
      const Duration over = at + fault.length;
      if (fault.kind != FaultKind::reload && fault.length > Duration{} && over < end) steps.push_back({over, false, i});
      if (fault.every == Duration{}) break;
    }
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
  return steps;
}

double rate_max(const Drill& drill) {
  double most = drill.load.rate;
  for (const FaultSpec& each : drill.faults) most = std::max(most, each.kind == FaultKind::rate ? each.rate : 0);
  return most;
}

std::optional<std::string> Watch::on_interval(const load::Interval& interval) {
  failed_ += interval.failed();
  const uint64_t ended = interval.good + interval.failed();
  const double percent = ended == 0 ? 0 : 100.0 * static_cast<double>(interval.failed()) / static_cast<double>(ended);
  bad_for_ = percent > limits_.abort_percent ? bad_for_ + interval.length : Duration{};
  if (bad_for_ >= limits_.abort_after) {
    return fmt::format("errors above {} % for {} (last {:.1f} %)", limits_.abort_percent,
                       model::format_duration(limits_.abort_after), percent);
  }
  const double share = planned_ > 0 ? 100.0 * static_cast<double>(failed_) / planned_ : 0;
  if (share > limits_.failed_percent) {
    return fmt::format("{} requests failed, more than {} % of the phase's: the blast radius", failed_,
                       limits_.failed_percent);
  }
  return std::nullopt;
}

}  // namespace weir::drill
