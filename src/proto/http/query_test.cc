#include "proto/http/query.h"

#include <gtest/gtest.h>

namespace weir::proto::http {
namespace {

TEST(Query, TheFirstOfANameIsFound) {
  struct Row {
    const char* message;
    std::optional<std::string_view> expected;
    const char* target;
  };
  const Row rows[] = {
      {"alone", "7", "/a?user=7"},
      {"among others", "7", "/a?x=1&user=7&y"},
      {"the first counts", "7", "/a?user=7&user=8"},
      {"empty", "", "/a?user="},
      {"without an equals sign", "", "/a?user&x=1"},
      {"its own equals signs and question marks", "a=b?c", "/a?user=a=b?c"},
      {"nothing is decoded", "%37", "/a?user=%37"},
      {"no query", std::nullopt, "/user=7"},
      {"an empty query", std::nullopt, "/a?"},
      {"a name's end is no name", std::nullopt, "/a?xuser=7"},
      {"a name's beginning is no name", std::nullopt, "/a?users=7"},
      {"case-sensitive", std::nullopt, "/a?User=7"},
      {"an encoded name is another", std::nullopt, "/a?us%65r=7"},
      {"empty pairs", "7", "/a?&&user=7&"},
  };
  for (const Row& row : rows) EXPECT_EQ(find_query_parameter(row.target, "user"), row.expected) << row.message;
}

TEST(Query, AnEmptyNameIsOnlyWhatHasAnEqualsSign) {
  EXPECT_EQ(find_query_parameter("/a?&", ""), std::nullopt);
  EXPECT_EQ(find_query_parameter("/a?=1", ""), "1");
}

}  // namespace
}  // namespace weir::proto::http
