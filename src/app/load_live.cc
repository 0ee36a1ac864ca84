#include "app/load_live.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "app/terminal.h"
#include "load/summary.h"
#include "load/threshold.h"

namespace weir::app {
namespace {

std::string percentile(const Histogram& histogram, double percent) {
  const auto found = load::percentile_of(histogram, percent);
  return found ? load::short_duration(*found) : "too few";
}

double per_second(uint64_t count, Duration length) {
  return length > Duration{} ? static_cast<double>(count) / length.seconds() : 0;
}

std::string bar(double share) {
  constexpr int kCells = 30;
  const int full = static_cast<int>(std::clamp(share, 0.0, 1.0) * kCells);
  std::string out;
  for (int i = 0; i < kCells; ++i) out += i < full ? "█" : "░";
  return out;
}

std::string failures(const load::Interval& interval) {
  std::string out;
  for (size_t i = 0; i < load::kFailures; ++i) {
    if (interval.failures[i] > 0) out += fmt::format(" {} {}", load::kFailureNames[i], interval.failures[i]);
  }
  return out.empty() ? " none" : out;
}

}  // namespace

LoadLive::LoadLive(const load::Plan& plan, bool quiet)
    : duration_(plan.duration), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void LoadLive::show(const load::Interval& interval) {
  if (quiet_) return;
  if (terminal_) return draw_block(interval);
  complain(fmt::format(
      "{:>5.0f}s  offered {:>8.1f}/s  good {:>8.1f}/s  failed{}  p50 {}  p99 {}{}\n", interval.end().seconds(),
      per_second(interval.offered, interval.length), per_second(interval.good, interval.length), failures(interval),
      percentile(interval.response, 50), percentile(interval.response, 99), interval.warm_up ? "  (warm-up)" : ""));
}

void LoadLive::draw_block(const load::Interval& interval) {
  if (!interval.warm_up) so_far_.add_following(interval);
  const double share = interval.end().seconds() / std::max(duration_.seconds(), 1e-9);
  std::string out = lines_ > 0 ? fmt::format("\x1b[{}A\x1b[J", lines_) : "";
  out += fmt::format("{} {:.0f} of {:.0f} s{}\n", bar(share), interval.end().seconds(), duration_.seconds(),
                     interval.warm_up ? ", warm-up" : "");
  out += fmt::format("  offered {:>9.1f}/s   completed {:>9.1f}/s   good {:>9.1f}/s   in flight {}\n",
                     per_second(interval.offered, interval.length), per_second(interval.completed, interval.length),
                     per_second(interval.good, interval.length), interval.in_flight_max);
  const std::array<std::pair<const char*, const load::Interval*>, 2> rows{
      {{"this second", &interval}, {"so far", &so_far_}}};
  for (const auto& [name, of] : rows) {
    out += fmt::format("  {:<12} response p50 {:>9} p99 {:>9} p99.9 {:>9}   service p99 {:>9}\n", name,
                       percentile(of->response, 50), percentile(of->response, 99), percentile(of->response, 99.9),
                       percentile(of->service, 99));
  }
  out += fmt::format("  failed{}\n", failures(so_far_));
  lines_ = 5;
  complain(out);
}

void LoadLive::end() {
  if (lines_ > 0) complain(fmt::format("\x1b[{}A\x1b[J", lines_));
  lines_ = 0;
}

}  // namespace weir::app
