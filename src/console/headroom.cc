#include "console/headroom.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace weir::console {

namespace {

constexpr double kLevelsPerDoubling = 6;
constexpr double kLowestRate = 1.0 / 16;
/// A sample needs so many requests for its mean to mean something; a quiet cluster gathers them for so long.
constexpr uint64_t kSampleRequests = 50;
constexpr double kSampleSeconds = 10;
constexpr double kFailuresMost = 0.05;
/// What a level knows halves in this time of new samples: software changes, and so do machines.
constexpr double kHalfLifeSeconds = 600;
constexpr double kLevelWeight = 3;
constexpr uint32_t kFewestLevels = 4;
constexpr double kNarrowestSpread = 1.5;  ///< highest over lowest level
constexpr double kKneeFactor = 2;         ///< latency at the knee, over that without load
constexpr double kExtrapolation = 2;
constexpr double kChiSquare = 4;
constexpr double kWidest = 1.6;  ///< knee_high over knee_low that still is a number
/// Even a level of many requests is not known better than this: the world is not M/M/c.
constexpr double kModelError = 0.03;

struct Point {
  double rate, log_latency, variance;
};

/// W(x) / S.
double stretch(double rho, double c) { return 1 + std::pow(rho, std::sqrt(2 * (c + 1)) - 1) / (c * (1 - rho)); }

/// The rho at which the curve for c reaches the knee.
double knee_of(double c) {
  double low = 0;
  double high = 1 - 1e-9;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (stretch(middle, c) < kKneeFactor ? low : high) = middle;
  }
  return low;
}

struct Curve {
  double chi_square = std::numeric_limits<double>::infinity();
  double log_base = 0;
  double knee = 0;
};

/// The best S for a given X and c has a closed form, in logarithms: the weighted mean of what the curve leaves over.
Curve fit(const std::vector<Point>& points, double saturation, double c, double knee_rho) {
  double weights = 0;
  double sum = 0;
  double squares = 0;
  for (const Point& point : points) {
    const double rest = point.log_latency - std::log(stretch(point.rate / saturation, c));
    weights += 1 / point.variance;
    sum += rest / point.variance;
    squares += rest * rest / point.variance;
  }
  return {.chi_square = std::max(0.0, squares - sum * sum / weights),
          .log_base = sum / weights,
          .knee = saturation * knee_rho};
}

/// Every curve worth considering: the saturation from just above what was seen to far beyond, the width from one to
/// many.
std::vector<Curve> all_curves(const std::vector<Point>& points, double seen) {
  std::vector<Curve> curves;
  for (const double c : {1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 16.0, 32.0, 64.0}) {
    const double knee_rho = knee_of(c);
    // Steps of the excess, so that they are finest where the curve is steepest.
    for (double excess = 0.01; excess < 9; excess *= 1.16) {
      curves.push_back(fit(points, seen * (1 + excess), c, knee_rho));
    }
  }
  return curves;
}

double chi_square_of_no_rise(const std::vector<Point>& points) {
  double weights = 0;
  double sum = 0;
  double squares = 0;
  for (const Point& point : points) {
    weights += 1 / point.variance;
    sum += point.log_latency / point.variance;
    squares += point.log_latency * point.log_latency / point.variance;
  }
  return std::max(0.0, squares - sum * sum / weights);
}

