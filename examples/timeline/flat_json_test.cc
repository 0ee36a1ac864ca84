#include "examples/timeline/flat_json.h"

#include <gtest/gtest.h>

namespace weir::timeline {
namespace {

TEST(FlatJson, ScalarsAreReadWithTheirTypes) {
  const auto object = FlatJson::parse(R"({"s": "x\u00fc", "i": -7, "b": true, "n": null, "f": 1.5})");
  ASSERT_TRUE(object);
  ASSERT_NE(object->string("s"), nullptr);
  EXPECT_EQ(*object->string("s"), "x\xc3\xbc");
  ASSERT_NE(object->integer("i"), nullptr);
  EXPECT_EQ(*object->integer("i"), -7);
  ASSERT_NE(object->boolean("b"), nullptr);
  EXPECT_TRUE(*object->boolean("b"));
  EXPECT_EQ(object->integer("f"), nullptr) << "a fraction is no integer";
  EXPECT_EQ(object->string("i"), nullptr) << "a number is no text";
  EXPECT_EQ(object->string("absent"), nullptr);
}

TEST(FlatJson, AnythingElseIsRefused) {
  std::string many = "{";
  for (size_t i = 0; i <= FlatJson::kFieldsMax; ++i) many += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":1";
  many += '}';
  const struct {
    const char* message;
    std::string text;
  } cases[] = {
      {"nothing", ""},
      {"an array", "[]"},
      {"a bare scalar", "\"x\""},
      {"a nested object", R"({"a": {"b": 1}})"},
      {"a nested array", R"({"a": [1]})"},
      {"ten thousand arrays deep", R"({"a": )" + std::string(10'000, '[')},
      {"a name twice", R"({"a": 1, "a": 2})"},
      {"the same name, escaped", R"({"a": 1, "\u0061": 2})"},
      {"text after the end", R"({"a": 1} x)"},
      {"two objects", R"({"a": 1}{"a": 2})"},
      {"cut short", R"({"a": "b)"},
      {"bad UTF-8", "{\"a\": \"\xc0\xaf\"}"},
      {"a lone surrogate", R"({"a": "\ud800"})"},
      {"a number beyond 64 bits", R"({"a": 18446744073709551615})"},
      {"a number beyond doubles", R"({"a": 1e999})"},
      {"too many fields", many},
  };
  for (const auto& c : cases) EXPECT_FALSE(FlatJson::parse(c.text)) << c.message;
  EXPECT_TRUE(FlatJson::parse("{}"));
}

}  // namespace
}  // namespace weir::timeline
