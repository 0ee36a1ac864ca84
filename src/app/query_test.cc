#include "app/query.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace weir::app {
namespace {

constexpr std::array<std::string_view, 3> kKnown{"endpoint", "weight", "cluster"};

/// "a=1 b=2", or the error.
std::string read(std::string_view text) {
  const auto query = parse_query(text, kKnown);
  if (!query) return query.error();
  std::string out;
  for (const auto& [name, value] : *query) out += (out.empty() ? "" : " ") + name + "=" + value;
  return out;
}

TEST(Query, IsReadOrRefused) {
  const struct {
    const char* message;
    const char* expected;
    std::string_view input;
  } cases[] = {
      {"nothing", "", ""},
      {"one", "endpoint=10.0.0.1:3000", "endpoint=10.0.0.1:3000"},
      {"several, in any order", "endpoint=a weight=5", "weight=5&endpoint=a"},
      {"an empty value is a value", "weight=", "weight="},
      {"only the first equals sign divides", "endpoint=a=b", "endpoint=a=b"},
      {"stray ampersands say nothing", "endpoint=a weight=1", "&endpoint=a&&weight=1&"},
      {"percent-encoding, either case", "endpoint=[::1]:3000", "endpoint=%5B%3a%3A1%5d:3000"},
      {"encoded separators are data", "endpoint=a&weight=1", "endpoint=a%26weight%3D1"},
      {"names may be encoded", "weight=1", "%77eight=1"},
      {"plus is a plus (RFC 3986), not a blank", "endpoint=a+b", "endpoint=a+b"},
      {"a lone percent", "\"a%\" is badly encoded: % needs two hexadecimal digits behind it", "endpoint=a%"},
      {"one digit", "\"%4\" is badly encoded: % needs two hexadecimal digits behind it", "endpoint=%4"},
      {"no digits", "\"%zz\" is badly encoded: % needs two hexadecimal digits behind it", "endpoint=%zz"},
      {"a name without value", "\"endpoint\" has no value", "endpoint"},
      {"a name twice", "weight is there twice", "weight=1&weight=2"},
      {"a misspelt name", "unknown parameter \"wieght\": expected endpoint, weight, cluster; did you mean weight?",
       "wieght=1"},
      {"a strange name", "unknown parameter \"x\": expected endpoint, weight, cluster", "x=1"},
      {"an empty name", "unknown parameter \"\": expected endpoint, weight, cluster", "=1"},
  };
  for (const auto& c : cases) EXPECT_EQ(read(c.input), c.expected) << c.message;
}

TEST(Query, HostileBytesStayHarmless) {
  const auto query = parse_query("endpoint=%00%0a%ff", kKnown);
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->at("endpoint"), std::string("\0\n\xff", 3));
  EXPECT_EQ(read("a%0ab=1").find('\n'), std::string::npos) << "an error is one line";
  EXPECT_EQ(parse_query("endpoint=1", {}).error(), "unknown parameter \"endpoint\": none is taken here");
}

TEST(Query, WhatIsEncodedReadsBack) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  EXPECT_EQ(percent_encode("[::1]:30~x-y_z.0"), "%5B%3A%3A1%5D%3A30~x-y_z.0");
  EXPECT_EQ(parse_query("endpoint=" + percent_encode(every_byte), kKnown).value().at("endpoint"), every_byte);
}

}  // namespace
}  // namespace weir::app
