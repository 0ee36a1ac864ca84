#pragma once
// Popularity: rank 0 is asked for most, rank k with a probability proportional to (k + 1)^-s. Rejection-inversion (W.
// Hoermann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996):
// constant time and memory for any number of ranks and any exponent, s = 1 and s < 1 included, where an alias table of
// ten million keys would fill the caches that the simulation needs. Exponent 0 is a uniform draw.
//
//   const Zipf keys(client.keys, client.keys_zipf_percent);
//   const uint32_t key = keys.draw(prng);
//
// Immutable; any thread.

#include <cstdint>

#include "base/prng.h"

namespace weir {

class Zipf {
 public:
  /// `exponent_percent` is s in hundredths. At least one rank: 0 is taken as 1.
  Zipf(uint32_t ranks, uint32_t exponent_percent);

  uint32_t draw(Prng& prng) const;

 private:
  [[nodiscard]] double hat(double x) const;           ///< x^-s
  [[nodiscard]] double hat_integral(double x) const;  ///< of the hat from 1 to x
  [[nodiscard]] double hat_integral_inverse(double y) const;

  uint32_t ranks_;
  double exponent_;
  double integral_first_ = 0;  ///< where the area under the hat begins ...
  double integral_last_ = 0;   ///< ... and ends
  double squeeze_ = 0;         ///< a point at most this far left of its rank is accepted without looking
};

}  // namespace weir
