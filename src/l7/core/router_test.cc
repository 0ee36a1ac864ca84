#include "l7/core/router.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

namespace weir::l7::core {
namespace {

model::RouteConfig route(std::string host, std::string path, bool exact) {
  model::RouteConfig made;
  made.host = std::move(host);
  made.path = std::move(path);
  made.path_kind = exact ? model::RouteConfig::PathKind::exact : model::RouteConfig::PathKind::prefix;
  return made;
}

TEST(Router, FirstMatchInOrderWins) {
  const std::vector<model::RouteConfig> routes = {
      route("api.example.org", "/", false),
      route("", "/static/", false),
      route("", "/exact", true),
      route("", "/", false),
  };
  struct Row {
    const char* message;
    int expected;
    const char* authority;
    const char* path;
  };
  const Row rows[] = {
      {"host matches whatever the path", 0, "api.example.org", "/static/x"},
      {"host is case-insensitive and the port is no part of it", 0, "API.Example.ORG:8080", "/"},
      {"prefix", 1, "other", "/static/app.js"},
      {"a prefix is not a substring", 3, "other", "/x/static/"},
      {"exact", 2, "other", "/exact"},
      {"exact is not a prefix", 3, "other", "/exactly"},
      {"asterisk-form goes to the catch-all", 3, "other", "*"},
      {"IPv6 literal", 3, "[::1]:80", "/"},
  };
  for (const Row& row : rows) EXPECT_EQ(find_route(routes, row.authority, row.path), row.expected) << row.message;
  EXPECT_EQ(find_route({route("a", "/", false)}, "b", "/"), -1);
}

TEST(Router, TargetsShareByWeight) {
  const std::vector<model::RouteTarget> targets = {{"a", 95}, {"b", 0}, {"c", 5}};
  EXPECT_EQ(total_weight(targets), 100u);
  std::map<size_t, int> drawn;
  for (uint64_t draw = 0; draw < 100; ++draw) ++drawn[find_target(targets, draw)];
  EXPECT_EQ(drawn[0], 95);
  EXPECT_EQ(drawn[1], 0);
  EXPECT_EQ(drawn[2], 5);
}

TEST(Router, HostOf) {
  EXPECT_EQ(host_of("a.b:80"), "a.b");
  EXPECT_EQ(host_of("[::1]"), "[::1]");
  EXPECT_EQ(host_of("[::1]:80"), "[::1]");
  EXPECT_EQ(host_of(""), "");
}

}  // namespace
}  // namespace weir::l7::core
