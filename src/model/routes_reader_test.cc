// What routes match, as it is read, shown and linted.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/config_reader.h"
#include "model/lint.h"
#include "model/path_pattern.h"
#include "model/show.h"

namespace weir::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = FieldMatch::Kind;

/// These lines are the items of `routes`; the first is line 2.
std::string with_routes(std::string_view routes) {
  return fmt::format("listeners: [{{http: \"0.0.0.0:80\", routes: [\n{}]}}]\nclusters: {{app: [\"127.0.0.1:1\"]}}\n",
                     routes);
}

std::vector<std::string> mistakes_of(std::string_view routes) {
  const auto loaded = load_config_text(with_routes(routes), "w");
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const Mistake& each : loaded.error()) texts.push_back(each.text());
  return texts;
}

Loaded good(std::string_view yaml) {
  auto loaded = load_config_text(yaml, "w");
  if (loaded) return std::move(*loaded);
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text() << "\n" << yaml;
  return {};
}

std::vector<RouteConfig> routes_of(std::string_view routes) {
  const Loaded loaded = good(with_routes(routes));
  return loaded.config.listeners.empty() ? std::vector<RouteConfig>(9) : loaded.config.listeners[0].routes;
}

constexpr std::string_view kEveryMatch = R"(
{name: shop, to: app, match: {path: "/users/{id}/posts", host: "*.Example.org", method: GET,
  header: {X-Beta: "1", x-version: "v1*", x-star: {exact: "v*"}, x-word: {exact: present}, x-there: present,
           x-gone: absent, x-empty: ""},
  cookie: {Cohort: b}, query: {"a[0]": "%20*"}}},
{to: app, match: {method: [GET, PURGE]}}
)";

TEST(RoutesReader, ReadsEveryMatch) {
  const auto routes = routes_of(kEveryMatch);
  const RouteConfig& shop = routes[0];
  EXPECT_EQ(shop.name, "shop");
  EXPECT_EQ(shop.path, "/users/{id}/posts");
  EXPECT_EQ(shop.path_kind, RouteConfig::PathKind::pattern);
  EXPECT_EQ(shop.host, "*.example.org");
  EXPECT_THAT(shop.methods, ElementsAre("GET"));
  EXPECT_EQ(shop.headers, (std::vector<FieldMatch>{{"x-beta", Kind::exact, "1"},
                                                   {"x-version", Kind::prefix, "v1"},
                                                   {"x-star", Kind::exact, "v*"},
                                                   {"x-word", Kind::exact, "present"},
                                                   {"x-there", Kind::present, ""},
                                                   {"x-gone", Kind::absent, ""},
                                                   {"x-empty", Kind::exact, ""}}));
  EXPECT_EQ(shop.cookies, (std::vector<FieldMatch>{{"Cohort", Kind::exact, "b"}}));
  EXPECT_EQ(shop.query, (std::vector<FieldMatch>{{"a[0]", Kind::prefix, "%20"}}));
  EXPECT_THAT(routes[1].methods, ElementsAre("GET", "PURGE"));
  EXPECT_EQ(route_label(routes[1]), "/*");
}

TEST(RoutesReader, ShowReadsBackAsTheSameRoutes) {
  const Loaded loaded = good(with_routes(kEveryMatch));
  const std::string shown = show(loaded);
  auto again = good(shown).config.listeners.at(0).routes;
  auto before = loaded.config.listeners.at(0).routes;
  for (auto* routes : {&again, &before}) {
    for (RouteConfig& each : *routes) each.line = 0;
  }
  EXPECT_TRUE(again == before) << shown;
  EXPECT_THAT(shown, HasSubstr("header: {x-beta: 1, x-version: \"v1*\", x-star: {exact: \"v*\"}"));
}

TEST(RoutesReader, SharesHaveToLeadSomewhere) {
  constexpr const char* kWhy = "to: the shares add up to 0: no request would have anywhere to go; expected one above 0";
  EXPECT_THAT(mistakes_of("{to: {app: 0}}"), ElementsAre(fmt::format("w:2:2: listeners[0].routes[0].{}", kWhy)));
  EXPECT_THAT(mistakes_of("{match: {path: /a}, to: app},\n{to: {app: 0%}}"), ElementsAre(HasSubstr("routes[1].to")));
  EXPECT_THAT(mistakes_of("{to: {app: many}}"), ElementsAre(HasSubstr("routes[0].to.app"))) << "one mistake is enough";
  EXPECT_THAT(mistakes_of("{to: {app: 1}}"), ::testing::IsEmpty());
  const auto short_form = load_config_text(
      "listeners: [{http: \"0.0.0.0:80\", to: {a: 0, b: 0}}]\nclusters: {a: [\"127.0.0.1:1\"], b: "
      "[\"127.0.0.1:2\"]}\n",
      "w");
  ASSERT_FALSE(short_form.has_value());
  EXPECT_THAT(short_form.error().front().text(), HasSubstr(kWhy));
}

struct MistakeCase {
  const char* expected;
  const char* route;
};

