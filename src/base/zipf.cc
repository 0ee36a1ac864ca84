#include "base/zipf.h"

#include <algorithm>

#include "base/exact_math.h"

namespace weir {
namespace {

/// (exp(t) - 1) / t, which is what the integral of x^-s comes to: near s = 1 the difference would lose its digits, and
/// at s = 1 the quotient its meaning, so there the series stands for it.
double growth(double t) {
  if (t < -0.5 || t > 0.5) return (exact::exp(t) - 1) / t;
  double series = 1;
  for (int n = 15; n >= 2; --n) series = 1 + series * t / n;
  return series;
}

/// log(1 + t) / t.
double inverse_growth(double t) { return t == 0 ? 1 : exact::log1p(t) / t; }

}  // namespace

Zipf::Zipf(uint32_t ranks, uint32_t exponent_percent)
    : ranks_(std::max<uint32_t>(1, ranks)), exponent_(exponent_percent / 100.0) {
  integral_first_ = hat_integral(1.5) - 1;
  integral_last_ = hat_integral(ranks_ + 0.5);
  squeeze_ = 2 - hat_integral_inverse(hat_integral(2.5) - hat(2));
}

double Zipf::hat(double x) const { return exact::exp(-exponent_ * exact::log(x)); }

double Zipf::hat_integral(double x) const {
  const double logarithm = exact::log(x);
  return growth((1 - exponent_) * logarithm) * logarithm;
}

double Zipf::hat_integral_inverse(double y) const {
  // Rounding may push the argument past the end of a hat whose whole area is finite.
  const double t = std::max(-1.0, y * (1 - exponent_));
  return exact::exp(inverse_growth(t) * y);
}

uint32_t Zipf::draw(Prng& prng) const {
  if (exponent_ == 0) return static_cast<uint32_t>(prng.below(ranks_));
  for (;;) {
    const double u = integral_last_ + prng.unit() * (integral_first_ - integral_last_);
    const double x = hat_integral_inverse(u);
    // Clamped before it is made whole: the far end of a steep hat may be infinite.
    const double rank = static_cast<uint32_t>(std::clamp(x + 0.5, 1.0, static_cast<double>(ranks_)));
    if (rank - x <= squeeze_ || u >= hat_integral(rank + 0.5) - hat(rank)) return static_cast<uint32_t>(rank) - 1;
  }
}

}  // namespace weir
