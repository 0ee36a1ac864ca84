#include "base/exact_math.h"

#include <bit>
#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace weir::exact {
namespace {

static_assert(FLT_EVAL_METHOD == 0, "an intermediate result with more bits would be rounded twice");

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr double kLog2E = 0x1.71547652b82fep+0;
/// The logarithm of two: the first part ends in 21 zero bits, so that its product with any exponent is exact.
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;

/// A number as the sum of two, the second below half a unit in the last place of the first.
struct Pair {
  double high = 0, low = 0;
};

/// a + b without error (D. Knuth).
Pair sum(double a, double b) {
  const double s = a + b;
  const double b_part = s - a;
  return {s, (a - (s - b_part)) + (b - b_part)};
}

/// The same where |a| >= |b|.
Pair sum_ordered(double a, double b) {
  const double s = a + b;
  return {s, b - (s - a)};
}

/// Half the bits each, so that products of halves are exact (G. W. Veltkamp). |a| up to 2^990.
Pair halves(double a) {
  const double c = a * 0x1.0000002p+27;
  const double high = c - (c - a);
  return {high, a - high};
}

/// a * b without error (Dekker), while nothing overflows or underflows.
Pair product(double a, double b) {
  const double p = a * b;
  const Pair x = halves(a), y = halves(b);
  return {p, ((x.high * y.high - p) + x.high * y.low + x.low * y.high) + x.low * y.low};
}

Pair product(Pair a, Pair b) {
  const Pair p = product(a.high, b.high);
  return sum_ordered(p.high, p.low + (a.high * b.low + a.low * b.high));
}

/// 2^exponent for a normal result.
double power_of_two(int exponent) { return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52); }

/// x * 2^exponent in two steps: the factor itself may lie outside the doubles, and a subnormal result must be rounded
/// once only, by the second.
double scaled(double x, int exponent) {
  const int half = exponent / 2;
  return x * power_of_two(half) * power_of_two(exponent - half);
}

/// x == fraction * 2^exponent, fraction within [sqrt(1/2), sqrt(2)).
struct Split {
  double fraction = 0;
  int exponent = 0;
};

/// For positive finite x.
Split split(double x) {
  int exponent = 0;
  if (x < DBL_MIN) {
    x *= 0x1p+54;
    exponent = -54;
  }
  // Counting from sqrt(1/2), rounded down to its upper 32 bits, puts the step of the exponent where it is wanted.
  constexpr uint64_t kOne = 0x3ff0000000000000, kLeast = 0x3fe6a09e00000000;
  const uint64_t bits = std::bit_cast<uint64_t>(x) + (kOne - kLeast);
  exponent += static_cast<int>(bits >> 52) - 1023;
  return {std::bit_cast<double>((bits & 0x000fffffffffffff) + kLeast), exponent};
}

/// terms[0] + terms[1] x + ..., of an even number of terms. Even and odd powers apart: two chains of half the length,
/// which a processor works through side by side.
template <size_t kCount>
double polynomial(const double (&terms)[kCount], double x) {
  static_assert(kCount % 2 == 0);
  const double square = x * x;
  double even = terms[kCount - 2], odd = terms[kCount - 1];
  for (size_t i = kCount - 2; i > 0; i -= 2) {
    even = even * square + terms[i - 2];
    odd = odd * square + terms[i - 1];
  }
  return even + odd * x;
}

/// Of log((1 + s) / (1 - s)) = 2 s (1 + z/3 + z^2/5 + ...), z = s^2: what follows z/3, over z^2.
double log_tail(double z) {
  constexpr double kTerms[] = {1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11, 1.0 / 13,
                               1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23};
  return polynomial(kTerms, z);
}

/// log(1 + f) + correction + exponent * log(2), with 1 + f a fraction of Split. The first terms, f - f^2/2, are those
/// that carry the precision; the series of s = f / (2 + f) gives only what they lack.
double log_of(double f, double correction, int exponent) {
  const double s = f / (2 + f);
  const double half_square = 0.5 * f * f;
  const double z = s * s;
  const double rest = s * (half_square + 2 * z * (1.0 / 3 + z * log_tail(z)));
  const double k = exponent;
  return k * kLn2High - ((half_square - (rest + (k * kLn2Low + correction))) - f);
}

/// The logarithm of positive finite x, to about 2^-65 of its value.
Pair log_pair(double x) {
  const auto [fraction, exponent] = split(x);
  const double f = fraction - 1;  // exact
  const Pair divisor = sum(fraction, 1);
  const double s_high = f / divisor.high;
  const Pair back = product(s_high, divisor.high);
  const Pair s{s_high, ((f - back.high) - back.low - s_high * divisor.low) / divisor.high};

  // 2 s (1 + z/3 + z^2/5 + ...): z/3 in two doubles too, the terms after it are small enough for one.
  constexpr Pair kThird{0x1.5555555555555p-2, 0x1.5555555555555p-56};
  const Pair z = product(s, s);
  const Pair second = product(z, kThird);
  const Pair beyond = sum_ordered(second.high, z.high * z.high * log_tail(z.high) + second.low);
  const Pair correction = product(s, beyond);

  const double k = exponent;
  const Pair whole = sum(k * kLn2High, 2 * s.high);
  const Pair more = sum(whole.high, 2 * correction.high);
  return sum_ordered(more.high, ((more.low + whole.low) + 2 * (s.low + correction.low)) + k * kLn2Low);
}