TEST(RoutesReader, TellsWhatIsWrongWithAMatch) {
  for (const MistakeCase& each : {
           MistakeCase{"match.path: \"/a b\" has a blank, or a byte that a path must have encoded (as in %20); "
                       "expected a path such as /about, a prefix such as /api/*, or a pattern such as "
                       "/users/{id}/posts",
                       "path: /a b"},
           MistakeCase{"match.host: \"example.org:80\" is not valid; expected a host name such as example.org, or "
                       "*.example.org for all below it, or any",
                       "host: \"example.org:80\""},
           MistakeCase{"match.host: \"*\" is not valid", "host: \"*\""},
           MistakeCase{"match.host: \"a.*.org\" is not valid", "host: \"a.*.org\""},
           MistakeCase{"match.method: \"get\" matches nothing: methods are case-sensitive; expected a method such as "
                       "GET",
                       "method: get"},
           MistakeCase{"match.method[1]: is no method", "method: [GET, \"P T\"]"},
           MistakeCase{"match.method: has 0 methods; expected 1 to 16", "method: []"},
           MistakeCase{"match.header: is a single value; expected a map from names to values", "header: x-beta"},
           MistakeCase{"match.header: has 0 names; expected 1 to 16", "header: {}"},
           MistakeCase{"match.header.x beta: \"x beta\" is no name of a field", "header: {x beta: 1}"},
           MistakeCase{"match.header.Host: \"Host\" is what match.host looks at", "header: {Host: a}"},
           MistakeCase{"match.header.cookie: \"cookie\" is what match.cookie looks at", "header: {cookie: a}"},
           MistakeCase{"match.header.a: \"*\" is not valid; expected present", "header: {a: \"*\"}"},
           MistakeCase{"match.header.a: is not valid; expected a value, a beginning such as v1*",
                       "header: {a: {prefix: x}}"},
           MistakeCase{"match.query.b&c: \"b&c\" is no name of a parameter", "query: {b&c: x}"},
           MistakeCase{"match.cookie.a: is set twice", "cookie: {a: x, a: y}"},
       }) {
    EXPECT_THAT(mistakes_of(fmt::format("{{to: app, match: {{{}}}}}", each.route)),
                ElementsAre(HasSubstr(std::string(": listeners[0].routes[0].") + each.expected)))
        << each.route;
  }
}

TEST(RoutesReader, NamesAreTheirOwn) {
  EXPECT_THAT(mistakes_of("{to: app, name: a, match: {path: /b}},\n{to: app, name: a}"),
              ElementsAre("w:3:1: listeners[0].routes[1].name: \"a\" is already the name of the route in line 2"));
}

std::vector<std::string> unreachable(std::string_view routes) {
  std::vector<std::string> found;
  for (const Lint& each : lint(good(with_routes(routes)), {})) {
    if (each.rule == "reachable-routes") found.push_back(each.text("w"));
  }
  return found;
}

TEST(RoutesLint, SeesWhichRoutesAreCovered) {
  struct Row {
    bool reachable;
    const char* earlier;
    const char* later;
  };
  for (const Row& row :
       {Row{false, "host: \"*.example.org\"", "host: a.example.org"}, Row{true, "host: a.org", "host: b.org"},
        Row{true, "host: \"*.example.org\"", "host: example.org"}, Row{false, "host: a", "{host: a, path: /x}"},
        Row{false, "path: \"/u/{id}\"", "path: /u/me"}, Row{true, "path: /u/me", "path: \"/u/{id}\""},
        Row{false, "method: [GET, HEAD]", "method: HEAD"}, Row{true, "method: GET", "method: [GET, HEAD]"},
        Row{true, "method: GET", "path: /a"}, Row{false, "path: /*", "method: GET"},
        Row{false, "header: {a: present}", "header: {a: \"1\", b: x}"},
        Row{true, "header: {a: \"1\"}", "header: {b: \"1\"}"},
        Row{false, "header: {a: \"v*\"}", "header: {a: \"v1*\"}"},
        Row{true, "header: {a: \"v*\"}", "header: {a: present}"},
        Row{false, "query: {a: absent}", "query: {a: absent}"}, Row{true, "query: {a: absent}", "query: {a: present}"},
        Row{true, "cookie: {a: x}", "header: {a: x}"}}) {
    const auto match = [](std::string_view text) {
      return text.starts_with('{') ? std::string(text) : fmt::format("{{{}}}", text);
    };
    const auto found = unreachable(
        fmt::format("{{to: app, match: {}}},\n{{to: app, match: {}}}", match(row.earlier), match(row.later)));
    EXPECT_EQ(found.empty(), row.reachable) << row.earlier << " before " << row.later;
  }
  EXPECT_THAT(unreachable("{to: app},\n{to: app, match: {method: GET}}"),
              ElementsAre("w:3: warning: listeners[0].routes[1]: no request comes here: the route in line 2 stands "
                          "before it and takes all that this one matches"));
}

}  // namespace
}  // namespace weir::model
