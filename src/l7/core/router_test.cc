#include "l7/core/router.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "model/path_pattern.h"

namespace weir::l7::core {
namespace {

using model::FieldMatch;
using proto::http::RequestHead;

model::RouteConfig route(std::string host, std::string_view path) {
  model::RouteConfig made;
  made.host = std::move(host);
  const auto parsed = model::parse_path(path);
  EXPECT_TRUE(parsed) << path;
  made.path_kind = parsed->kind();
  if (made.path_kind == model::RouteConfig::PathKind::prefix) path.remove_suffix(1);
  made.path = path;
  return made;
}

RequestHead request(std::string_view authority, std::string_view target, std::string_view method = "GET") {
  RequestHead head;
  head.method_text = method;
  head.method = proto::http::method_of(method);
  head.authority = authority;
  head.target = target;
  return head;
}

/// The route's number, -1 for none and -2 for a refused path.
int found(const Router& router, const RequestHead& head, bool trust = false) {
  std::string storage;
  const auto choice = router.find(head, trust, storage);
  if (choice.refusal == Rule::none) return static_cast<int>(choice.route);
  return choice.refusal == Rule::no_route ? -1 : -2;
}

struct Row {
  const char* message;
  int expected;
  const char* authority;
  const char* target;
};

TEST(Router, FirstMatchInOrderWins) {
  const Router router({route("api.example.org", "/*"), route("", "/static/*"), route("", "/exact"), route("", "/*")});
  const Row rows[] = {
      {"host matches whatever the path", 0, "api.example.org", "/static/x"},
      {"host is case-insensitive and the port is no part of it", 0, "API.Example.ORG:8080", "/"},
      {"nor is the dot that DNS ends names with", 0, "api.example.org.", "/"},
      {"prefix", 1, "other", "/static/app.js"},
      {"a prefix with a slash is not the path without", 3, "other", "/static"},
      {"a prefix is not a substring", 3, "other", "/x/static/"},
      {"exact", 2, "other", "/exact"},
      {"the query is no part of the path", 2, "other", "/exact?a=/b"},
      {"exact is not a prefix", 3, "other", "/exactly"},
      {"nor is it the path with a slash behind", 3, "other", "/exact/"},
      {"asterisk-form goes to the catch-all", 3, "other", "*"},
      {"IPv6 literal", 3, "[::1]:80", "/"},
      {"no host at all", 3, "", "/"},
  };
  for (const Row& row : rows) EXPECT_EQ(found(router, request(row.authority, row.target)), row.expected) << row.message;
  EXPECT_EQ(found(Router({route("a", "/*")}), request("b", "/")), -1);
  EXPECT_EQ(found(Router({}), request("b", "/")), -1);
}

TEST(Router, TheOrderCountsNotHowPreciseARouteIs) {
  const Router router({route("", "/a/*"), route("", "/a/b"), route("a", "/a/b"), route("", "/*"), route("a", "/x")});
  EXPECT_EQ(found(router, request("a", "/a/b")), 0);
  EXPECT_EQ(found(router, request("a", "/x")), 3);
}

TEST(Router, WildcardHosts) {
  const Router router({route("www.example.org", "/*"), route("*.example.org", "/*"), route("*.org", "/*")});
  const Row rows[] = {
      {"exact", 0, "www.example.org", "/"},
      {"one label below", 1, "api.example.org", "/"},
      {"any depth", 1, "a.b.c.example.org", "/"},
      {"not the name itself, which is below org", 2, "example.org", "/"},
      {"whole labels only", 2, "badexample.org", "/"},
      {"nothing before the dot", -1, ".org", "/"},
      {"no host is longer than DNS allows", -1, nullptr, "/"},
  };
  const std::string longest = std::string(254, 'a') + ".org";
  for (const Row& row : rows) {
    const std::string_view host = row.authority == nullptr ? std::string_view(longest) : row.authority;
    EXPECT_EQ(found(router, request(host, row.target)), row.expected) << row.message;
  }
}

TEST(Router, Patterns) {
  const Router router({route("", "/users/{id}/posts"), route("", "/users/*/posts/{post}"), route("", "/users/me"),
                       route("", "/users/{id}"), route("", "/files/{rest*}"), route("", "/stat*"),
                       route("", "/a/*/c/*")});
  const Row rows[] = {
      {"a named segment", 0, "", "/users/7/posts"},
      {"a nameless one", 1, "", "/users/7/posts/8"},
      {"a literal before a wildcard", 2, "", "/users/me"},
      {"a wildcard", 3, "", "/users/7"},
      {"a wildcard is a segment that is not empty", -1, "", "/users/"},
      {"and one", -1, "", "/users/7/8"},
      {"a rest may be empty", 4, "", "/files/"},
      {"or deep", 4, "", "/files/a/b/c"},
      {"but the slash before it is there", -1, "", "/files"},
      {"a beginning of a segment", 5, "", "/status/x"},
      {"is the beginning", 5, "", "/stat"},
      {"and whole", -1, "", "/sta"},
      {"a prefix after a wildcard", 6, "", "/a/b/c/d/e"},
      {"needs what stands between", -1, "", "/a/b/d/e"},
  };
  for (const Row& row : rows) EXPECT_EQ(found(router, request(row.authority, row.target)), row.expected) << row.message;
}

TEST(Router, PathsAreComparedInTheirCanonicalForm) {
  const Router router({route("", "/admin/*"), route("", "/caf%c3%a9/*"), route("", "/u/{id}"), route("", "/*")});
  const Row rows[] = {
      {"as it is", 0, "", "/admin/x"},
      {"encoded letters", 0, "", "/%61d%6Din/x"},
      {"slashes in a row", 0, "", "//admin///x"},
      {"dot segments are refused", -2, "", "/public/../admin/x"},
      {"at the end", -2, "", "/admin/.."},
      {"the single one too", -2, "", "/./admin/x"},
      {"encoded", -2, "", "/public/%2e%2E/admin/x"},
      {"half encoded", -2, "", "/public/.%2e/admin/x"},
      {"behind an encoded slash", -2, "", "/public/..%2Fadmin/x"},
      {"a dot segment is a whole segment", 3, "", "/a.../..b/.c"},
      {"a NUL is refused", -2, "", "/admin%00"},
      {"an encoded slash that changes the route is refused", -2, "", "/admin%2Fx"},
      {"and a backslash", -2, "", "/admin%5cx"},
      {"and one that is not encoded", -2, "", "/admin\\x"},
      {"one that changes nothing is taken", 0, "", "/admin/a%2Fb"},
      {"one that a segment would swallow", -2, "", "/u/a%2Fb"},
      {"encoded percent signs stay", 3, "", "/%2561dmin/x"},
      {"case of the digits", 1, "", "/caf%C3%A9/x"},
      {"bytes that should be encoded", 1, "", "/caf\xc3\xa9/x"},
      {"half an escape is a percent sign", 3, "", "/%zz%4"},
  };
  for (const Row& row : rows) EXPECT_EQ(found(router, request(row.authority, row.target)), row.expected) << row.message;
}

model::RouteConfig conditional(void (*change)(model::RouteConfig&)) {
  auto made = route("", "/*");
  change(made);
  return made;
}

TEST(Router, Methods) {
  const Router router({conditional([](auto& r) {
                         r.methods = {"GET", "HEAD"};
                       }),
                       conditional([](auto& r) {
                         r.methods = {"PURGE", "POST"};
                       })});
  EXPECT_EQ(found(router, request("", "/", "GET")), 0);
  EXPECT_EQ(found(router, request("", "/", "HEAD")), 0);
  EXPECT_EQ(found(router, request("", "/", "POST")), 1);
  EXPECT_EQ(found(router, request("", "/", "PURGE")), 1);
  EXPECT_EQ(found(router, request("", "/", "PURGES")), -1);
  EXPECT_EQ(found(router, request("", "/", "DELETE")), -1);
}

TEST(Router, Fields) {
  using Kind = FieldMatch::Kind;
  const Router router({conditional([](auto& r) {
                         r.headers = {{"x-beta", Kind::exact, "1"}};
                       }),
                       conditional([](auto& r) {
                         r.headers = {{"accept", Kind::prefix, "application/"}};
                       }),
                       conditional([](auto& r) {
                         r.cookies = {{"cohort", Kind::exact, "b"}};
                       }),
                       conditional([](auto& r) {
                         r.query = {{"v", Kind::present, ""}, {"w", Kind::absent, ""}};
                       }),
                       conditional([](auto& r) {
                         r.headers = {{"x-old", Kind::absent, ""}};
                       })});
  const auto with = [&](std::string_view name, std::string_view value, std::string_view target = "/") {
    RequestHead head = request("", target);
    head.fields.push_back({.name = name, .value = value, .id = proto::http::field_id_of(name)});
    return found(router, head);
  };
  EXPECT_EQ(with("X-Beta", "1"), 0) << "names are case-insensitive";
  EXPECT_EQ(with("X-Beta", "11"), 4) << "values are whole";
  EXPECT_EQ(with("accept", "application/json"), 1);
  EXPECT_EQ(with("accept", "text/application/"), 4);
  EXPECT_EQ(with("cookie", "a=1; cohort=b"), 2);
  EXPECT_EQ(with("cookie", "xcohort=b"), 4);
  EXPECT_EQ(with("x-old", "1"), -1);
  EXPECT_EQ(with("x-old", "1", "/?v"), 3);
  EXPECT_EQ(with("x-old", "1", "/?v=1&w"), -1) << "all must hold";
  EXPECT_EQ(with("x-old", "1", "/?vv=1"), -1);
}

/// What is not passed on is not seen: or a client chose its route by a claim that no endpoint ever hears of.
TEST(Router, FieldsThatAreNotPassedOn) {
  using Kind = FieldMatch::Kind;
  const Router router({conditional([](auto& r) {
                         r.headers = {{"x-forwarded-proto", Kind::exact, "http"}};
                       }),
                       conditional([](auto& r) {
                         r.headers = {{"upgrade", Kind::exact, "websocket"}};
                       }),
                       conditional([](auto& r) {
                         r.headers = {{"x-beta", Kind::present, ""}};
                       })});
  const auto with = [&](std::string_view name, std::string_view value, bool trust) {
    RequestHead head = request("", "/");
    head.fields.push_back({.name = name, .value = value, .id = proto::http::field_id_of(name), .hop_by_hop = true});
    return found(router, head, trust);
  };
  EXPECT_EQ(with("x-forwarded-proto", "http", false), -1);
  EXPECT_EQ(with("x-forwarded-proto", "http", true), 0);
  EXPECT_EQ(with("upgrade", "websocket", false), 1);
  EXPECT_EQ(with("x-beta", "1", true), -1) << "named by Connection";
}

TEST(Router, CallsRoutesByNameOrByWhatTheyMatch) {
  auto named = route("", "/a/*");
  named.name = "shop";
  const Router router({named, route("*.example.org", "/b/*"), route("", "/u/{id}")});
  EXPECT_EQ(router.label(0), "shop");
  EXPECT_EQ(router.label(1), "*.example.org/b/*");
  EXPECT_EQ(router.label(2), "/u/{id}");
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
