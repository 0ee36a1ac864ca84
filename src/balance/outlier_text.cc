// Outlier detection in words: names and the one line per transition that a log and the console show.

#include <fmt/format.h>

#include "balance/outlier.h"
#include "base/check.h"

namespace weir::balance {
namespace {

std::string seconds(Duration d) { return fmt::format("{:.1f} s", d.seconds()); }
std::string milliseconds(Duration d) { return fmt::format("{:.1f} ms", d.seconds() * 1e3); }

std::string ratio(const OutlierTally::Counts& counts) {
  const double percent =
      counts.requests == 0 ? 0 : 100.0 * static_cast<double>(counts.failures) / static_cast<double>(counts.requests);
  return fmt::format("{} of {} ({:.1f} %)", counts.failures, counts.requests, percent);
}

std::string because(const Evidence& e) {
  switch (e.reason) {
    case OutlierReason::gateway_run: return fmt::format("{} gateway failures in a row", e.run);
    case OutlierReason::local_run: return fmt::format("{} failed connects in a row", e.run);
    case OutlierReason::failure_ratio:
      return fmt::format("{} of its requests failed, {} of its peers' (p = {:.2g})", ratio(e.own), ratio(e.peers),
                         e.p_value);
    case OutlierReason::latency:
      return fmt::format("median latency {} against its peers' {} for {} sweeps", milliseconds(e.median),
                         milliseconds(e.peers_median), e.run);
    case OutlierReason::stuck:
      return fmt::format("nothing answered, oldest request {} old against its peers' median of {} for {} sweeps",
                         milliseconds(e.median), milliseconds(e.peers_median), e.run);
    case OutlierReason::ejection_over: return fmt::format("after {}: one request may try it", seconds(e.ejection));
    case OutlierReason::probation_passed: return "its one request succeeded";
    case OutlierReason::probation_failed: return "its one request failed";
  }
  UNREACHABLE();
}

}  // namespace

std::string_view name_of(OutlierReason reason) {
  switch (reason) {
    case OutlierReason::gateway_run: return "gateway_run";
    case OutlierReason::local_run: return "local_run";
    case OutlierReason::failure_ratio: return "failure_ratio";
    case OutlierReason::latency: return "latency";
    case OutlierReason::stuck: return "stuck";
    case OutlierReason::ejection_over: return "ejection_over";
    case OutlierReason::probation_passed: return "probation_passed";
    case OutlierReason::probation_failed: return "probation_failed";
  }
  UNREACHABLE();
}

std::string describe(const Transition& transition) {
  const Evidence& evidence = transition.evidence;
  std::string text = fmt::format("{} -> {}", name_of(transition.from), name_of(transition.to));
  if (transition.to == OutlierState::ejected) {
    text += fmt::format(" for {} (ejection {})", seconds(evidence.ejection), evidence.ejections);
  }
  return text + ": " + because(evidence);
}

}  // namespace weir::balance
