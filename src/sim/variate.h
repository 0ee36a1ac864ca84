#pragma once
// A duration that varies from draw to draw: what VariateSpec describes, ready to be drawn from. mean_ns and squared_cv
// are those of the distribution, not of the draws, so that a report can set a run beside the formulas of queueing
// theory (Pollaczek-Khinchine and Kingman want exactly these two numbers).
//
//   const Variate service(group.service_time);
//   queue.push(now + service.draw(prng), ...);
//
// Draws are rounded to the nearest nanosecond, never negative, and at most kDrawMax, so that adding one to an instant
// cannot overflow however heavy the tail is. The spec must outlive the variate (measured samples stay in the spec). No
// state of its own: the same generator gives the same draws. Any thread.

#include <span>

#include "base/prng.h"
#include "base/time.h"
#include "sim/scenario.h"

namespace weir::sim {

inline constexpr Duration kDrawMax = Duration::s(100'000'000);  ///< three years

class Variate {
 public:
  explicit Variate(const VariateSpec& spec);

  Duration draw(Prng& prng) const;

  [[nodiscard]] double mean_ns() const { return mean_ns_; }
  /// Variance over the square of the mean: 0 for constant, 1 for exponential; infinite for a Pareto exponent up to 2.
  [[nodiscard]] double squared_cv() const { return squared_cv_; }

 private:
  void measure(std::span<const Duration> samples);
  void be_bimodal(const VariateSpec& spec);

  Distribution distribution_;
  /// What a draw is scaled by: the mean; bimodal: the fast value; pareto: the least value.
  double scale_ns_ = 0;
  double slow_ns_ = 0;
  uint32_t slow_percent_ = 0;
  double sigma_ = 0;             ///< lognormal: standard deviation of the logarithm
  double inverse_exponent_ = 0;  ///< pareto
  std::span<const Duration> samples_;
  double mean_ns_ = 0;
  double squared_cv_ = 0;
};

/// Standard normal: the polar method (G. Marsaglia and T. A. Bray, "A convenient method for generating normal
/// variables", 1964). Of the pair that it makes the second is thrown away: keeping it would make one stream's draws
/// depend on another's.
double draw_normal(Prng& prng);

}  // namespace weir::sim
