#include "load/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/units.h"

namespace weir::load {
namespace {

std::optional<int64_t> ns_of(const Histogram& histogram, double percent) {
  const auto found = percentile_of(histogram, percent);
  return found ? std::optional(found->ns()) : std::nullopt;
}

Point point_of(const Interval& interval) {
  Point point{.at_s = interval.at.seconds(), .length_s = interval.length.seconds()};
  const double length = std::max(point.length_s, 1e-9);
  const auto rate = [&](uint64_t count) { return static_cast<double>(count) / length; };
  point.offered = rate(interval.offered);
  point.completed = rate(interval.completed);
  point.good = rate(interval.good);
  for (size_t i = 0; i < kFailures; ++i) point.failures[i] = rate(interval.failures[i]);
  constexpr std::array<double, 3> kShown{50, 99, 99.9};
  for (size_t i = 0; i < kShown.size(); ++i) {
    point.response[i] = ns_of(interval.response, kShown[i]);
    point.service[i] = ns_of(interval.service, kShown[i]);
  }
  point.warm_up = interval.warm_up;
  return point;
}

/// Ten points per decade of 1 / (1 - p), as far as the samples reach.
std::vector<CurvePoint> curve_of(const Interval& total) {
  std::vector<CurvePoint> curve;
  double beyond = 1;
  for (int i = 0; i <= 60; ++i, beyond *= 0.79432823472428150) {  // 10^-0.1
    const double percent = i == 0 ? 1e-9 : 100 * (1 - beyond);
    const auto response = ns_of(total.response, percent), service = ns_of(total.service, percent);
    if (!response || !service) break;
    curve.push_back({i == 0 ? 0 : percent, *response, *service});
  }
  return curve;
}

std::string row(std::string_view name, const Quantiles& q) {
  std::string out = fmt::format("  {:<10}", name);
  for (const auto& each : q.at) out += fmt::format("{:>10}", cell_of(each));
  if (q.count == 0) return out + fmt::format("{:>10}{:>10}\n", "-", "-");
  return out + fmt::format("{:>10}{:>10}\n", short_duration(Duration::ns(q.max)), short_duration(Duration::ns(q.mean)));
}

std::string heading() {
  std::string out = fmt::format("  {:<10}", "");
  for (const double percent : kPercents) out += fmt::format("{:>10}", fmt::format("p{}", percent));
  return out + fmt::format("{:>10}{:>10}\n", "max", "mean");
}

std::string failures_text(const Figures& f) {
  std::string out;
  for (size_t i = 0; i < kFailures; ++i) {
    if (f.failures[i] > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", kFailureNames[i], f.failures[i]);
  }
  return out.empty() ? "none" : out;
}

}  // namespace

std::string cell_of(const std::optional<int64_t>& ns) { return ns ? short_duration(Duration::ns(*ns)) : "too few"; }

Quantiles quantiles_of(const Histogram& histogram) {
  Quantiles out;
  for (size_t i = 0; i < kPercents.size(); ++i) out.at[i] = ns_of(histogram, kPercents[i]);
  out.count = histogram.count();
  out.max = static_cast<int64_t>(histogram.max());
  if (out.count > 0) out.mean = static_cast<int64_t>(histogram.sum() / out.count);
  return out;
}

std::string title_of(const Plan& plan) {
  const std::string length = model::format_duration(plan.duration);
  switch (plan.arrivals) {
    case Arrivals::closed:
      return fmt::format("closed loop of {} connections for {} at {}", plan.connections, length, plan.target.text());
    case Arrivals::log:
      return fmt::format("{} requests of a log, {}x its speed, at {}", plan.log.size(), plan.log_speed,
                         plan.target.text());
    case Arrivals::constant:
    case Arrivals::poisson: break;
  }
  return fmt::format("{} {}/s{} for {} at {}", plan.arrivals == Arrivals::poisson ? "poisson" : "constant", plan.rate,
                     plan.stages.empty() ? "" : " and stages", length, plan.target.text());
}

Figures figures_of(const Plan& plan, const Summary& summary, std::vector<Held> thresholds, std::string title) {
  const Interval& total = *summary.total;
  Figures f;
  f.title = title.empty() ? title_of(plan) : std::move(title);
  f.closed_loop = plan.arrivals == Arrivals::closed;
  f.measured_s = summary.measured.seconds();
  f.offered = total.offered;
  f.started = total.started;
  f.completed = total.completed;
  f.good = total.good;
  f.connects = total.connects;
  f.bytes_read = total.bytes_read;
  f.failures = total.failures;
  f.in_flight_max = total.in_flight_max;
  f.rate_offered = summary.per_second(total.offered);
  f.rate_completed = summary.per_second(total.completed);
  f.rate_good = summary.per_second(total.good);
  f.errors_percent = errors_percent(total);
  f.response = quantiles_of(total.response);
  f.service = quantiles_of(total.service);
  f.lateness = quantiles_of(total.lateness);
  f.verdict = summary.verdict;
  f.aborted = summary.aborted;
  for (const auto& each : summary.routes) {
    f.routes.push_back({each->name, each->completed, each->good, each->failed, quantiles_of(each->response)});
  }
  for (const auto& each : summary.intervals) f.points.push_back(point_of(*each));
  f.curve = curve_of(total);
  f.thresholds = std::move(thresholds);
  return f;
}

std::string text_of(const Figures& f) {
  std::string out = fmt::format("{}\n", f.title);
  out += fmt::format("  measured {:.1f} s{}: offered {} ({:.1f}/s), completed {} ({:.1f}/s), good {} ({:.1f}/s)\n",
                     f.measured_s, f.aborted ? " (ended before its time)" : "", f.offered, f.rate_offered, f.completed,
                     f.rate_completed, f.good, f.rate_good);
  out += fmt::format("  failed {:.3g}%: {}; connections opened {}, in flight at most {}\n", f.errors_percent,
                     failures_text(f), f.connects, f.in_flight_max);
  out += heading();
  out += row("response", f.response) + row("service", f.service) + row("lateness", f.lateness);
  if (f.closed_loop) {
    out += "  A closed loop waits for answers before it asks again: what its clients would feel is not in these.\n";
  } else {
    out += "  response: from the intended start; service: from the send; lateness: between the two.\n";
  }
  if (f.routes.size() > 1) {
    for (const RouteFigures& each : f.routes) {
      out += fmt::format("  {:<24} good {:>8}  failed {:>6}  p50 {:>9}  p99 {:>9}\n", each.name, each.good, each.failed,
                         cell_of(each.response.at[0]), cell_of(each.response.at[4]));
    }
  }
  for (const Held& each : f.thresholds) {
    out += fmt::format("  {} {}: {}\n", each.held ? "held  " : "MISSED", each.threshold.text, each.actual);
  }
  out += fmt::format("  {}: {}\n", f.verdict.limited ? "GENERATOR-LIMITED" : "on schedule", f.verdict.reason);
  return out;
}

}  // namespace weir::load
