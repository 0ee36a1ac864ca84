// Errors are measured against the C library's long double, whose 64 bits of precision are right to far below what is
// asked for here; the pinned bits are what every machine must give.
#include "base/exact_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "base/prng.h"

namespace weir::exact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// How far `got` is from the true value, in units of the last place of a double of that size.
double ulps(double got, long double truth) {
  if (static_cast<long double>(got) == truth) return 0;
  const long double size = std::max(std::fabs(truth), static_cast<long double>(DBL_MIN));
  const long double unit = std::ldexp(1.0L, std::ilogb(size) - 52);
  return static_cast<double>(std::fabs(static_cast<long double>(got) - truth) / unit);
}

double uniform(Prng& prng, double least, double most) { return least + prng.unit() * (most - least); }

/// Any positive double, each exponent as likely as another: subnormal ones too.
double any_positive(Prng& prng) { return std::bit_cast<double>(1 + prng.below(0x7fefffffffffffff)); }

struct Range {
  const char* message;
  std::function<double(Prng&)> draw;
  double (*ours)(double);
  long double (*truth)(long double);
};

TEST(ExactMath, FunctionsOfOneNumberAreWithinTwoUnitsInTheLastPlace) {
  if (LDBL_MANT_DIG <= DBL_MANT_DIG) GTEST_SKIP() << "long double is no better than double here";
  const auto between = [](double least, double most) { return [=](Prng& prng) { return uniform(prng, least, most); }; };
  const auto log_l = [](long double x) { return std::log(x); };
  const auto log1p_l = [](long double x) { return std::log1p(x); };
  const auto exp_l = [](long double x) { return std::exp(x); };
  const auto sin_l = [](long double x) { return std::sin(x); };
  const Range ranges[] = {
      {"log of anything", any_positive, log, log_l},
      {"log around one, where it is zero", between(0.7, 1.5), log, log_l},
      {"log very close to one", between(1 - 1e-9, 1 + 1e-9), log, log_l},
      {"log1p of what unit() gives", between(-1, 0), log1p, log1p_l},
      {"log1p around zero", between(-1e-5, 1e-5), log1p, log1p_l},
      {"log1p where the argument's reduction changes", between(0.3, 0.5), log1p, log1p_l},
      {"log1p of anything positive", any_positive, log1p, log1p_l},
      {"exp of anything finite", between(-708, 709.7), exp, exp_l},
      {"exp around zero", between(-1, 1), exp, exp_l},
      {"exp of tiny numbers", between(-1e-9, 1e-9), exp, exp_l},
      {"exp where the result is subnormal", between(-745, -708), exp, exp_l},
      {"sin of two turns", between(-13, 13), sin, sin_l},
      {"sin of anything allowed", between(-1e6, 1e6), sin, sin_l},
      {"sin of tiny numbers", between(-1e-7, 1e-7), sin, sin_l},
      {"sin next to its zeros",
       [](Prng& prng) { return static_cast<double>(prng.below(318'309)) * 3.14159265358979 + prng.unit() * 1e-10; },
       sin, sin_l},
  };
  for (const Range& range : ranges) {
    Prng prng(1);
    double worst = 0, where = 0;
    for (int i = 0; i < 100'000; ++i) {
      const double x = range.draw(prng);
      const double error = ulps(range.ours(x), range.truth(x));
      if (!(error <= worst)) worst = error, where = x;
    }
    EXPECT_LE(worst, 2.0) << range.message << ", at " << where;
  }
}

TEST(ExactMath, PowIsWithinTwoUnitsInTheLastPlace) {
  if (LDBL_MANT_DIG <= DBL_MANT_DIG) GTEST_SKIP() << "long double is no better than double here";
  struct Case {
    const char* message;
    std::function<double(Prng&)> base;
    double least, most;  ///< of the logarithm of the result
  };
  const Case cases[] = {
      {"anything", any_positive, -700, 700},
      {"a base close to one", [](Prng& prng) { return uniform(prng, 1 - 1e-6, 1 + 1e-6); }, -700, 700},
      {"a base around one", [](Prng& prng) { return uniform(prng, 0.6, 1.6); }, -700, 700},
      {"ordinary numbers", [](Prng& prng) { return uniform(prng, 0, 100); }, -20, 20},
      {"subnormal results", [](Prng& prng) { return uniform(prng, 2, 100); }, -745, -708},
  };
  for (const Case& c : cases) {
    Prng prng(2);
    double worst = 0, where = 0, power = 0;
    for (int i = 0; i < 100'000; ++i) {
      const double x = c.base(prng);
      if (x == 1) continue;
      const double y = uniform(prng, c.least, c.most) / std::fabs(std::log(x));
      const double error = ulps(pow(x, y), std::pow(static_cast<long double>(x), static_cast<long double>(y)));
      if (!(error <= worst)) worst = error, where = x, power = y;
    }
    EXPECT_LE(worst, 2.0) << c.message << ", at " << where << " to the power of " << power;
  }
}

TEST(ExactMath, SpecialValues) {
  struct Case {
    const char* message;
    double expected, got;
  };
  const double tiny = std::numeric_limits<double>::denorm_min(), huge = DBL_MAX;
  const Case cases[] = {
      {"log 0", -kInfinity, log(0)},
      {"log -0", -kInfinity, log(-0.0)},
      {"log 1", 0, log(1)},
      {"log of a negative number", kNan, log(-1)},
      {"log of infinity", kInfinity, log(kInfinity)},
      {"log of minus infinity", kNan, log(-kInfinity)},
      {"log NaN", kNan, log(kNan)},
      {"log1p -1", -kInfinity, log1p(-1)},
      {"log1p below -1", kNan, log1p(-1.5)},
      {"log1p 0", 0, log1p(0)},
      {"log1p -0", -0.0, log1p(-0.0)},
      {"log1p of the least number", tiny, log1p(tiny)},
      {"log1p of infinity", kInfinity, log1p(kInfinity)},
      {"log1p NaN", kNan, log1p(kNan)},
      {"exp 0", 1, exp(0)},
      {"exp just below overflow", 0x1.fffffffffff2ap+1023, exp(0x1.62e42fefa39efp+9)},
      {"exp just above", kInfinity, exp(0x1.62e42fefa39f0p+9)},
      {"exp just above underflow", tiny, exp(-745.13)},
      {"exp below it", 0, exp(-745.14)},
      {"exp of the largest number", kInfinity, exp(huge)},
      {"exp of infinity", kInfinity, exp(kInfinity)},
      {"exp of minus infinity", 0, exp(-kInfinity)},
      {"exp NaN", kNan, exp(kNan)},
      {"pow of a negative base", kNan, pow(-2, 2)},
      {"pow of a negative base, to zero", kNan, pow(-2, 0)},
      {"pow to zero", 1, pow(kNan, 0)},
      {"pow of one", 1, pow(1, kNan)},
      {"pow of NaN", kNan, pow(kNan, 1)},
      {"pow to NaN", kNan, pow(2, kNan)},
      {"zero to a positive power", 0, pow(0, 0.5)},
      {"zero to a negative power", kInfinity, pow(0, -0.5)},
      {"infinity to a positive power", kInfinity, pow(kInfinity, 0.5)},
      {"infinity to a negative power", 0, pow(kInfinity, -kInfinity)},
      {"a base above one, to infinity", kInfinity, pow(1.5, kInfinity)},
      {"a base above one, to minus infinity", 0, pow(1.5, -kInfinity)},
      {"a base below one, to infinity", 0, pow(0.5, kInfinity)},
      {"a base below one, to minus infinity", kInfinity, pow(0.5, -kInfinity)},
      {"an exact power", 1024, pow(2, 10)},
      {"the least number, to a half and back", 0x1p-537, pow(tiny, 0.5)},
      {"a huge power of nearly one", kInfinity, pow(std::nextafter(1, 2), huge)},
      {"a tiny power", 1, pow(3, tiny)},
      {"sin 0", 0, sin(0)},
      {"sin -0", -0.0, sin(-0.0)},
      {"sin at the end of its range", static_cast<double>(std::sin(1e6L)), sin(1e6)},
      {"sin beyond it", kNan, sin(1'000'001)},
      {"sin of infinity", kNan, sin(kInfinity)},
      {"sin NaN", kNan, sin(kNan)},
  };
  for (const Case& c : cases) {
    if (std::isnan(c.expected)) {
      EXPECT_TRUE(std::isnan(c.got)) << c.message << " gave " << c.got;
    } else {
      EXPECT_EQ(std::bit_cast<uint64_t>(c.got), std::bit_cast<uint64_t>(c.expected))
          << c.message << " gave " << c.got << ", not " << c.expected;
    }
  }
}

TEST(ExactMath, TheBitsAreTheSameOnEveryMachine) {
  struct Case {
    const char* message;
    uint64_t expected;
    double got;
  };
  const Case cases[] = {
      {"log(1e-300)", 0xc085963447f87fb5, log(1e-300)},
      {"log(0.1)", 0xc0026bb1bbb55515, log(0.1)},
      {"log(0.7071067811865475)", 0xbfd62e42fefa39f1, log(0.7071067811865475)},
      {"log(3)", 0x3ff193ea7aad030a, log(3)},
      {"log(1e9)", 0x4034b927f32bffb8, log(1e9)},
      {"log1p(-0.9999999)", 0xc0301e3b8440ed2f, log1p(-0.9999999)},
      {"log1p(-0.3)", 0xbfd6d3c324e13f4e, log1p(-0.3)},
      {"log1p(1e-10)", 0x3ddb7cdfd9d1d693, log1p(1e-10)},
      {"log1p(0.4)", 0x3fd588c2d9133490, log1p(0.4)},
      {"log1p(12345.678)", 0x4022d79ff745b2fd, log1p(12345.678)},
      {"exp(-700.5)", 0x00c4ff475c68ca02, exp(-700.5)},
      {"exp(-1)", 0x3fd78b56362cef38, exp(-1)},
      {"exp(-0.001)", 0x3feff7cfe56f1a9e, exp(-0.001)},
      {"exp(0.3)", 0x3ff599058c8c1a96, exp(0.3)},
      {"exp(100.25)", 0x48f8c39b9134bac4, exp(100.25)},
      {"pow(0.001, 0.45)", 0x3fa6dec56bfd58e6, pow(0.001, 0.45)},
      {"pow(1.0000001, 1e9)", 0x48f349445c228792, pow(1.0000001, 1e9)},
      {"pow(2.5, -300.7)", 0x271691780840fcc4, pow(2.5, -300.7)},
      {"pow(10, 300.3)", 0x7e47d5bf80286c12, pow(10, 300.3)},
      {"pow(1e-310, 0.1)", 0x398039d66589686c, pow(1e-310, 0.1)},
      {"sin(0.5)", 0x3fdeaee8744b05f0, sin(0.5)},
      {"sin(3.141592653589793)", 0x3ca1a62633145c07, sin(3.141592653589793)},
      {"sin(6.1)", 0xbfc75119d733fb7b, sin(6.1)},
      {"sin(-100)", 0x3fe03425b78c4db8, sin(-100)},
      {"sin(999999.9)", 0xbfdc45dd2caf2607, sin(999999.9)},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(std::bit_cast<uint64_t>(c.got), c.expected) << c.message << ": this compiler or machine rounds elsewhere";
  }
}

TEST(ExactMath, SoAreThoseOfAHundredThousandResults) {
  struct Case {
    const char* message;
    uint64_t expected;
    std::function<double(Prng&)> result;
  };
  const Case cases[] = {
      {"log", 0xd90cef4238fd80b5, [](Prng& prng) { return log(any_positive(prng)); }},
      {"log1p", 0xedff504704704b80, [](Prng& prng) { return log1p(-prng.unit()); }},
      {"exp", 0x4745b9ab9bc24514, [](Prng& prng) { return exp(uniform(prng, -745, 709)); }},
      {"pow", 0x4dd146b3cd3b166d,
       [](Prng& prng) {
         const double x = uniform(prng, 0, 100);
         return pow(x, uniform(prng, -100, 100));
       }},
      {"sin", 0xd833d64c15664a67, [](Prng& prng) { return sin(uniform(prng, -1000, 1000)); }},
  };
  for (const Case& c : cases) {
    Prng prng(3);
    uint64_t digest = 0;
    for (int i = 0; i < 100'000; ++i) digest = digest * 0x100000001b3 + std::bit_cast<uint64_t>(c.result(prng));
    EXPECT_EQ(digest, c.expected) << c.message;
  }
}

}  // namespace
}  // namespace weir::exact
