#include "model/units.h"

#include <gtest/gtest.h>

#include "base/prng.h"

namespace weir::model {
namespace {

TEST(Units, ReadsDurations) {
  struct Case {
    const char* message;
    Duration expected;
    const char* text;
  };
  for (const Case& each :
       {Case{"nanoseconds", Duration::ns(7), "7ns"}, Case{"microseconds", Duration::us(7), "7us"},
        Case{"milliseconds", Duration::ms(500), "500ms"}, Case{"seconds", Duration::s(2), "2s"},
        Case{"minutes", Duration::s(300), "5m"}, Case{"hours", Duration::s(7200), "2h"},
        Case{"days", Duration::s(172'800), "2d"}, Case{"a fraction", Duration::ms(1500), "1.5s"},
        Case{"half an hour", Duration::s(1800), "0.5h"}, Case{"zero without a unit", Duration{}, "0"},
        Case{"zero with one", Duration{}, "0ms"}, Case{"a long fraction of zeros", Duration::s(1), "1.00000000000000s"},
        Case{"the longest", Duration::max(), "9223372036854775807ns"}}) {
    const auto duration = parse_duration(each.text);
    ASSERT_TRUE(duration) << each.message << ": " << duration.error().message;
    EXPECT_EQ(duration->ns(), each.expected.ns()) << each.message;
  }
}

TEST(Units, RefusesWhatIsNotExactlyADuration) {
  struct Case {
    const char* expected;
    const char* text;
  };
  for (const Case& each :
       {Case{"a duration needs a unit: 5s or 5ms?", "5"}, Case{"a duration needs a unit: 1.5s or 1.5ms?", "1.5"},
        Case{"\"\" is not a duration", ""}, Case{"\"s\" is not a duration", "s"},
        Case{"\".5s\" is not a duration", ".5s"}, Case{"\"-5s\" is negative", "-5s"},
        Case{"unknown unit \" s\"", "5 s"}, Case{"unknown unit \".s\"", "5.s"}, Case{"unknown unit \"m30s\"", "1m30s"},
        Case{"unknown unit \"S\"", "5S"}, Case{"\"1.5ns\" is too large or too fine to count in ns", "1.5ns"},
        Case{"\"9223372036854775808ns\" is too large or too fine to count in ns", "9223372036854775808ns"},
        Case{"\"3000000h\" is too large or too fine to count in ns", "3000000h"},
        Case{"\"99999999999999999999s\" is too large or too fine to count in ns", "99999999999999999999s"}}) {
    const auto duration = parse_duration(each.text);
    ASSERT_FALSE(duration) << each.text;
    EXPECT_EQ(duration.error().message, each.expected) << each.text;
  }
  EXPECT_EQ(parse_duration("5mss").error().nearest, "ms");
}

TEST(Units, ReadsSizes) {
  struct Case {
    uint64_t expected;
    const char* text;
  };
  for (const Case& each :
       {Case{0, "0"}, Case{17, "17B"}, Case{2048, "2KiB"}, Case{1572864, "1.5MiB"}, Case{3221225472, "3GiB"},
        Case{2000, "2kB"}, Case{2'000'000, "2MB"}, Case{5'000'000'000, "5GB"}}) {
    const auto bytes = parse_bytes(each.text);
    ASSERT_TRUE(bytes) << each.text << ": " << bytes.error().message;
    EXPECT_EQ(*bytes, each.expected) << each.text;
  }
  EXPECT_EQ(parse_bytes("8192").error().message, "a size needs a unit: 8192KiB or 8192MiB?");
  EXPECT_EQ(parse_bytes("8Kib").error().nearest, "KiB");
  EXPECT_FALSE(parse_bytes("0.5B"));
}

TEST(Units, FormatsForPeople) {
  struct Case {
    const char* expected;
    Duration duration;
  };
  for (const Case& each : {Case{"0s", Duration{}}, Case{"1ns", Duration::ns(1)}, Case{"1.5us", Duration::ns(1500)},
                           Case{"500ms", Duration::ms(500)}, Case{"7.1s", Duration::ms(7100)},
                           Case{"90s", Duration::s(90)}, Case{"5m", Duration::s(300)}, Case{"1h", Duration::s(3600)},
                           Case{"1000000001ns", Duration::ns(1'000'000'001)}}) {
    EXPECT_EQ(format_duration(each.duration), each.expected);
  }
  EXPECT_EQ(format_bytes(0), "0B");
  EXPECT_EQ(format_bytes(1000), "1000B");
  EXPECT_EQ(format_bytes(65536), "64KiB");
  EXPECT_EQ(format_bytes(uint64_t{3} << 30), "3GiB");
}

TEST(Units, EveryFormattedValueReadsBackAsItself) {
  Prng prng(11);
  for (int i = 0; i < 20'000; ++i) {
    const uint64_t value = prng.next() >> (1 + prng.below(63));
    uint64_t round = value;  // people write round numbers: clear some digits
    for (uint64_t scale = 1; prng.below(3) != 0 && scale < value; scale *= 1000) round = value / scale * scale;
    const auto duration = parse_duration(format_duration(Duration::ns(static_cast<int64_t>(round))));
    ASSERT_TRUE(duration) << round << ": " << duration.error().message;
    EXPECT_EQ(duration->ns(), static_cast<int64_t>(round));
    const auto bytes = parse_bytes(format_bytes(round));
    ASSERT_TRUE(bytes) << round;
    EXPECT_EQ(*bytes, round);
  }
}

TEST(Units, QuotedTextIsShortAndHarmless) {
  EXPECT_EQ(quote("a\tb\x1b"), "\"a\\x09b\\x1b\"");
  EXPECT_EQ(quote(std::string(100, 'x')), "\"" + std::string(60, 'x') + "...\"");
}

}  // namespace
}  // namespace weir::model
