#include "model/config_reader.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/schema.h"

namespace weir::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> mistakes_of(std::string_view yaml) {
  const auto loaded = load_config_text(yaml, "weir.yaml");
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const Mistake& each : loaded.error()) texts.push_back(each.text());
  return texts;
}

Config read_good(std::string_view yaml) {
  const auto loaded = load_config_text(yaml, "weir.yaml");
  if (loaded) return loaded->config;
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text();
  return {};
}

TEST(ConfigReader, ReadsTheSmallestConfiguration) {
  const Config config = read_good(
      "listeners: [{http: \"0.0.0.0:8080\", to: app}]\nclusters:  {app: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"]}\n");
  ListenerConfig listener;
  listener.name = "0.0.0.0:8080";
  listener.http = {"0.0.0.0", 8080};
  RouteConfig route;
  route.to = {{"app", 100}};
  route.line = 1;
  listener.routes = {route};
  ClusterConfig cluster;
  cluster.name = "app";
  cluster.endpoints = {{{"127.0.0.1", 3000}, 1, "", 0}, {{"127.0.0.1", 3001}, 1, "", 0}};
  Config expected;
  expected.listeners = {listener};
  expected.clusters = {cluster};
  expected.path = "weir.yaml";
  EXPECT_TRUE(config == expected) << "everything that is not written must be as in Config{}";
}

