#include "l7/core/route_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/path_pattern.h"

namespace weir::l7::core {
namespace {

using model::RouteConfig;
using proto::http::Field;
using proto::http::Fields;
using proto::http::RequestHead;
using ::testing::ElementsAre;

RouteConfig route(std::string_view path) {
  RouteConfig made;
  made.path_kind = model::parse_path(path)->kind();
  if (made.path_kind == RouteConfig::PathKind::prefix) path.remove_suffix(1);
  made.path = path;
  return made;
}

RequestHead request(std::string_view target, std::string_view authority = "example.org:8080") {
  RequestHead head;
  head.scheme = "http";
  head.authority = authority;
  head.target = target;
  return head;
}

constexpr RouteEdits::Words kWords{.client_ip = "10.0.0.1", .request_id = "abc", .route = "shop"};

struct Row {
  const char* message;
  const char* expected;
  const char* path;
  const char* text;
  const char* target;
};

TEST(RouteEdits, Locations) {
  const Row rows[] = {
      {"the host is without its port", "https://example.org/a?b=1", "/*", "https://{host}{path}{query}", "/a?b=1"},
      {"no query, no question mark", "https://example.org/a", "/*", "https://{host}{path}{query}", "/a"},
      {"the request's scheme", "http://www.example.org/a", "/*", "{scheme}://www.example.org{path}", "/a"},
      {"names of the pattern", "/v2/users/7/posts", "/users/{id}/posts", "/v2/users/{id}/posts", "/users/7/posts"},
      {"what follows", "/new/a/b", "/old/{rest*}", "/new/{rest}", "/old/a/b"},
      {"which may be nothing", "/new/", "/old/{rest*}", "/new/{rest}", "/old/"},
      {"segments as they were", "/x/a%2Fb%20c", "/{id}", "/x/{id}", "/a%2Fb%20c"},
      {"a path that names another host is none", "/evil.org/", "/*", "{path}", "//evil.org/"},
      {"however it is written", "/%5Cevil.org", "/*", "{path}", "/\\evil.org"},
      {"nor what follows", "/evil.org", "/old/{rest*}", "/{rest}", "/old//evil.org"},
      {"nor where nothing stands", "/evil.org", "/old/{rest*}", "/{rest}/evil.org", "/old/"},
      {"bytes that no URL has", "/%C3%A9%22?%22", "/*", "{path}{query}", "/\xc3\xa9\"?\""},
      {"as a parameter", "/login?to=/a%26b%3Dc%253D&x=1", "/*", "/login?to={path}&x=1", "/a&b=c%3D"},
      {"with its query", "/login?to=/a%3Fb%3D1%262", "/*", "/login?to={path}{query}", "/a?b=1&2"},
      {"doubled braces", "/{a}", "/*", "/{{a}}", "/"},
      {"no path", "https://example.org/", "/*", "https://{host}{path}", "*"},
  };
  for (const Row& row : rows) {
    RouteConfig config = route(row.path);
    config.redirect.to = row.text;
    const RoutePlan plan(config);
    RouteEdits edits;
    const RequestHead head = request(row.target);
    edits.begin(plan, head, kWords);
    EXPECT_EQ(edits.location(), row.expected) << row.message;
  }
}

TEST(RouteEdits, Targets) {
  const Row rows[] = {
      {"a prefix", "/v2/users?a=/b", "/api/*", "/v2/", "/api/users?a=/b"},
      {"away with it", "/users", "/api/*", "/", "/api/users"},
      {"all of it", "/v2/", "/api/*", "/v2/", "/api/"},
      {"of everything", "/v2/users", "/*", "/v2/", "/users"},
      {"that cuts a segment", "/states", "/stat*", "/state", "/stats"},
      {"however it is written", "/v2/%75sers/a%2fb", "/api/*", "/v2/", "//%61pi//%75sers/a%2fb"},
      {"what is left begins with a slash", "/evil/b?c", "/stat*", "/", "/stat/evil/b?c"},
      {"or with several", "/v2/evil", "/stat*", "/v2/", "/stat//evil"},
      {"cut and written otherwise", "/x%75s", "/stat*", "/x", "/s%74a%74%75s"},
      {"names", "/posts?user=1", "/users/{id}/posts", "/posts", "/users/7/posts?user=1"},
      {"in another order", "/7/users", "/{what}/{id}", "/{id}/{what}", "/users/7"},
      {"a prefix before it", "/app/api/users?", "/api/*", "/app{path}", "/api/users?"},
      {"no path to rewrite", "*", "/*", "/x/", "*"},
  };
  for (const Row& row : rows) {
    RouteConfig config = route(row.path);
    config.rewrite_path = row.text;
    const RoutePlan plan(config);
    RouteEdits edits;
    RequestHead head = request(row.target);
    edits.begin(plan, head, kWords);
    edits.edit_request(head, {});
    EXPECT_EQ(edits.target(), row.expected) << row.message;
    EXPECT_EQ(edits.host(), head.authority) << row.message;
    EXPECT_EQ(head.target, row.target) << "the log shows what was asked for";
  }
}

std::vector<std::string> text_of(std::span<const Field> fields) {
  std::vector<std::string> texts;
  for (const Field& each : fields) {
    if (!each.hop_by_hop) texts.push_back(std::string(each.name) + ": " + std::string(each.value));
  }
  return texts;
}

TEST(RouteEdits, FieldsOfTheRequest) {
  RouteConfig config = route("/users/{id}");
  config.request_headers.remove = {"x-debug", "via"};
  config.request_headers.set = {{"X-User", "{id} of {host}"}, {"x-forwarded-for", "{client_ip}"}};
  config.request_headers.add = {{"X-Trace", "{request_id} {route}"}, {"x-trace", "constant"}};
  const RoutePlan plan(config);
  RouteEdits edits;
  for (int again = 0; again < 2; ++again) {
    RequestHead head = request("/users/7");
    head.fields = {
        {.name = "X-Debug", .value = "1"}, {.name = "x-user", .value = "forged"}, {.name = "x-trace", .value = "0"}};
    const Fields forwarding = {{.name = "X-Forwarded-For", .value = "1.2.3.4"},
                               {.name = "Via", .value = "1.1 weir"},
                               {.name = "X-Request-Id", .value = "abc"}};
    edits.begin(plan, head, kWords);
    edits.edit_request(head, forwarding);
    EXPECT_THAT(text_of(head.fields), ElementsAre("x-trace: 0"));
    EXPECT_THAT(text_of(edits.request_fields()),
                ElementsAre("X-Request-Id: abc", "X-User: 7 of example.org", "x-forwarded-for: 10.0.0.1",
                            "X-Trace: abc shop", "x-trace: constant"));
    EXPECT_EQ(edits.target(), "/users/7");
  }
}

TEST(RouteEdits, WhatAnEndpointMayTakeForAFieldThatIsSet) {
  RouteConfig config = route("/*");
  config.request_headers.set = {{"X-User-Name", "ann"}};
  config.request_headers.remove = {"x-debug", "X_Old"};
  const RoutePlan plan(config);
  RouteEdits edits;
  RequestHead head = request("/");
  head.fields = {{.name = "X_User_Name", .value = "forged"}, {.name = "x-user_name", .value = "forged"},
                 {.name = "X_DEBUG", .value = "1"},          {.name = "x_user", .value = "another"},
                 {.name = "X-Old", .value = "kept"},         {.name = "x_old", .value = "gone"}};
  edits.begin(plan, head, kWords);
  edits.edit_request(head, {});
  EXPECT_THAT(text_of(head.fields), ElementsAre("x_user: another", "X-Old: kept"));
  EXPECT_THAT(text_of(edits.request_fields()), ElementsAre("X-User-Name: ann"));
}

TEST(RouteEdits, OurOwnCookieIsNotTheEndpoints) {
  RouteConfig config = route("/*");
  config.response_headers.remove = {"set-cookie", "X-Request-Id"};
  const RoutePlan plan(config);
  RouteEdits edits;
  const RequestHead head = request("/");
  edits.begin(plan, head, kWords);
  Fields theirs = {{.name = "Set-Cookie", .value = "theirs=1"}, {.name = "Server", .value = "s"}};
  const Fields ours = {{.name = "X-Request-Id", .value = "abc"}, {.name = "Set-Cookie", .value = "weir=1"}};
  EXPECT_THAT(text_of(edits.response_fields(theirs, ours)), ElementsAre("Set-Cookie: weir=1"));
  EXPECT_THAT(text_of(theirs), ElementsAre("Server: s"));
}

TEST(RouteEdits, AnotherHostTellsTheFirst) {
  RouteConfig config = route("/*");
  config.rewrite_host = "internal:81";
  const RoutePlan plan(config);
  RouteEdits edits;
  RequestHead head = request("/");
  head.fields = {{.name = "Host", .value = "example.org:8080", .id = proto::http::FieldId::host}};
  edits.begin(plan, head, kWords);
  edits.edit_request(head, {});
  EXPECT_EQ(edits.host(), "internal:81");
  EXPECT_TRUE(head.fields[0].hop_by_hop);
  EXPECT_THAT(text_of(edits.request_fields()), ElementsAre("X-Forwarded-Host: example.org:8080"));
  head.fields.push_back({.name = "X-Forwarded-Host", .value = "first", .id = proto::http::FieldId::x_forwarded_host});
  edits.edit_request(head, {});
  EXPECT_THAT(text_of(edits.request_fields()), ElementsAre()) << "that of a trusted client is passed on";
}

TEST(RouteEdits, FieldsOfTheResponse) {
  RouteConfig config = route("/*");
  config.response_headers.remove = {"server"};
  config.response_headers.set = {{"Cache-Control", "no-store"}, {"date", "now"}};
  const RoutePlan plan(config);
  RouteEdits edits;
  const RequestHead head = request("/");
  edits.begin(plan, head, kWords);
  Fields fields = {
      {.name = "Server", .value = "x"}, {.name = "cache-control", .value = "public"}, {.name = "a", .value = "b"}};
  const Fields ours = {{.name = "Date", .value = "today"}, {.name = "X-Request-Id", .value = "abc"}};
  EXPECT_THAT(text_of(edits.response_fields(fields, ours)),
              ElementsAre("X-Request-Id: abc", "Cache-Control: no-store", "date: now"));
  EXPECT_THAT(text_of(fields), ElementsAre("a: b"));
}

/// A value that a client chose ends no field.
TEST(RouteEdits, ValuesHaveNoControlCharacters) {
  RouteConfig config = route("/*");
  config.request_headers.set = {{"x", "{client_ip}"}};
  const RoutePlan plan(config);
  RouteEdits edits;
  RequestHead head = request("/");
  edits.begin(plan, head, {.client_ip = "a\r\nb: c", .request_id = "", .route = ""});
  edits.edit_request(head, {});
  EXPECT_EQ(edits.request_fields()[0].value, "a??b: c");
}

TEST(RoutePlan, OnlyWhereThereIsSomethingToDo) {
  RouteConfig config = route("/*");
  EXPECT_FALSE(RoutePlan::needed(config));
  config.response_headers.remove = {"server"};
  EXPECT_TRUE(RoutePlan::needed(config));
}

}  // namespace
}  // namespace weir::l7::core
