#include "model/path_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = RouteConfig::PathKind;
using Tail = ParsedPath::Tail;

ParsedPath parsed(std::string_view text) {
  auto made = parse_path(text);
  EXPECT_TRUE(made) << text << " " << made.error();
  return made.value_or(ParsedPath{});
}

TEST(PathPattern, Kinds) {
  struct Row {
    Kind kind;
    Tail tail;
    size_t segments;
    const char* text;
  };
  for (const Row& row : {Row{Kind::exact, Tail::none, 1, "/"}, Row{Kind::exact, Tail::none, 2, "/a/"},
                         Row{Kind::exact, Tail::none, 1, "/.well-known"}, Row{Kind::prefix, Tail::rest, 0, "/*"},
                         Row{Kind::prefix, Tail::rest, 1, "/a/*"}, Row{Kind::prefix, Tail::partial, 0, "/stat*"},
                         Row{Kind::prefix, Tail::partial, 1, "/a/.*"}, Row{Kind::pattern, Tail::none, 2, "/a/{id}"},
                         Row{Kind::pattern, Tail::none, 3, "/*/b/c"}, Row{Kind::pattern, Tail::rest, 1, "/a/{rest*}"},
                         Row{Kind::pattern, Tail::partial, 2, "/a/*/b*"}}) {
    const ParsedPath path = parsed(row.text);
    EXPECT_EQ(path.kind(), row.kind) << row.text;
    EXPECT_EQ(path.tail, row.tail) << row.text;
    EXPECT_EQ(path.segments.size(), row.segments) << row.text;
  }
  EXPECT_THAT(parsed("/a/{id}/*/{other_2}/{rest*}").names(), ElementsAre("id", "other_2", "rest"));
}

TEST(PathPattern, SaysWhatIsWrong) {
  struct Row {
    const char* expected;
    std::string text;
  };
  for (const Row& row : {Row{"does not begin with /", "a"},
                         Row{"does not begin with /", ""},
                         Row{"within a segment", "/a*b"},
                         Row{"within a segment", "/a**"},
                         Row{"brace within", "/a{id}"},
                         Row{"brace within", "/{id"},
                         Row{"valid name in {}", "/{}"},
                         Row{"valid name in {Id}", "/{Id}"},
                         Row{"valid name in {1}", "/{1}"},
                         Row{"two segments of the name id", "/{id}/{id}"},
                         Row{"two segments of the name id", "/{id}/{id*}"},
                         Row{"name path, which means something else", "/{path*}"},
                         Row{"goes on after {rest*}", "/{rest*}/a"},
                         Row{"two slashes in a row", "/a//b"},
                         Row{"two slashes in a row", "//*"},
                         Row{"dot segment", "/a/../b"},
                         Row{"dot segment", "/%2e%2E"},
                         Row{"encoded slash", "/a%2Fb"},
                         Row{"encoded slash", "/a\\b"},
                         Row{"query", "/a?b"},
                         Row{"blank", "/a b"},
                         Row{"blank", "/caf\xc3\xa9"},
                         Row{"valid name", "/{" + std::string(33, 'a') + "}"}}) {
    const auto made = parse_path(row.text);
    ASSERT_FALSE(made) << row.text;
    EXPECT_THAT(made.error(), HasSubstr(row.expected)) << row.text;
  }
  std::string deep;
  for (size_t i = 0; i < kPathSegmentsMax; ++i) deep += "/a";
  EXPECT_TRUE(parse_path(deep));
  EXPECT_THAT(parse_path(deep + "/a").error(), HasSubstr("more than 64 segments"));
}

TEST(PathPattern, Covers) {
  struct Row {
    bool expected;
    const char* earlier;
    const char* later;
  };
  for (const Row& row :
       {Row{true, "/*", "/"}, Row{true, "/*", "/a/{id}/*"}, Row{true, "/a/*", "/a/"}, Row{false, "/a/*", "/a"},
        Row{true, "/a*", "/a"}, Row{true, "/a*", "/ab/c"}, Row{true, "/a*", "/ab*"}, Row{false, "/ab*", "/a*"},
        Row{false, "/a*", "/*"}, Row{false, "/a*", "/{id}"}, Row{true, "/{id}", "/a"}, Row{false, "/{id}", "/*"},
        Row{false, "/{id}", "/"}, Row{true, "/{id}/*", "/a/b/*"}, Row{false, "/a/{id}", "/{id}/a"},
        Row{true, "/a/*/c", "/a/{id}/c"}, Row{false, "/a", "/a/*"}, Row{true, "/a", "/a"}}) {
    EXPECT_EQ(covers(parsed(row.earlier), parsed(row.later)), row.expected) << row.earlier << " " << row.later;
  }
}

}  // namespace
}  // namespace weir::model
