// The router against a scan of its routes that could not be simpler, on random routes and requests of few words, so
// that prefixes, patterns and hosts overlap everywhere; and what ten thousand routes weigh.
#include <gtest/gtest.h>

#include <string>

#include <fmt/format.h>

#include "base/prng.h"
#include "l7/core/router.h"
#include "model/path_pattern.h"

namespace weir::l7::core {
namespace {

using model::RouteConfig;
using proto::http::RequestHead;

template <size_t N>
std::string_view one_of(Prng& prng, const std::string_view (&words)[N]) {
  return words[prng.below(N)];
}

RouteConfig random_route(Prng& prng) {
  RouteConfig route;
  route.host = one_of(prng, {"", "", "a.x", "*.x", "b.a.x", "*.a.x", "x"});
  std::string path;
  bool wild = false;
  for (uint64_t left = prng.below(4); left > 0; --left) {
    const std::string_view word = one_of(prng, {"a", "b", "ab", "abc", "*", "*"});
    wild = wild || word == "*";
    path += "/" + std::string(word);
  }
  const std::string_view tail = one_of(prng, {"", "/", "/*", "/*", "/a", "/a*", "/ab*", "/{rest*}"});
  path += path.empty() && tail.empty() ? "/" : tail;
  if (path.ends_with('*') && !path.ends_with("/*") && prng.below(2) == 0) path = "/*";
  if (path.ends_with("/*") && wild && prng.below(2) == 0) path += "/a";  // the star now stands within
  route.path_kind = model::parse_path(path)->kind();
  if (route.path_kind == RouteConfig::PathKind::prefix) path.pop_back();
  route.path = path;
  if (prng.below(4) == 0) route.methods = {"GET"};
  if (prng.below(6) == 0) route.headers = {{"x-a", model::FieldMatch::Kind::exact, "1"}};
  return route;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts{""};
  for (const char c : path.substr(1)) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

bool path_fits(const RouteConfig& route, std::string_view path) {
  if (route.path_kind == RouteConfig::PathKind::exact) return path == route.path;
  if (route.path_kind == RouteConfig::PathKind::prefix) return path.starts_with(route.path);
  const auto asked = split(route.path), parts = split(path);
  for (size_t i = 0; i < asked.size(); ++i) {
    const bool last = i + 1 == asked.size();
    if (i >= parts.size()) return false;
    if (last && (asked[i] == "*" || asked[i] == "{rest*}")) return true;
    if (last && asked[i].ends_with('*')) return parts[i].starts_with(asked[i].substr(0, asked[i].size() - 1));
    if (asked[i] == "*" ? parts[i].empty() : asked[i] != parts[i]) return false;
  }
  return asked.size() == parts.size();
}

bool host_fits(const std::string& asked, const std::string& host) {
  if (asked.empty() || asked == host) return true;
  return asked.starts_with("*.") && host.size() > asked.size() - 1 && host.ends_with(asked.substr(1));
}

int scan(const std::vector<RouteConfig>& routes, const std::string& host, const RequestHead& head) {
  for (size_t i = 0; i < routes.size(); ++i) {
    const RouteConfig& route = routes[i];
    const bool method = route.methods.empty() || head.method_text == "GET";
    const bool field = route.headers.empty() || !head.fields.empty();
    if (host_fits(route.host, host) && path_fits(route, head.target) && method && field) return static_cast<int>(i);
  }
  return -1;
}

TEST(RouterRandom, FindsWhatAScanFinds) {
  Prng prng(1);
  size_t some = 0, none = 0, later = 0;
  for (int world = 0; world < 300; ++world) {
    std::vector<RouteConfig> routes(1 + prng.below(40));
    for (RouteConfig& each : routes) each = random_route(prng);
    const Router router(routes);
    for (int i = 0; i < 100; ++i) {
      const std::string host(one_of(prng, {"a.x", "b.a.x", "c.b.a.x", "y.x", "x", "z", "xa.x"}));
      std::string target;
      for (uint64_t left = prng.below(5); left > 0; --left) {
        target += "/" + std::string(one_of(prng, {"a", "b", "ab", "abc", "abcd", "c"}));
      }
      if (target.empty() || prng.below(4) == 0) target += "/";
      RequestHead head;
      head.method_text = prng.below(3) == 0 ? "POST" : "GET";
      head.method = proto::http::method_of(head.method_text);
      head.authority = host;
      head.target = target;
      if (prng.below(3) == 0) head.fields.push_back({.name = "X-A", .value = "1"});
      std::string storage;
      const auto choice = router.find(head, false, storage);
      const int found = choice.refusal == Rule::none ? static_cast<int>(choice.route) : -1;
      const int expected = scan(routes, host, head);
      if (expected < 0) {
        ++none;
      } else {
        ++some;
        if (expected > 5) ++later;
      }
      if (found == expected) continue;
      std::string listed;
      for (size_t k = 0; k < routes.size(); ++k)
        listed += fmt::format("{} {}{}\n", k, routes[k].host, written_path(routes[k]));
      FAIL() << head.method_text << " " << host << target << ": " << found << ", not " << expected << "\n" << listed;
    }
  }
  EXPECT_GT(some, 1000U);
  EXPECT_GT(none, 1000U);
  EXPECT_GT(later, 1000U);
}

TEST(Router, TenThousandRoutesFitIntoThreeMegabytes) {
  std::vector<RouteConfig> routes(10'000);
  for (size_t i = 0; i < routes.size(); ++i) {
    routes[i].host = fmt::format("shop-{}.example.org", i);
    routes[i].path = fmt::format("/tenants/{}/items/", i);
  }
  const Router router(routes);
  EXPECT_LT(router.memory_bytes(), 5'000'000U);
  EXPECT_GT(router.memory_bytes(), 500'000U);
}

}  // namespace
}  // namespace weir::l7::core