TEST(ConfigReader, ReadsEveryShortAndLongForm) {
  const Config config = read_good(R"(
listeners:
  - http: "[::1]:0"
    routes:
      - match: {path: /api/*, host: Example.org}
        to: {api: 95, app: 5}
        retry: off
      - {match: {path: /about}, to: app, retry: {attempts: 3, per_try_timeout: 1.5s}}
clusters:
  app:
    endpoints: ["10.0.0.1:3000", {address: "10.0.0.2:3000", weight: 2, zone: b, priority: 1}]
    policy: ring_hash
    hash_on: header:X-User
    health_check: {http: /healthz, status: 204}
    outlier_detection: off
    panic: 30%
  api: {endpoints: ["localhost:1"], health_check: off, circuit_breaker: {max_pending: 7}, panic: 30}
)");
  ASSERT_EQ(config.listeners.size(), 1U);
  ASSERT_EQ(config.clusters.size(), 2U);
  const auto& routes = config.listeners[0].routes;
  ASSERT_EQ(routes.size(), 2U);
  EXPECT_EQ(config.listeners[0].http, (Address{"::1", 0}));
  EXPECT_EQ(routes[0].path, "/api/");
  EXPECT_EQ(routes[0].path_kind, RouteConfig::PathKind::prefix);
  EXPECT_EQ(routes[0].host, "example.org");
  EXPECT_EQ(routes[0].to, (std::vector<RouteTarget>{{"api", 95}, {"app", 5}}));
  EXPECT_EQ(routes[0].retry.attempts, 1U);
  EXPECT_EQ(routes[0].line, 5U);
  EXPECT_EQ(routes[1].path, "/about");
  EXPECT_EQ(routes[1].path_kind, RouteConfig::PathKind::exact);
  EXPECT_EQ(routes[1].retry.per_try_timeout, Duration::ms(1500));
  const ClusterConfig& app = config.clusters[0];
  EXPECT_EQ(app.endpoints[1], (EndpointConfig{{"10.0.0.2", 3000}, 2, "b", 1}));
  EXPECT_EQ(app.policy, PolicyKind::ring_hash);
  EXPECT_EQ(app.hash_on, HashOn::header);
  EXPECT_EQ(app.hash_name, "x-user");
  ASSERT_TRUE(app.health_check);
  EXPECT_EQ(app.health_check->http_path, "/healthz");
  EXPECT_EQ(app.health_check->status_min, 204);
  EXPECT_EQ(app.health_check->status_max, 204);
  EXPECT_FALSE(app.outlier.enabled);
  EXPECT_EQ(app.panic_percent, 30U);
  EXPECT_FALSE(config.clusters[1].health_check);
  EXPECT_EQ(config.clusters[1].circuit.max_pending, 7U);
  EXPECT_EQ(config.clusters[1].panic_percent, 30U);
}

/// The grown example of the design uses settings of later versions: they are named as such, and nothing else is wrong.
TEST(ConfigReader, NamesTheSettingsOfLaterVersions) {
  EXPECT_THAT(mistakes_of(R"(workers: auto
admin: 127.0.0.1:9901
listeners:
  - name: web
    http: 0.0.0.0:443
    tls: {certificate: web.crt, key: web.key, early_data: on}
    access_log: /var/log/weir/web.json      # or stdout (default), off
    routes:
      - match: {path: /api/*, header: {x-beta: "1"}}
        to: {api: 95, api-next: 5}
        timeout: 2s
        retry: {attempts: 2}
        rate_limit: {per: client_ip, rate: 100/s, burst: 200}
      - to: app
clusters:
  api: ["10.0.1.1:3000"]
  api-next: ["10.0.2.1:3000"]
  app:
    endpoints: ["10.0.0.1:3000", {address: "10.0.0.2:3000", weight: 2, zone: b}]
    policy: p2c          # round_robin | least_request | p2c (default) | peak_ewma | ring_hash | maglev
    health_check: {http: /healthz, interval: 2s, timeout: 500ms}
)"),
              ElementsAre("weir.yaml:6:47: listeners[0].tls.early_data: not supported yet by this version",
                          "weir.yaml:13:9: listeners[0].routes[0].rate_limit: not supported yet by this version"));
}

TEST(ConfigReader, RemembersWhereValuesCameFrom) {
  const auto loaded = load_config_text(
      "workers: 2\nlisteners: [{http: \"0.0.0.0:8080\", to: app}]\n"
      "clusters:\n  app:\n    endpoints:\n    - 127.0.0.1:3000\n    policy: maglev\n",
      "weir.yaml");
  ASSERT_TRUE(loaded);
  const Provenance& provenance = loaded->provenance;
  EXPECT_EQ(provenance.line_of("workers"), 1U);
  EXPECT_EQ(provenance.line_of("clusters.app.endpoints[0].address"), 6U);
  EXPECT_EQ(provenance.line_of("clusters.app.policy"), 7U);
  EXPECT_EQ(provenance.line_of("clusters.app.panic"), 0U) << "a default comes from no line";
  EXPECT_EQ(provenance.line_near("clusters.app.retry_budget.percent"), 4U);
  EXPECT_EQ(provenance.line_near("drain_timeout"), 0U);
}

TEST(ConfigReader, TellsAllMistakesInOneGoInTheOrderOfTheFile) {
  EXPECT_THAT(mistakes_of("workers: many\n"
                          "listeners: [{http: \"0.0.0.0:80\", to: ap}]\n"
                          "clusters: {app: {policy: p2x, endpoints: [\"1.2.3.4\"]}}\n"),
              ElementsAre(HasSubstr(":1:10: workers: "), HasSubstr(":2:38: listeners[0].to: unknown cluster"),
                          HasSubstr(":3:26: clusters.app.policy: "), HasSubstr(":3:43: clusters.app.endpoints[0]: ")));
}

TEST(ConfigReader, StopsListingMistakesAfterAHundred) {
  std::string yaml;
  for (int i = 0; i < 300; ++i) yaml += fmt::format("x{}: 1\n", i);
  const auto mistakes = mistakes_of(yaml);
  ASSERT_EQ(mistakes.size(), 100U);
  EXPECT_THAT(mistakes.back(), HasSubstr("there are more mistakes"));
}

TEST(ConfigReader, AliasesAreFollowedAndBounded) {
  const Config config = read_good(
      "listeners: [{http: \"0.0.0.0:80\", to: a}]\n"
      "clusters:\n  a: &app {policy: maglev, endpoints: [\"127.0.0.1:80\"]}\n  b: *app\n");
  ASSERT_EQ(config.clusters.size(), 2U);
  EXPECT_EQ(config.clusters[1].policy, PolicyKind::maglev);

  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb +=
        fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(mistakes_of(bomb), ElementsAre(HasSubstr("more than 200000 values, once aliases are followed")));
  EXPECT_THAT(mistakes_of("a: &a [*a]\n"), ElementsAre(HasSubstr("nested more than 32 deep")));
}

TEST(ConfigReader, HostileNamesCannotSteerTheTerminal) {
  const auto mistakes = mistakes_of("\"\\x1b[2J\": 1\n");
  ASSERT_FALSE(mistakes.empty());
  for (const std::string& each : mistakes) EXPECT_EQ(each.find('\x1b'), std::string::npos) << each;
}

TEST(ConfigReader, ReadsFilesAndSaysWhenItCannot) {
  const auto missing = load_config("/nonexistent/weir.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().at(0).text(), "/nonexistent/weir.yaml: cannot be opened: No such file or directory");

  const std::string path = ::testing::TempDir() + "weir_config_reader_test.yaml";
  std::ofstream(path) << "listeners: [{http: \"0.0.0.0:80\", to: a}]\nclusters: {a: [\"127.0.0.1:80\"]}\n";
  const auto loaded = load_config(path);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.path, path);
}

}  // namespace
}  // namespace weir::model
