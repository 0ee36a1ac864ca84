#include "load/summary.h"

#include <fmt/format.h>

namespace weir::load {
namespace {

constexpr double kLatenessShareMax = 0.10;
constexpr double kCpuPercentMax = 80;

}  // namespace

std::optional<Duration> percentile_of(const Histogram& histogram, double percent) {
  const double beyond = static_cast<double>(histogram.count()) * (100 - percent) / 100;
  // A hair of tolerance: 1000 * (100 - 99) / 100 must not come out as 9.99...
  if (beyond < static_cast<double>(kBeyondMin) - 1e-6) return std::nullopt;
  return Duration::ns(static_cast<int64_t>(histogram.percentile(percent)));
}

Verdict judge(const Histogram& schedule_lateness, const Histogram& response, double cpu_percent) {
  const auto lateness = static_cast<int64_t>(schedule_lateness.percentile(99));
  const auto felt = static_cast<double>(response.percentile(99));
  Verdict verdict{.limited = false, .reason = {}, .lateness_p99 = Duration::ns(lateness), .cpu_percent = cpu_percent};
  const std::string late = fmt::format("p99 of lateness is {:.0f} us", static_cast<double>(lateness) / 1e3);
  if (cpu_percent > kCpuPercentMax) {
    verdict.limited = true;
    verdict.reason = fmt::format("the generator used {:.0f} % of its cores; beyond {:.0f} % it measures itself",
                                 cpu_percent, kCpuPercentMax);
  } else if (felt > 0 && static_cast<double>(lateness) > kLatenessShareMax * felt) {
    verdict.limited = true;
    verdict.reason = fmt::format("{}, more than a tenth of the response's {:.0f} us", late, felt / 1e3);
  } else {
    verdict.reason = fmt::format("{}, the generator used {:.0f} % of its cores", late, cpu_percent);
  }
  return verdict;
}

}  // namespace weir::load
