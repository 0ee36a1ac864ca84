#include "proto/http/path.h"

#include <gtest/gtest.h>

namespace weir::proto::http {
namespace {

TEST(CanonicalPath, WhatMeansTheSameLooksTheSame) {
  struct Row {
    const char* message;
    const char* expected;
    const char* path;
  };
  const Row rows[] = {
      {"as it is", "/a/b-c_d~e.f/", "/a/b-c_d~e.f/"},
      {"not decoded are other forms than paths", "*", "*"},
      {"letters and digits", "/admin/7", "/%61d%6Din/%37"},
      {"what a path may have", "/a:b@c;d=e,f!$&'()*+", "/a%3ab%40c%3Bd%3De%2Cf%21%24%26%27%28%29%2A%2B"},
      {"what it may not have stays, in upper case", "/%E2%82%AC%20%22", "/%e2%82%ac%20%22"},
      {"or becomes so", "/%E2%82%AC%22%7B%7D", "/\xe2\x82\xac\"{}"},
      {"percent signs are not decoded twice", "/%2561", "/%2561"},
      {"what is no escape", "/%25zz%25", "/%zz%"},
      {"slashes in a row", "/a/b/", "//a///b//"},
      {"an encoded slash separates nothing", "/a%2Fb%5Cc%5C", "/a%2fb%5cc\\"},
      {"a dot is no dot segment", "/.a/b./...", "/%2ea/b%2E/..."},
      {"nor is a parameter", "/a;..;b/.c;d/...;/;./;..", "/a;..;b/.c;d/...;/;./;.."},
  };
  for (const Row& row : rows) {
    std::string storage;
    const auto made = canonical_path(row.path, storage);
    EXPECT_EQ(made.text, row.expected) << row.message;
    EXPECT_EQ(made.fault, PathFault::none) << row.message;
    std::string again;
    EXPECT_EQ(canonical_path(made.text, again).text, made.text) << row.message;
  }
}

TEST(CanonicalPath, HasNoneForDotSegmentsAndNul) {
  for (const char* path : {"/.", "/..", "/./", "/../", "/a/.", "/a/..", "/a/../b", "/%2e", "/.%2E/a", "//.", "/a//../",
                           "/a/..;/b", "/..;x=1", "/.;/a", "/a/%2e%2e%3b/b"}) {
    std::string storage;
    EXPECT_EQ(canonical_path(path, storage).fault, PathFault::dot_segment) << path;
  }
  std::string storage;
  EXPECT_EQ(canonical_path("/a%00b", storage).fault, PathFault::nul);
}

TEST(CanonicalPath, TheOtherReadingOfEncodedSlashes) {
  std::string storage, other;
  const auto made = canonical_path("/a%2fb/%5C%2Fc", storage);
  EXPECT_TRUE(made.encoded_slash);
  EXPECT_EQ(slashes_decoded(made.text, other).text, "/a/b/c");
  EXPECT_EQ(slashes_decoded("/a/..%2Fb", other).fault, PathFault::dot_segment);
  EXPECT_FALSE(canonical_path("/a%20b", storage).encoded_slash);
}

TEST(CanonicalPath, LengthBefore) {
  const std::string_view path = "//%61b/c%2Fd/e";  // "/ab/c%2Fd/e"
  EXPECT_EQ(length_before(path, 1), 2U) << "the slash";
  EXPECT_EQ(length_before(path, 2), 5U) << "and the a";
  EXPECT_EQ(length_before(path, 4), 7U);
  EXPECT_EQ(length_before(path, 8), 11U) << "an escape that stays is three bytes in both";
  EXPECT_EQ(length_before(path, 99), path.size());
}

}  // namespace
}  // namespace weir::proto::http
