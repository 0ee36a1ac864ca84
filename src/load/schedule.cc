#include "load/schedule.h"

#include <algorithm>
#include <cmath>

namespace weir::load {
namespace {

constexpr int64_t kNever = INT64_MAX;
constexpr double kNsPerSecond = 1e9;

int64_t sum_or_never(int64_t a, int64_t b) { return a > kNever - b ? kNever : a + b; }

}  // namespace

double Schedule::Piece::rate(double at_ns) const {
  if (rate_begin == rate_end) return rate_begin;
  const double share = (at_ns - static_cast<double>(begin)) / static_cast<double>(end - begin);
  return rate_begin + (rate_end - rate_begin) * std::clamp(share, 0.0, 1.0);
}

Schedule::Schedule(const Plan& plan, uint32_t worker, uint32_t workers)
    : plan_(plan),
      worker_(worker),
      workers_(std::max<uint32_t>(1, workers)),
      end_ns_(plan.duration.ns()),
      taken_{.at_ns = 0, .number = 0, .prng = Prng(plan.seed)},
      ahead_(taken_) {
  const double rate = std::max(0.0, plan.rate);
  pieces_.push_back({0, kNever, rate, rate});
  std::vector<StageSpec> in_order = plan.stages;
  std::ranges::stable_sort(in_order, [](const StageSpec& a, const StageSpec& b) { return a.at < b.at; });
  for (const StageSpec& stage : in_order) add_stage(stage.at, stage.rate, stage.over);
}

/// A stage ends what was before it, even a ramp under way, and starts from the rate that it finds.
void Schedule::add_stage(Duration from, double rate, Duration over) {
  const int64_t at = std::max<int64_t>(0, from.ns());
  const double found = pieces_[piece_at(at)].rate(static_cast<double>(at));
  while (!pieces_.empty() && pieces_.back().begin >= at) pieces_.pop_back();
  if (!pieces_.empty() && pieces_.back().end > at) {
    pieces_.back().rate_end = found;
    pieces_.back().end = at;
  }
  const int64_t reached = sum_or_never(at, std::max<int64_t>(0, over.ns()));
  const double wanted = std::max(0.0, rate);
  if (reached > at) pieces_.push_back({at, reached, found, wanted});
  if (reached < kNever) pieces_.push_back({reached, kNever, wanted, wanted});
}

size_t Schedule::piece_at(int64_t at_ns) const {
  const auto after = std::upper_bound(pieces_.begin(), pieces_.end(), at_ns,
                                      [](int64_t at, const Piece& piece) { return at < piece.begin; });
  return static_cast<size_t>(std::max<ptrdiff_t>(0, after - pieces_.begin() - 1));
}

double Schedule::rate_at(Duration at) const {
  if (plan_.arrivals == Arrivals::closed || plan_.arrivals == Arrivals::log || at.ns() >= end_ns_) return 0;
  return pieces_[piece_at(std::max<int64_t>(0, at.ns()))].rate(static_cast<double>(at.ns()));
}

std::optional<Arrival> Schedule::walk(Position& position) const {
  return plan_.arrivals == Arrivals::log ? walk_log(position) : walk_rate(position);
}

std::optional<Arrival> Schedule::walk_rate(Position& position) const {
  const bool poisson = plan_.arrivals == Arrivals::poisson;
  double wanted = poisson ? position.prng.exponential(1) : position.number == 0 ? 0.5 : 1;
  for (size_t i = piece_at(static_cast<int64_t>(position.at_ns)); i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (position.at_ns >= static_cast<double>(end_ns_)) break;
    const double rate = piece.rate(position.at_ns);
    const double left = std::max(0.0, (static_cast<double>(piece.end) - position.at_ns) / kNsPerSecond);
    const double area = (rate + piece.rate_end) / 2 * left;
    if (area > 0 && wanted <= area) {
      // Where rate * t + slope * t^2 / 2 == wanted, in the form that does not subtract.
      const double slope = (piece.rate_end - rate) / left;
      const double divisor = rate + std::sqrt(std::max(0.0, rate * rate + 2 * slope * wanted));
      if (divisor > 0) position.at_ns += std::min(left, 2 * wanted / divisor) * kNsPerSecond;
      if (position.at_ns >= static_cast<double>(end_ns_)) break;
      return Arrival{Duration::ns(static_cast<int64_t>(position.at_ns)), position.number++};
    }
    wanted -= area;
    position.at_ns = static_cast<double>(piece.end);
  }
  position.at_ns = static_cast<double>(end_ns_);
  return std::nullopt;
}

std::optional<Arrival> Schedule::walk_log(Position& position) const {
  if (position.number >= plan_.log.size()) return std::nullopt;
  const double at = plan_.log[position.number].at.seconds() / plan_.log_speed;
  if (Duration::seconds(at).ns() >= end_ns_) return std::nullopt;
  return Arrival{Duration::seconds(at), position.number++};
}

const Arrival* Schedule::peek() {
  if (plan_.arrivals == Arrivals::closed) return nullptr;
  while (!shown_) {
    shown_ = walk(ahead_);
    if (!shown_) return nullptr;
    if (shown_->number % workers_ != worker_) shown_.reset();
  }
  return shown_->at.ns() < end_ns_ ? &*shown_ : nullptr;
}

void Schedule::pop() {
  taken_ = ahead_;
  shown_.reset();
}

uint64_t Schedule::count_until(Duration at) {
  uint64_t count = 0;
  for (const Arrival* next = peek(); next != nullptr && next->at < at; next = peek()) {
    ++count;
    pop();
  }
  return count;
}

void Schedule::set_rate(Duration at, double rate) {
  add_stage(at, rate, Duration{});
  // What was drawn but not popped is drawn again, with the same dice, along the changed rate.
  ahead_ = taken_;
  shown_.reset();
}

void Schedule::end(Duration at) { end_ns_ = std::min(end_ns_, std::max<int64_t>(0, at.ns())); }

}  // namespace weir::load
