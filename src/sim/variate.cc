#include "sim/variate.h"

#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/exact_math.h"

namespace weir::sim {
namespace {

double to_ns(Duration d) { return static_cast<double>(d.ns()); }

/// A sum of heavy tails may have become infinite, and infinity times a scale of zero is not a number.
Duration rounded(double ns) {
  if (!(ns > 0)) return Duration{};
  if (ns >= to_ns(kDrawMax)) return kDrawMax;
  return Duration::ns(static_cast<int64_t>(ns + 0.5));
}

}  // namespace

Variate::Variate(const VariateSpec& spec)
    : distribution_(spec.distribution), scale_ns_(to_ns(spec.mean)), mean_ns_(scale_ns_) {
  switch (distribution_) {
    case Distribution::constant: break;
    case Distribution::exponential: squared_cv_ = 1; break;
    case Distribution::lognormal: {
      const double cv = spec.cv_percent / 100.0;
      squared_cv_ = cv * cv;
      sigma_ = std::sqrt(exact::log1p(squared_cv_));
      break;
    }
    case Distribution::bimodal: be_bimodal(spec); break;
    case Distribution::pareto: {
      CHECK(spec.shape_percent > 100);
      const double exponent = spec.shape_percent / 100.0;
      inverse_exponent_ = 1 / exponent;
      scale_ns_ = mean_ns_ * (exponent - 1) / exponent;
      squared_cv_ = exponent > 2 ? 1 / (exponent * (exponent - 2)) : std::numeric_limits<double>::infinity();
      break;
    }
    case Distribution::measured: measure(spec.measured); break;
  }
  if (mean_ns_ <= 0) squared_cv_ = 0;  // what is always zero does not vary
}

void Variate::be_bimodal(const VariateSpec& spec) {
  slow_ns_ = to_ns(spec.slow);
  slow_percent_ = spec.slow_percent;
  const double p = slow_percent_ / 100.0;
  mean_ns_ = scale_ns_ * (1 - p) + slow_ns_ * p;
  const double apart = (slow_ns_ - scale_ns_) / mean_ns_;
  squared_cv_ = p * (1 - p) * apart * apart;
}

void Variate::measure(std::span<const Duration> samples) {
  samples_ = samples;
  mean_ns_ = 0;
  if (samples.empty()) return;
  const auto count = static_cast<double>(samples.size());
  for (const Duration sample : samples) mean_ns_ += to_ns(sample) / count;
  double variance = 0;
  for (const Duration sample : samples) variance += (to_ns(sample) - mean_ns_) * (to_ns(sample) - mean_ns_) / count;
  squared_cv_ = variance / (mean_ns_ * mean_ns_);
}

Duration Variate::draw(Prng& prng) const {
  switch (distribution_) {
    case Distribution::constant: return rounded(scale_ns_);
    case Distribution::exponential: return rounded(prng.exponential(scale_ns_));
    // The mean of exp(sigma N) is exp(sigma^2 / 2), which is divided away.
    case Distribution::lognormal: return rounded(scale_ns_ * exact::exp(sigma_ * (draw_normal(prng) - sigma_ / 2)));
    case Distribution::bimodal: return rounded(prng.below(100) < slow_percent_ ? slow_ns_ : scale_ns_);
    // The least value over a power of a uniform draw from (0, 1].
    case Distribution::pareto: return rounded(scale_ns_ * exact::exp(prng.exponential(inverse_exponent_)));
    case Distribution::measured:
      return samples_.empty() ? Duration{} : rounded(to_ns(samples_[prng.below(samples_.size())]));
  }
  UNREACHABLE();
}

double draw_normal(Prng& prng) {
  for (;;) {
    const double x = 2 * prng.unit() - 1;
    const double y = 2 * prng.unit() - 1;
    const double square = x * x + y * y;
    if (square > 0 && square < 1) return x * std::sqrt(-2 * exact::log(square) / square);
  }
}

}  // namespace weir::sim
