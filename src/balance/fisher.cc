#include "balance/fisher.h"

#include <algorithm>

#include "base/check.h"
#include "base/exact_math.h"

namespace weir::balance {
namespace {

/// For whole n. Stirling's series with its next term below 1.1e-16 from 17 on; before that n! is a double without
/// error.
double log_factorial(double n) {
  if (n < 17) {
    double factorial = 1;
    for (double i = 2; i <= n; ++i) factorial *= i;
    return exact::log(factorial);
  }
  constexpr double kHalfLogTwoPi = 0x1.d67f1c864beb5p-1;
  const double z = 1 / (n * n);
  const double series = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188))))) / n;
  return (n + 0.5) * exact::log(n) - n + kHalfLogTwoPi + series;
}
double log_choose(double n, double k) { return log_factorial(n) - log_factorial(k) - log_factorial(n - k); }

/// Terms this much smaller than the sum no longer change it.
constexpr double kNegligible = 1e-17;

}  // namespace

double fisher_one_sided(uint64_t failures, uint64_t requests, uint64_t peer_failures, uint64_t peer_requests) {
  DCHECK(failures <= requests && peer_failures <= peer_requests);
  if (requests == 0 || peer_requests == 0 || failures == 0) return 1.0;
  const auto drawn = static_cast<double>(requests);
  const auto bad = static_cast<double>(failures + peer_failures);
  const auto good = static_cast<double>(requests + peer_requests) - bad;
  const auto probability = [&](double k) {
    return exact::exp(log_choose(bad, k) + log_choose(good, drawn - k) - log_choose(bad + good, drawn));
  };
  const auto observed = static_cast<double>(failures);

  double sum = 0;
  if (observed * (bad + good) >= drawn * bad) {
    // Above the mean: terms fall from here upwards.
    double term = probability(observed);
    for (double k = observed; term > sum * kNegligible; ++k) {
      sum += term;
      term *= (bad - k) * (drawn - k) / ((k + 1) * (good - drawn + k + 1));
    }
    return std::min(sum, 1.0);
  }
  double term = probability(observed - 1);
  for (double k = observed - 1; term > sum * kNegligible; --k) {
    sum += term;
    term *= k * (good - drawn + k) / ((bad - k + 1) * (drawn - k + 1));
  }
  return std::clamp(1.0 - sum, 0.0, 1.0);
}

}  // namespace weir::balance