/// Fills in what the curves say.
void judge(Headroom& result, const std::vector<Point>& points) {
  const auto curves = all_curves(points, result.seen);
  const auto best = std::min_element(curves.begin(), curves.end(),
                                     [](const Curve& a, const Curve& b) { return a.chi_square < b.chi_square; });
  // Where even the best curve misses by more than the levels' scatter, everything is less certain by as much.
  const double scale = std::max(1.0, best->chi_square / std::max(1.0, static_cast<double>(points.size()) - 3));
  result.knee = result.knee_low = result.knee_high = best->knee;
  result.base_seconds = std::exp(best->log_base);
  for (const Curve& curve : curves) {
    if (curve.chi_square > best->chi_square + kChiSquare * scale) continue;
    result.knee_low = std::min(result.knee_low, curve.knee);
    result.knee_high = std::max(result.knee_high, curve.knee);
  }
  const bool rises = chi_square_of_no_rise(points) > best->chi_square + kChiSquare * scale;
  const double width = result.knee_high / result.knee_low;
  if (!rises) {
    result.state = Headroom::State::flat;
  } else if (width > kWidest || result.knee > kExtrapolation * result.seen) {
    result.state = Headroom::State::undetermined;
  } else {
    result.state = result.knee <= result.seen ? Headroom::State::measured : Headroom::State::extrapolated;
    result.confidence = std::clamp((kWidest - width) / (kWidest - 1), 0.0, 1.0);
  }
}

}  // namespace

std::string_view name_of(Headroom::State state) {
  switch (state) {
    case Headroom::State::no_traffic: return "no_traffic";
    case Headroom::State::one_level: return "one_level";
    case Headroom::State::flat: return "flat";
    case Headroom::State::undetermined: return "undetermined";
    case Headroom::State::extrapolated: return "extrapolated";
    case Headroom::State::measured: return "measured";
  }
  return "";
}

void HeadroomEstimator::add(const LoadSample& sample) {
  rate_ = sample.serving == 0 ? 0 : static_cast<double>(sample.requests) / sample.seconds / sample.serving;
  // Seconds with different endpoints do not mix.
  if (sample.serving != gathered_.serving) gathered_ = {.seconds = 0, .serving = sample.serving};
  gathered_.seconds += sample.seconds;
  gathered_.requests += sample.requests;
  gathered_.latency_seconds += sample.latency_seconds;
  gathered_.failed += sample.failed;
  if (gathered_.requests < kSampleRequests && gathered_.seconds < kSampleSeconds) return;
  if (gathered_.requests >= kSampleRequests) settle();
  gathered_ = {.seconds = 0, .serving = sample.serving};
}

void HeadroomEstimator::settle() {
  const auto requests = static_cast<double>(gathered_.requests);
  if (gathered_.serving == 0 || static_cast<double>(gathered_.failed) > kFailuresMost * requests) return;
  const double rate = requests / gathered_.seconds / gathered_.serving;
  const double latency = std::log(std::max(gathered_.latency_seconds / requests, 1e-9));
  const double place = std::log2(rate / kLowestRate) * kLevelsPerDoubling;
  if (!(place >= 0)) return;
  const double keep = std::exp2(-gathered_.seconds / kHalfLifeSeconds);
  for (Level& each : levels_) {
    each.weight *= keep;
    each.rate *= keep;
    each.log_latency *= keep;
    each.log_squared *= keep;
  }
  Level& level = levels_[std::min(static_cast<size_t>(place), kLevels - 1)];
  level.weight += 1;
  level.rate += rate;
  level.log_latency += latency;
  level.log_squared += latency * latency;
}

Headroom HeadroomEstimator::estimate() const {
  Headroom result{.rate = rate_};
  std::vector<Point> points;
  double lowest = 0;
  for (const Level& level : levels_) {
    if (level.weight < kLevelWeight) continue;
    const double mean = level.log_latency / level.weight;
    const double spread = std::max(0.0, level.log_squared / level.weight - mean * mean);
    result.seen = level.rate / level.weight;
    if (points.empty()) lowest = result.seen;
    points.push_back({result.seen, mean, spread / level.weight + kModelError * kModelError});
  }
  if (points.empty()) return result;
  result.levels = static_cast<uint32_t>(points.size());
  result.base_seconds = std::exp(points.front().log_latency);
  if (result.levels < kFewestLevels || result.seen < lowest * kNarrowestSpread) {
    result.state = Headroom::State::one_level;
    return result;
  }
  judge(result, points);
  return result;
}

}  // namespace weir::console
