#include "load/summary.h"

#include <fmt/format.h>

namespace weir::load {
namespace {

constexpr double kLatenessShareMax = 0.10;
constexpr double kCpuPercentMax = 80;

/// The highest of these that both histograms know; or that lateness alone knows, when nothing was answered.
struct Judged {
  double percent = 0;  ///< 0: nothing is known
  Duration lateness{}, response{};
};
Judged judged(const Histogram& lateness, const Histogram& response) {
  for (const double percent : {99.0, 95.0, 90.0, 75.0, 50.0}) {
    const auto late = percentile_of(lateness, percent), felt = percentile_of(response, percent);
    if (late && (felt || response.count() == 0)) return {percent, *late, felt.value_or(Duration{})};
  }
  return {};
}

}  // namespace

std::optional<Duration> percentile_of(const Histogram& histogram, double percent) {
  const double beyond = static_cast<double>(histogram.count()) * (100 - percent) / 100;
  // A hair of tolerance: 1000 * (100 - 99) / 100 must not come out as 9.99...
  if (beyond < static_cast<double>(kBeyondMin) - 1e-6) return std::nullopt;
  return Duration::ns(static_cast<int64_t>(histogram.percentile(percent)));
}

Verdict judge(const Histogram& schedule_lateness, const Histogram& response, double cpu_percent) {
  const Judged at = judged(schedule_lateness, response);
  const auto us = [](Duration duration) { return static_cast<double>(duration.ns()) / 1e3; };
  Verdict verdict{.limited = false,
                  .reason = {},
                  .lateness_p99 = Duration::ns(static_cast<int64_t>(schedule_lateness.percentile(99))),
                  .cpu_percent = cpu_percent};
  const std::string late = at.percent > 0
                               ? fmt::format("p{} of lateness is {:.0f} us", at.percent, us(at.lateness))
                               : fmt::format("{} requests are too few to know lateness", schedule_lateness.count());
  if (cpu_percent > kCpuPercentMax) {
    verdict.limited = true;
    verdict.reason = fmt::format("the generator used {:.0f} % of its cores; beyond {:.0f} % it measures itself",
                                 cpu_percent, kCpuPercentMax);
  } else if (at.response > Duration{} && us(at.lateness) > kLatenessShareMax * us(at.response)) {
    verdict.limited = true;
    verdict.reason = fmt::format("{}, more than a tenth of the response's {:.0f} us", late, us(at.response));
  } else {
    verdict.reason = fmt::format("{}, the generator used {:.0f} % of its cores", late, cpu_percent);
  }
  return verdict;
}

}  // namespace weir::load
