#include "console/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace weir::console {
namespace {

using ::testing::HasSubstr;

TEST(Marks, WhatIsAMark) {
  const struct {
    const char* message;
    MarkKind expected;
    const char* label;
    const char* input;
  } cases[] = {
      {"whole", MarkKind::fault, "app-2 killed", R"({"label": "app-2 killed", "kind": "fault"})"},
      {"a kind of its own", MarkKind::recover, "back", R"({"kind":"recover","label":"back"})"},
      {"without a kind", MarkKind::drill, "begin", R"({"label":"begin"})"},
      {"any language", MarkKind::drill, "Übung läuft", R"({"label":"Übung läuft"})"},
  };
  for (const auto& c : cases) {
    const auto mark = read_mark(c.input);
    ASSERT_TRUE(mark.has_value()) << c.message << ": " << mark.error();
    EXPECT_EQ(mark->kind, c.expected) << c.message;
    EXPECT_EQ(mark->label, c.label) << c.message;
  }
}

TEST(Marks, WhatIsNone) {
  const std::string long_label = R"({"label":")" + std::string(kMarkLabelBytes + 1, 'x') + R"("})";
  const std::string deep = std::string(100'000, '[');
  const struct {
    const char* message;
    const char* expected;
    std::string input;
  } cases[] = {
      {"nothing", "a mark is a JSON object", ""},
      {"a text", "a mark is a JSON object", R"("fault")"},
      {"cut off", "a mark is a JSON object", R"({"label": "a)"},
      {"a deep nest", "a mark is a JSON object", deep},
      {"bytes that are no text", "a mark is a JSON object", "{\"label\": \"\xff\xfe\"}"},
      {"no label", "needs a label", R"({"kind": "fault"})"},
      {"an empty label", "label must be 1 to 120 bytes", R"({"label": ""})"},
      {"a long label", "label must be 1 to 120 bytes", long_label},
      {"a label of two lines", "without control characters", R"({"label": "a\nb"})"},
      {"a number", "are texts", R"({"label": 7})"},
      {"an unknown kind", "kind must be drill, fault or recover", R"({"label": "a", "kind": "chaos"})"},
      {"a kind that begins alike", "kind must be", R"({"label": "a", "kind": "faults"})"},
      {"more than a mark has", "nothing else", R"({"label": "a", "at": 5})"},
  };
  for (const auto& c : cases) {
    const auto mark = read_mark(c.input);
    ASSERT_FALSE(mark.has_value()) << c.message;
    EXPECT_THAT(mark.error(), HasSubstr(c.expected)) << c.message;
  }
}

TEST(Marks, TheOldestGo) {
  Marks marks;
  for (int i = 0; i < 250; ++i) marks.add({.unix_ms = i, .label = "m"});
  EXPECT_EQ(marks.all().size(), Marks::kMost);
  EXPECT_EQ(marks.all().front().unix_ms, 50);
}

TEST(Marks, AreJson) {
  Marks marks;
  EXPECT_EQ(marks.json(), R"({"marks":[]})");
  marks.add({.unix_ms = 1, .kind = MarkKind::fault, .label = "a \"b\""});
  marks.add({.unix_ms = 2, .kind = MarkKind::recover, .label = "c"});
  EXPECT_EQ(marks.json(),
            R"({"marks":[{"at":1,"kind":"fault","label":"a \"b\""},{"at":2,"kind":"recover","label":"c"}]})");
}

}  // namespace
}  // namespace weir::console
