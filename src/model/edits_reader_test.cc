// What routes do to requests and responses, as it is read, shown and linted.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/config_reader.h"
#include "model/lint.h"
#include "model/show.h"
#include "model/template_text.h"

namespace weir::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string with_routes(std::string_view routes) {
  return fmt::format("listeners: [{{http: \"0.0.0.0:80\", routes: [\n{}]}}]\nclusters: {{app: [\"127.0.0.1:1\"]}}\n",
                     routes);
}

Loaded good(std::string_view yaml) {
  auto loaded = load_config_text(yaml, "w");
  if (loaded) return std::move(*loaded);
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text() << "\n" << yaml;
  return {};
}

std::vector<std::string> mistakes_of(std::string_view routes) {
  const auto loaded = load_config_text(with_routes(routes), "w");
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const Mistake& each : loaded.error()) texts.push_back(each.text());
  return texts;
}

constexpr std::string_view kEdited = R"(
{match: {path: "/old/{rest*}"}, redirect: {to: "https://{host}/new/{rest}{query}", status: 301}},
{match: {path: "/api/{version}/*"}, to: app, rewrite: {path: "/{version}{path}", host: "Internal.example:81"},
 request_headers: {remove: [Cookie, x-debug], set: {X-Version: "{version}", "x-json": "{{}} \"q\""}},
 response_headers: {add: {Set-Cookie: "a=1", x-empty: ""}}},
{match: {path: /v1/*}, to: app, rewrite: {path: /v2/}},
{to: app}
)";

TEST(EditsReader, ReadsEveryEdit) {
  const Loaded loaded = good(with_routes(kEdited));
  ASSERT_EQ(loaded.config.listeners.size(), 1U);
  const auto& routes = loaded.config.listeners[0].routes;
  EXPECT_EQ(routes[0].redirect, (RedirectConfig{"https://{host}/new/{rest}{query}", 301}));
  EXPECT_TRUE(routes[0].to.empty());
  EXPECT_EQ(routes[1].rewrite_path, "/{version}{path}");
  EXPECT_EQ(routes[1].rewrite_host, "internal.example:81");
  EXPECT_THAT(routes[1].request_headers.remove, ElementsAre("Cookie", "x-debug"));
  EXPECT_THAT(routes[1].request_headers.set, ElementsAre(Pair("X-Version", "{version}"), Pair("x-json", "{{}} \"q\"")));
  EXPECT_THAT(routes[1].response_headers.add, ElementsAre(Pair("Set-Cookie", "a=1"), Pair("x-empty", "")));
  EXPECT_FALSE(rewrites_whole_path(routes[2]));
  EXPECT_TRUE(rewrites_whole_path(routes[1]));
  EXPECT_EQ(routes[3].redirect, RedirectConfig{});
}

TEST(EditsReader, ShowReadsBackAsTheSameRoutes) {
  const Loaded loaded = good(with_routes(kEdited));
  const std::string shown = show(loaded);
  auto again = good(shown).config.listeners.at(0).routes;
  auto before = loaded.config.listeners.at(0).routes;
  for (auto* routes : {&again, &before}) {
    for (RouteConfig& each : *routes) each.line = 0;
  }
  EXPECT_TRUE(again == before) << shown;
}

TEST(EditsReader, TellsWhatIsWrong) {
  struct Row {
    const char* expected;
    const char* route;
  };
  for (const Row& row : {
           Row{"routes[0]: to and redirect exclude each other; expected one of them", "to: app, redirect: {to: /a}"},
           Row{"redirect.to: \"https://{hots}/\" has {hots}, and there is only {id}, {scheme}, {host}, {path}, {query}",
               "match: {path: \"/{id}\"}, redirect: {to: \"https://{hots}/\"}"},
           Row{"redirect.to: \"//evil.org\" begins with two slashes, which name another host",
               "redirect: {to: //evil.org}"},
           Row{"has a segment of the path where the host stands: whoever writes a link would choose where it leads",
               "match: {path: \"/{id}\"}, redirect: {to: \"https://{id}/\"}"},
           Row{"has a segment of the path where the host stands",
               "match: {path: \"/{id}\"}, redirect: {to: \"https://example.org{id}\"}"},
           Row{"begins neither with / or {path} nor with http://, https:// or {scheme}://",
               "redirect: {to: \"javascript:alert(1)\"}"},
           Row{"begins neither with", "match: {path: \"/{id}\"}, redirect: {to: \"{id}\"}"},
           Row{"names no host", "redirect: {to: \"https://{path}\"}"},
           Row{"is no URL", "redirect: {to: \"/a b\"}"},
           Row{"has a single brace", "redirect: {to: \"/a}\"}"},
           Row{"redirect.status: unknown status \"200\"; expected one of 301, 302, 303, 307, 308",
               "redirect: {to: /a, status: 200}"},
           Row{"rewrite.path: \"v2/\" is no path", "to: app, rewrite: {path: v2/}"},
           Row{"rewrite.path: \"/a?b\" has a query; that of the request is kept", "to: app, rewrite: {path: \"/a?b\"}"},
           Row{"rewrite.path: \"/v2\" takes the place of /api/, so it must end with a slash too",
               "match: {path: /api/*}, to: app, rewrite: {path: /v2}"},
           Row{"rewrite.path: \"/a/../b\" has a dot segment", "to: app, match: {path: /x}, rewrite: {path: /a/../b}"},
           Row{"rewrite.path: \"/{host}\" has {host}, and there is only {path}",
               "to: app, rewrite: {path: \"/{host}\"}"},
           Row{"request_headers.set.Host: \"Host\" is not changed here; rewrite.host does that",
               "to: app, request_headers: {set: {Host: a}}"},
           Row{"request_headers.remove[1]: \"Content-Length\" says where a message ends, which is the connection's "
               "affair",
               "to: app, request_headers: {remove: [a, Content-Length]}"},
           Row{"response_headers.add.connection: \"connection\" is for one connection only, and never passed on",
               "to: app, response_headers: {add: {connection: close}}"},
           Row{"request_headers.set.a b: \"a b\" is no name of a field", "to: app, request_headers: {set: {a b: c}}"},
           Row{"request_headers.set.a: \"{id}\" has {id}, and there is only {client_ip}, {host}, {path}, {request_id}, "
               "{route}, {scheme}",
               "to: app, request_headers: {set: {a: \"{id}\"}}"},
           Row{"has a control character", "to: app, request_headers: {set: {a: \"b\\r\\nc: d\"}}"},
           Row{"request_headers.set.X-USER: is set already, as X-User",
               "to: app, request_headers: {set: {X-User: a, X-Other: b, X-USER: c}}"},
           Row{"request_headers.delete: unknown setting \"delete\"", "to: app, request_headers: {delete: [a]}"},
           Row{"request_headers.set: has 0 fields; expected 1 to 32", "to: app, request_headers: {set: {}}"},
       }) {
    EXPECT_THAT(mistakes_of(fmt::format("{{{}}}", row.route)), ElementsAre(HasSubstr(row.expected))) << row.route;
  }
}

TEST(EditsLint, RedirectsThatLeadBack) {
  struct Row {
    bool loops;
    const char* route;
  };
  for (const Row& row : {
           Row{true, "redirect: {to: \"{path}{query}\"}"},
           Row{true, "redirect: {to: \"{scheme}://{host}{path}\"}"},
           Row{true, "redirect: {to: \"http://{host}{path}{query}\"}"},
           Row{false, "redirect: {to: \"https://{host}{path}{query}\"}"},
           Row{true, "match: {path: /a/*}, redirect: {to: \"/a/b?c=d\"}"},
           Row{false, "match: {path: /a/*}, redirect: {to: /b}"},
           Row{false, "match: {path: /a}, redirect: {to: /a/}"},
           Row{true, "match: {path: \"/{id}\"}, redirect: {to: /login}"},
           Row{false, "match: {path: \"/{id}\", cookie: {session: absent}}, redirect: {to: /login}"},
           Row{false, "match: {path: \"/a/{rest*}\"}, redirect: {to: \"/a/{rest}x\"}"},
       }) {
    std::vector<std::string> found;
    for (const Lint& each : lint(good(with_routes(fmt::format("{{{}}},\n{{to: app}}", row.route))), {})) {
      if (each.rule == "redirects") found.push_back(each.message);
    }
    EXPECT_EQ(!found.empty(), row.loops) << row.route;
  }
}

}  // namespace
}  // namespace weir::model
