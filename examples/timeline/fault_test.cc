#include "examples/timeline/fault.h"

#include <gtest/gtest.h>

namespace weir::timeline {
namespace {

TEST(Fault, ReadsWhatItWrites) {
  const char* json = R"({"delay_ms":200,"error_percent":50,"half_dead":true,"slow_body_bps":1000,"spare_health":true})";
  const auto fault = Fault::parse(json);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->delay, Duration::ms(200));
  EXPECT_EQ(fault->to_json(), json);
  EXPECT_EQ(Fault::parse("{}")->to_json(), Fault{}.to_json());
}

TEST(Fault, TypingErrorsAreRefused) {
  const struct {
    const char* message;
    const char* text;
  } cases[] = {
      {"unknown field", R"({"delay": 200})"},
      {"wrong type", R"({"delay_ms": "200"})"},
      {"negative", R"({"delay_ms": -1})"},
      {"a fraction", R"({"error_percent": 0.5})"},
      {"over 100 %", R"({"error_percent": 101})"},
      {"a number for a flag", R"({"half_dead": 1})"},
      {"hours of delay", R"({"delay_ms": 9999999})"},
      {"not an object", "true"},
  };
  for (const auto& c : cases) EXPECT_FALSE(Fault::parse(c.text)) << c.message;
}

TEST(Fault, ErrorsComeAtTheirRate) {
  Prng prng(7);
  const Fault fault{.error_percent = 25};
  int errors = 0;
  for (int i = 0; i < 10'000; ++i) errors += effect_on(fault, "/timeline/x", prng).error ? 1 : 0;
  EXPECT_NEAR(errors, 2500, 200);
  EXPECT_FALSE(effect_on(Fault{}, "/", prng).error);
  EXPECT_TRUE(effect_on(Fault{.error_percent = 100}, "/", prng).error);
}

TEST(Fault, HealthIsSparedOnlyOnRequest) {
  Prng prng(1);
  Fault fault{.delay = Duration::ms(5), .half_dead = true, .slow_body_bps = 10};
  EXPECT_TRUE(effect_on(fault, "/healthz", prng).never);
  fault.spare_health = true;
  for (const char* path : {"/healthz", "/readyz"}) {
    const Effect effect = effect_on(fault, path, prng);
    EXPECT_FALSE(effect.never) << path;
    EXPECT_EQ(effect.delay, Duration()) << path;
    EXPECT_EQ(effect.body_bytes_per_second, 0u) << path;
  }
  EXPECT_TRUE(effect_on(fault, "/healthz2", prng).never);
}

}  // namespace
}  // namespace weir::timeline
