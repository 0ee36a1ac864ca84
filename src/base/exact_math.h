#pragma once
// Logarithm, exponential, power and sine that give the same bits on every machine. The C library's do not: glibc picks
// a variant by what the processor can do (fused multiply-add or not) and changes them between versions, and one
// different last bit is enough for a simulated run, or a production policy that is replayed, to take another turn.
// Here is nothing but + - * / and shifts of exponents, each rounded once as IEEE 754 prescribes; the build forbids the
// compiler to fuse them (-ffp-contract=off in cmake/WeirModule.cmake).
//
// Within 2 units in the last place of the true value. Limits and special values are those of <cmath>, NaN included,
// but errno and the floating-point flags mean nothing. Any thread.
//
// Argument reduction as in W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980; the
// polynomials are Taylor's, a few terms longer than minimax ones would be and checked by eye; pow carries its
// logarithm in two doubles (T. J. Dekker, "A floating-point technique for extending the available precision", 1971).

namespace weir::exact {

[[nodiscard]] double log(double x);
[[nodiscard]] double log1p(double x);
[[nodiscard]] double exp(double x);
/// For x >= 0; a negative x gives NaN whatever y is, because nothing here needs signs.
[[nodiscard]] double pow(double x, double y);
/// For |x| <= 1e6; beyond it NaN, because the reduction would no longer be exact.
[[nodiscard]] double sin(double x);

}  // namespace weir::exact