/// 1/n!; a factorial up to 20! is a double without error, so this is rounded once.
constexpr double inverse_factorial(int n) {
  double factorial = 1;
  for (int i = 2; i <= n; ++i) factorial *= i;
  return 1 / factorial;
}

/// exp(high + low), where |low| is small against one.
double exp_of(double high, double low) {
  if (high > 709.79) return kInfinity;
  if (high < -745.2) return 0;
  const int k = static_cast<int>(high * kLog2E + (high < 0 ? -0.5 : 0.5));
  const double reduced = high - k * kLn2High;  // exact
  const double r = reduced + (low - k * kLn2Low);
  const double r_low = (reduced - r) + (low - k * kLn2Low);
  constexpr double kTerms[] = {
      inverse_factorial(2),  inverse_factorial(3),  inverse_factorial(4),  inverse_factorial(5),  inverse_factorial(6),
      inverse_factorial(7),  inverse_factorial(8),  inverse_factorial(9),  inverse_factorial(10), inverse_factorial(11),
      inverse_factorial(12), inverse_factorial(13), inverse_factorial(14), inverse_factorial(15)};
  return scaled(1 + (r + (r_low + r * r * polynomial(kTerms, r))), k);
}

/// x reduced to [-pi/4, pi/4], and how many quarter turns that took.
struct Angle {
  Pair rest;
  int quarters = 0;
};

Angle reduce(double x) {
  constexpr double kQuartersPerRadian = 0x1.45f306dc9c883p-1;
  // pi/2 in pieces of 33 bits: with a count below 2^20 their products are exact.
  constexpr double kPieces[] = {0x1.921fb54400000p+0, 0x1.0b4611a600000p-34, 0x1.3198a2e000000p-69};
  constexpr double kLastPiece = 0x1.b839a252049c1p-104;
  const int quarters = static_cast<int>(x * kQuartersPerRadian + (x < 0 ? -0.5 : 0.5));
  double rest = x, lost = 0;
  for (const double piece : kPieces) {
    const Pair next = sum(rest, -quarters * piece);
    rest = next.high;
    lost += next.low;
  }
  return {sum(rest, lost - quarters * kLastPiece), quarters};
}

double sin_near_zero(Pair x) {
  constexpr double kTerms[] = {-inverse_factorial(3),  inverse_factorial(5),   -inverse_factorial(7),
                               inverse_factorial(9),   -inverse_factorial(11), inverse_factorial(13),
                               -inverse_factorial(15), inverse_factorial(17)};
  const double z = x.high * x.high;
  return x.high + (x.high * z * polynomial(kTerms, z) + x.low * (1 - 0.5 * z));
}

double cos_near_zero(Pair x) {
  constexpr double kTerms[] = {inverse_factorial(4),   -inverse_factorial(6), inverse_factorial(8),
                               -inverse_factorial(10), inverse_factorial(12), -inverse_factorial(14),
                               inverse_factorial(16),  -inverse_factorial(18)};
  const double z = x.high * x.high;
  const Pair first = sum_ordered(1, -0.5 * z);
  return first.high + (first.low + (z * z * polynomial(kTerms, z) - x.high * x.low));
}

/// What IEEE 754 says about y without bound; x neither NaN, negative nor one.
double pow_of_infinite(double x, double y) { return (x > 1) == (y > 0) ? kInfinity : 0; }

}  // namespace

double log(double x) {
  if (x != x || x == kInfinity) return x;
  if (x < 0) return kNan;
  if (x == 0) return -kInfinity;
  const auto [fraction, exponent] = split(x);
  return log_of(fraction - 1, 0, exponent);
}

double log1p(double x) {
  if (x != x || x == kInfinity) return x;
  if (x < -1) return kNan;
  if (x == -1) return -kInfinity;
  if (x > -0x1p-54 && x < 0x1p-54) return x;  // and the sign of zero stays
  if (x > -0.29 && x < 0.41) return log_of(x, 0, 0);
  // What the addition loses, in units of the sum, is what the logarithm lacks.
  const Pair u = sum(1, x);
  const auto [fraction, exponent] = split(u.high);
  return log_of(fraction - 1, u.low / u.high, exponent);
}

double exp(double x) {
  if (x != x) return x;
  return exp_of(x, 0);
}

double pow(double x, double y) {
  if (x < 0) return kNan;
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return kNan;
  if (x == 0) return y > 0 ? 0 : kInfinity;
  if (x == kInfinity) return y > 0 ? kInfinity : 0;
  // Even the double next to one is at 2^65 out of range, and so is every greater exponent.
  if (y > 0x1p+65 || y < -0x1p+65) return pow_of_infinite(x, y);
  const Pair logarithm = log_pair(x);
  const Pair power = product(logarithm.high, y);
  return exp_of(power.high, power.low + logarithm.low * y);
}

double sin(double x) {
  if (!(x >= -1e6 && x <= 1e6)) return kNan;
  if (x > -0x1p-27 && x < 0x1p-27) return x;  // and the sign of zero stays
  const auto [rest, quarters] = reduce(x);
  switch (quarters & 3) {
    case 0: return sin_near_zero(rest);
    case 1: return cos_near_zero(rest);
    case 2: return -sin_near_zero(rest);
    default: return -cos_near_zero(rest);
  }
}

}  // namespace weir::exact
