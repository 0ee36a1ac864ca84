#include "sim/arrivals.h"

#include <algorithm>
#include <cmath>

#include "base/exact_math.h"

namespace weir::sim {
namespace {

constexpr int64_t kNever = INT64_MAX;
constexpr double kNsPerSecond = 1e9;
constexpr int64_t kChords = 1024;

/// Of two that are not negative.
int64_t sum_or_never(int64_t a, int64_t b) { return a > kNever - b ? kNever : a + b; }
int64_t product_or_never(int64_t a, int64_t b) { return b > 0 && a > kNever / b ? kNever : a * b; }

}  // namespace

double ArrivalProcess::Piece::rate(double at_ns) const {
  if (rate_begin == rate_end) return rate_begin;
  return rate_begin +
         (rate_end - rate_begin) * ((at_ns - static_cast<double>(begin)) / static_cast<double>(end - begin));
}

ArrivalProcess::ArrivalProcess(const ClientSpec& spec) : spec_(spec) {
  const bool open_loop = spec.arrivals == Arrivals::poisson || spec.arrivals == Arrivals::constant;
  const double rate = open_loop ? spec.rate : 0;
  stages_.push_back({0, kNever, rate, rate});
  if (open_loop) lay_out_stages(spec.stages);
  piece_ = piece_at(0);
}

/// A stage ends what was before it, even a ramp under way, and starts from the rate that it finds.
void ArrivalProcess::lay_out_stages(std::span<const StageSpec> stages) {
  std::vector<StageSpec> in_order(stages.begin(), stages.end());
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const StageSpec& a, const StageSpec& b) { return a.at < b.at; });
  for (const StageSpec& stage : in_order) {
    const int64_t at = std::max<int64_t>(0, stage.at.ns());
    const double found = stage_at(at).rate(static_cast<double>(at));
    while (!stages_.empty() && stages_.back().begin >= at) stages_.pop_back();
    // An end that lies there already belongs to a stage of the same instant, whose step this one overrules.
    if (!stages_.empty() && stages_.back().end > at) {
      stages_.back().rate_end = found;
      stages_.back().end = at;
    }
    const double rate = stage.rate;
    const int64_t reached = sum_or_never(at, std::max<int64_t>(0, stage.over.ns()));
    if (reached > at) stages_.push_back({at, reached, found, rate});
    if (reached < kNever) stages_.push_back({reached, kNever, rate, rate});
  }
}

const ArrivalProcess::Piece& ArrivalProcess::stage_at(int64_t at_ns) const {
  const auto after = std::upper_bound(stages_.begin(), stages_.end(), at_ns,
                                      [](int64_t at, const Piece& stage) { return at < stage.begin; });
  return after == stages_.begin() ? *after : *(after - 1);
}

ArrivalProcess::Factor ArrivalProcess::burst_at(int64_t at_ns) const {
  const int64_t every = spec_.burst_every.ns(), length = spec_.burst_length.ns();
  if (every <= 0 || length <= 0) return {1, kNever};
  const int64_t begun = at_ns / every;
  if (begun == 0) return {1, every};
  const double value = spec_.burst_percent / 100.0;
  if (length >= every) return {value, kNever};
  const int64_t last = begun * every;
  if (at_ns - last < length) return {value, sum_or_never(last, length)};
  return {1, sum_or_never(last, every)};
}

double ArrivalProcess::day_factor(int64_t at_ns) const {
  const int64_t day = spec_.day.ns();
  if (day <= 0) return 1;
  constexpr double kTurn = 0x1.921fb54442d18p+2;
  const double share = static_cast<double>(at_ns % day) / static_cast<double>(day);
  return std::max(0.0, 1 + spec_.day_swing_percent / 100.0 * exact::sin(kTurn * share));
}

/// From at_ns on, as far as stage, burst and chord of the day all last.
ArrivalProcess::Piece ArrivalProcess::piece_at(int64_t at_ns) const {
  const Piece& stage = stage_at(at_ns);
  if (stage.rate_begin == 0 && stage.rate_end == 0) return {at_ns, stage.end, 0, 0};
  const Factor burst = burst_at(at_ns);
  int64_t end = std::min(stage.end, burst.until);
  if (burst.value == 0) return {at_ns, end, 0, 0};
  if (const int64_t day = spec_.day.ns(); day > 0) {
    const int64_t chord = std::max<int64_t>(1, day / kChords);
    end = std::min(end, product_or_never(at_ns / chord + 1, chord));
  }
  const auto rate = [&](int64_t at) { return stage.rate(static_cast<double>(at)) * burst.value * day_factor(at); };
  return {at_ns, end, rate(at_ns), rate(end)};
}

std::optional<Instant> ArrivalProcess::next(Prng& prng) {
  if (spec_.arrivals == Arrivals::trace) return next_of_trace();
  if (spec_.arrivals == Arrivals::closed) return std::nullopt;
  double wanted = spec_.arrivals == Arrivals::poisson ? prng.exponential(1) : 1;
  for (;;) {
    const double rate = piece_.rate(at_ns_);
    const double left = std::max(0.0, (static_cast<double>(piece_.end) - at_ns_) / kNsPerSecond);
    const double area = (rate + piece_.rate_end) / 2 * left;
    if (area > 0 && wanted <= area) {
      // Where rate * t + slope * t^2 / 2 == wanted, in the form that does not subtract.
      const double slope = (piece_.rate_end - rate) / left;
      const double divisor = rate + std::sqrt(std::max(0.0, rate * rate + 2 * slope * wanted));
      if (divisor > 0) at_ns_ += std::min(left, 2 * wanted / divisor) * kNsPerSecond;
      break;
    }
    at_ns_ = static_cast<double>(piece_.end);
    if (piece_.end == kNever) return std::nullopt;
    wanted -= area;
    piece_ = piece_at(piece_.end);
  }
  if (at_ns_ >= static_cast<double>(kNever)) return std::nullopt;
  return Instant::from_ns(static_cast<int64_t>(at_ns_ + 0.5));
}

std::optional<Instant> ArrivalProcess::next_of_trace() {
  if (trace_next_ == spec_.trace.size()) return std::nullopt;
  return Instant::from_ns(spec_.trace[trace_next_++].at.ns());
}

double ArrivalProcess::rate_at(Instant at) const {
  const int64_t ns = std::max<int64_t>(0, at.ns());
  return stage_at(ns).rate(static_cast<double>(ns)) * burst_at(ns).value * day_factor(ns);
}

}  // namespace weir::sim
