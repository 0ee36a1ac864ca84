// Every rule fires on a configuration that was spoiled for it, with the arithmetic in its words, and none fires on a
// good one.

#include "model/lint.h"

#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::model {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Environment kMachine{4, 1'048'576};

std::vector<std::string> lints_of(std::string_view yaml, std::string_view rule, const Environment& environment) {
  const auto loaded = load_config_text(yaml, "weir.yaml");
  std::vector<std::string> texts;
  if (!loaded) {
    for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text() << "\n" << yaml;
    return texts;
  }
  for (const Lint& each : lint(*loaded, environment)) {
    if (rule.empty() || each.rule == rule) texts.push_back(each.text("weir.yaml"));
  }
  return texts;
}

/// A file with these settings at the top (lines 1 on), in the only route, and in the only cluster.
std::string file_with(std::string_view top, std::string_view route, std::string_view cluster,
                      std::string_view endpoints = "\"127.0.0.1:3000\", \"127.0.0.1:3001\"") {
  return fmt::format(
      "{}\nlisteners:\n- http: 0.0.0.0:8080\n  routes:\n  - to: app\n    {}\nclusters:\n  app:\n"
      "    endpoints: [{}]\n    {}\n",
      top, route, endpoints, cluster);
}

/// The same with settings of its only listener, in line 3.
std::string listener_with(std::string_view settings) {
  return fmt::format(
      "\nlisteners:\n- {{http: 0.0.0.0:8080, {}, to: app}}\nclusters:\n  app:\n"
      "    endpoints: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"]\n",
      settings);
}

struct LintCase {
  const char* rule;
  const char* expected;
  std::string yaml;
};

void PrintTo(const LintCase& each, std::ostream* out) { *out << each.rule << "\n" << each.yaml; }

class LintFires : public ::testing::TestWithParam<LintCase> {};

TEST_P(LintFires, WithItsNumbers) {
  EXPECT_THAT(lints_of(GetParam().yaml, GetParam().rule, {4, 65536}), Contains(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Traffic, LintFires,
    ::testing::Values(
        LintCase{"stickiness",
                 "weir.yaml:6: note: listeners[0].routes[0].sticky: when one of the 2 endpoints of app goes, 1/2 = 50% "
                 "of the clients move and lose what only it knew; an endpoint may carry up to 150% of its share, that "
                 "is 75% of all requests, before it overflows; and one that drains is not empty before its clients' "
                 "requests have moved",
                 file_with("", "sticky: {cookie: weir}", "")},
        LintCase{"stickiness",
                 "weir.yaml:6: warning: listeners[0].routes[0].sticky.overflow: nothing bounds what one endpoint of "
                 "app carries: in the worst case all of it, 2 times its share, while the others idle",
                 file_with("", "sticky: {cookie: weir, overflow: never}", "")},
        LintCase{"stickiness",
                 "weir.yaml:6: warning: listeners[0].routes[0].sticky: app has 1 endpoint: there is nobody else a "
                 "client could go to",
                 file_with("", "sticky: {cookie: weir}", "", "\"127.0.0.1:3000\"")},
        LintCase{"sticky-hash",
                 "weir.yaml:10: note: clusters.app.hash_on: when one of the 2 endpoints goes, 1/2 = 50% of the keys "
                 "move and lose what only it knew; an endpoint may carry up to 125% of its share before its keys "
                 "overflow",
                 file_with("", "", "hash_on: client_ip\n    policy: maglev")},
        LintCase{"sticky-split",
                 "weir.yaml:6: warning: listeners[0].routes[0].sticky: the shares are drawn anew for every request, so "
                 "two in a row of one client go to different clusters with a chance of 32% and each time get another "
                 "cookie: split_by keeps a client with its cluster",
                 "listeners:\n- http: 0.0.0.0:8080\n  routes:\n  - to: {app: 4, b: 1}\n\n    sticky: {cookie: weir}\n"
                 "clusters: {app: [\"127.0.0.1:3000\"], b: [\"127.0.0.1:3001\"]}\n"},
        LintCase{"split-by",
                 "weir.yaml:6: warning: listeners[0].routes[0].split_by: app gets everything, so there is nothing to "
                 "split",
                 file_with("", "split_by: client_ip", "")},
        LintCase{"mirror",
                 "weir.yaml:6: warning: listeners[0].routes[0].mirror.to: app gets the originals, too: with 50% copied "
                 "it carries up to 1.5 times its load, and every side effect of a copied request happens twice",
                 file_with("", "mirror: {to: app, percent: 50}", "")},
        LintCase{"mirror",
                 "weir.yaml:6: note: listeners[0].routes[0].mirror: copies hold up to 4096 × 1MiB = 4GiB of memory",
                 file_with("", "mirror: {to: b, max_in_flight: 4096, max_body: 1MiB}", "\n  b: [\"127.0.0.1:1\"]")}));

INSTANTIATE_TEST_SUITE_P(
    Routes, LintFires,
    ::testing::Values(
        LintCase{
            "tries-fit",
            "weir.yaml:6: warning: listeners[0].routes[0].retry.per_try_timeout: 2 tries × 10s per try = 20s, but the "
            "route's timeout is 15s: the second try never ends by its own limit",
            file_with("", "retry: {attempts: 2, per_try_timeout: 10s}", "")},
        LintCase{
            "tries-fit",
            "weir.yaml:6: warning: listeners[0].routes[0].retry.per_try_timeout: 5 tries × 5s per try = 25s, but the "
            "route's timeout is 15s: the fourth try never happens",
            file_with("", "retry: {attempts: 5, per_try_timeout: 5s}", "")},
        LintCase{
            "tries-fit",
            "weir.yaml:6: warning: listeners[0].routes[0].retry.per_try_timeout: a try may take 20s, but the route's "
            "timeout is 15s: the try never ends by its own limit",
            file_with("", "retry: {attempts: 1, per_try_timeout: 20s}", "")},
        LintCase{"connect-fits",
                 "weir.yaml:8: warning: clusters.app.connect_timeout: connecting may take 1s, but one try of "
                 "listeners[0].routes[0] has 500ms (timeout 1s / 2 tries): an unreachable endpoint costs the whole try",
                 file_with("", "timeout: 1s", "")},
        LintCase{"connect-fits",
                 "weir.yaml:10: warning: clusters.app.connect_timeout: connecting may take 3s, but one try of "
                 "listeners[0].routes[0] has 2s (per_try_timeout 2s): an unreachable endpoint costs the whole try",
                 file_with("", "retry: {per_try_timeout: 2s}", "connect_timeout: 3s")},
        LintCase{"pending-fits",
                 "weir.yaml:10: warning: clusters.app.circuit_breaker.pending_timeout: a request may wait 20s for a "
                 "slot, but "
                 "listeners[0].routes[0] gives up after 15s: what waits longest is never served",
                 file_with("", "", "circuit_breaker: {pending_timeout: 20s}")},
        LintCase{
            "drain-fits",
            "weir.yaml:1: warning: drain_timeout: draining ends after 5s, but a request of listeners[0].routes[0] may "
            "take 15s: a restart cuts off what runs longer than 5s",
            file_with("drain_timeout: 5s", "", "")},
        LintCase{"backoff-fits",
                 "weir.yaml:6: warning: listeners[0].routes[0].retry.backoff_base: the first wait would be 1s, but no "
                 "wait is "
                 "longer than backoff_max 250ms: it never grows",
                 file_with("", "retry: {backoff_base: 1s}", "")},
        LintCase{"retry-budget",
                 "weir.yaml:10: warning: clusters.app.retry_budget: 0% of requests + 0 per second = no retry, but "
                 "listeners[0].routes[0] asks for 2 tries",
                 file_with("", "", "retry_budget: {percent: 0, min_per_second: 0}")},
        LintCase{"retry-budget",
                 "weir.yaml:10: warning: clusters.app.retry_budget.percent: 2 tries of listeners[0].routes[0] can at "
                 "most make "
                 "2 times the load, and a budget of 150% allows 2.5 times: it never binds",
                 file_with("", "", "retry_budget: {percent: 150}")},
        LintCase{"retry-budget",
                 "weir.yaml:6: note: listeners[0].routes[0].retry.attempts: 3 tries make at most 3 times the load on "
                 "app in an "
                 "outage; its retry budget bounds that to 1 + 20% = 1.2 times, plus 10 retries a second",
                 file_with("", "retry: {attempts: 3}", "")},
        LintCase{"reachable-routes",
                 "weir.yaml:7: warning: listeners[0].routes[1]: no request comes here: the route in line 5 stands "
                 "before it and "
                 "takes all that this one matches",
                 file_with("", "\n  - {match: {path: /api/*}, to: app}", "")},
        LintCase{"head-limits",
                 "weir.yaml:1: warning: listeners[0].limits.field: field may have 128KiB, but the whole head only "
                 "64KiB: the "
                 "larger limit never acts",
                 "listeners: [{http: \"0.0.0.0:80\", to: app, limits: {field: 128KiB}}]\nclusters: {app: "
                 "[\"127.0.0.1:1\"]}\n"},
        LintCase{
            "files",
            "weir.yaml:1: warning: listeners[0].limits.connections: 65000 connections of clients + 4096 to endpoints "
            "(endpoints × max_connections) = 69096, but this process may open 65536 files: beyond it connections fail "
            "at "
            "random; raise the file limit or lower these",
            "listeners: [{http: \"0.0.0.0:80\", to: app, limits: {connections: 65000}}]\nclusters: {app: "
            "[\"127.0.0.1:1\"]}\n"},
        LintCase{
            "admin-private",
            "weir.yaml:1: warning: admin: 0.0.0.0:9901 can be reached from other machines, and the token that it asks "
            "for crosses the network as readable text: use 127.0.0.1, or a network that only administrators can "
            "listen to",
            file_with("admin: 0.0.0.0:9901\nadmin_token_file: token", "", "")},
        LintCase{"low-ports",
                 "weir.yaml:1: note: listeners[0].http: port 443 is opened by root, or by whom systemd lets "
                 "(AmbientCapabilities): as root, name the user to become afterwards as privileges.user",
                 "listeners: [{http: \"0.0.0.0:443\", to: app}]\nclusters: {app: [\"127.0.0.1:1\"]}\n"}));

INSTANTIATE_TEST_SUITE_P(
    Clusters, LintFires,
    ::testing::Values(
        LintCase{"used",
                 "weir.yaml:11: warning: clusters.spare: no route leads here: unless a shift does, its endpoints get "
                 "probes at most",
                 file_with("", "", "") + "  spare: [\"127.0.0.1:9\"]\n"},
        LintCase{
            "weights",
            "weir.yaml:9: warning: clusters.app.endpoints: the weights of 1 endpoint add up to 0: every request is "
            "answered with 503",
            file_with("", "", "", "{address: \"127.0.0.1:1\", weight: 0}")},
        LintCase{"probe-fits",
                 "weir.yaml:10: warning: clusters.app.health_check.timeout: a probe may take 3s, but the next is due "
                 "after 2s: "
                 "slow probes would pile up on an endpoint that is already slow",
                 file_with("", "", "health_check: {http: /, timeout: 3s}")},
        LintCase{"detection-time",
                 "weir.yaml:10: note: clusters.app.health_check: an endpoint that stops answering is noticed after at "
                 "most 3 × "
                 "2s + 10% jitter + 500ms = 7.1s",
                 file_with("", "", "health_check: {http: /}")},
        LintCase{
            "detection-time",
            "weir.yaml:10: note: clusters.app.health_check: an endpoint that stops answering is noticed after at most "
            "3 × "
            "2s + 10% jitter + 500ms = 7.1s; a route here gives up after 5s, so until then only outlier detection and "
            "retries help",
            file_with("", "timeout: 5s", "health_check: {http: /}")},
        LintCase{"single-endpoint",
                 "weir.yaml:10: note: clusters.app.health_check: 1 endpoint: when its probes fail there is no other, "
                 "so Weir "
                 "goes on using it; the probes only report",
                 file_with("", "", "health_check: {http: /}", "\"127.0.0.1:1\"")},
        LintCase{
            "single-endpoint",
            "weir.yaml:10: note: clusters.app.outlier_detection: 1 endpoint: the last healthy one is never ejected, so "
            "this never acts",
            file_with("", "", "outlier_detection: {window: 5s}", "\"127.0.0.1:1\"")},
        LintCase{"single-endpoint",
                 "weir.yaml:10: note: clusters.app.slow_start: 1 endpoint: it takes all requests at once whatever its "
                 "weight",
                 file_with("", "", "slow_start: 5s", "\"127.0.0.1:1\"")},
        LintCase{"ejection-limit",
                 "weir.yaml:10: note: clusters.app.outlier_detection.max_ejected: 10% of 2 endpoints = 0.2, less than "
                 "one; Weir "
                 "still ejects one at a time",
                 file_with("", "", "outlier_detection: {max_ejected: 10%}")},
        LintCase{"ejection-limit",
                 "weir.yaml:10: warning: clusters.app.outlier_detection.base_ejection: the first ejection would last "
                 "10m, but "
                 "none lasts longer than max_ejection 5m",
                 file_with("", "", "outlier_detection: {base_ejection: 10m}")},
        LintCase{"panic",
                 "weir.yaml:10: warning: clusters.app.panic: panic is off: when the probes of 2 endpoints fail "
                 "together (a slow "
                 "database is enough), all requests are answered with 503",
                 file_with("", "", "panic: off\n    health_check: {http: /}")},
        LintCase{"bounded-load",
                 "weir.yaml:11: warning: clusters.app.bounded_load: an endpoint may carry 100% of the mean, and not "
                 "all can be "
                 "at or below their mean: nearly every key moves; 125% is usual",
                 file_with("", "", "policy: maglev\n    bounded_load: 100%")},
        LintCase{
            "bounded-load",
            "weir.yaml:10: warning: clusters.app.hash_on: only ring_hash and maglev use it, and the policy is another",
            file_with("", "", "hash_on: path")},
        LintCase{"idle-connections",
                 "weir.yaml:10: warning: clusters.app.connection_pool.max_idle: 2000 idle connections × 4 workers = "
                 "8000 to one "
                 "endpoint, but max_connections is 4096: the pool can never hold them",
                 file_with("", "", "connection_pool: {max_idle: 2000}")},
        LintCase{"pool-age",
                 "weir.yaml:10: warning: clusters.app.connection_pool.idle_timeout: an idle connection is kept for "
                 "30s, but none "
                 "becomes older than 10s",
                 file_with("", "", "connection_pool: {max_lifetime: 10s}")},
        LintCase{"pool-age",
                 "weir.yaml:10: note: clusters.app.connection_pool.idle_timeout: idle connections are kept for 90s, "
                 "but nginx "
                 "closes them after 75s, Node after 5s: a request sent just then fails, and is retried only when that "
                 "is safe",
                 file_with("", "", "connection_pool: {idle_timeout: 90s}")},
        LintCase{"slow-start",
                 "weir.yaml:10: note: clusters.app.slow_start: for 10m after each return of an endpoint, the other 1 "
                 "carry up to "
                 "100% more; restarting 2 endpoints one after the other takes 20m",
                 file_with("", "", "slow_start: 10m")},
        LintCase{
            "pipelining",
            "weir.yaml:10: warning: clusters.app.pipeline: listeners[0].routes[0] does not retry, so a lost connection "
            "fails up to 8 of its requests at once",
            file_with("", "retry: off", "pipeline: 8")},
        LintCase{
            "http2",
            "weir.yaml:10: warning: clusters.app.http2.max_streams: only protocol: h2 uses it, and the protocol is "
            "http1",
            file_with("", "", "http2: {max_streams: 8}")},
        LintCase{"http2",
                 "weir.yaml:11: warning: clusters.app.pipeline: only HTTP/1 has pipelines; with h2, http2.max_streams "
                 "requests share a connection",
                 file_with("", "", "protocol: h2\n    pipeline: 8")},
        LintCase{
            "http2",
            "weir.yaml:11: warning: clusters.app.http2.stream_window: one response may have 1MiB under way, but all "
            "of a connection only 256KiB: a slow client holds up all others",
            file_with("", "", "protocol: h2\n    http2: {stream_window: 1MiB, connection_window: 256KiB}")},
        LintCase{
            "http2",
            "weir.yaml:12: warning: clusters.app.circuit_breaker.max_requests: 4096 requests at once, but max_streams "
            "10 × 20 connections × 2 endpoints = 400: the connections are full first",
            file_with("", "",
                      "protocol: h2\n    http2: {max_streams: 10}\n    circuit_breaker: {max_connections: 20}")},
        LintCase{
            "http2",
            "weir.yaml:6: warning: listeners[0].routes[0].upgrade.websocket: app is spoken HTTP/2 with, which carries "
            "no upgrades: they are answered with 501",
            file_with("", "upgrade: {websocket: true}", "protocol: h2")},
        LintCase{"zones",
                 "weir.yaml:10: warning: clusters.app.zone_preference: 0 of 2 endpoints name a zone, so there is none "
                 "to prefer",
                 file_with("", "", "zone_preference: true")}));

/// Everything that a rule looks at, set to something that is right.
TEST(Lint, IsSilentOnAGoodConfiguration) {
  EXPECT_THAT(
      lints_of("listeners: [{http: \"0.0.0.0:8080\", to: app}]\nclusters: {app: [\"127.0.0.1:3000\"]}\n", "", kMachine),
      IsEmpty());
  EXPECT_THAT(lints_of(R"(
admin: "[::1]:9901"
drain_timeout: 20s
listeners:
- http: 0.0.0.0:8080
  limits: {connections: 1000, request_line: 16KiB, field: 16KiB, head: 16KiB}
  routes:
  - {match: {path: /api}, to: app}
  - {match: {path: /api/*, host: a.example}, to: app, timeout: 10s, retry: {per_try_timeout: 5s, backoff_base: 250ms}}
  - {match: {path: /api/*}, to: {app: 1, hashed: 0}}
  - to: hashed
clusters:
  app:
    endpoints: [{address: "127.0.0.1:1", zone: a}, {address: "127.0.0.1:2", weight: 0}]
    connect_timeout: 4s
    slow_start: 60s
    pipeline: off
    zone_preference: true
    outlier_detection: {max_ejected: 50%, base_ejection: 5m}
    circuit_breaker: {pending_timeout: 9s, max_connections: 1024}
    retry_budget: {percent: 99%}
    connection_pool: {max_idle: 256, idle_timeout: 75s, max_lifetime: 75s}
  hashed: {policy: maglev, hash_on: path, bounded_load: 101%, endpoints: ["127.0.0.1:3"]}
)",
                       "", kMachine),
              IsEmpty());
}

/// A cluster of copies, or of what a switch falls back to, is used.
TEST(Lint, MirrorsAndFallbacksLeadSomewhereToo) {
  const std::string rest = "  spare: [\"127.0.0.1:9\"]\n";
  EXPECT_THAT(lints_of(file_with("", "", "") + rest, "used", {0, 0}), SizeIs(1));
  EXPECT_THAT(lints_of(file_with("", "mirror: {to: spare}", "") + rest, "used", {0, 0}), IsEmpty());
  EXPECT_THAT(lints_of(file_with("", "switch: {name: s, fallback_to: spare}", "") + rest, "used", {0, 0}), IsEmpty());
}

/// What cannot be known is not complained about.
TEST(Lint, IsSilentAboutAnUnknownMachine) {
  const std::string yaml = file_with("", "", "connection_pool: {max_idle: 4096}");
  EXPECT_THAT(lints_of(yaml, "", {0, 0}), IsEmpty());
  EXPECT_THAT(lints_of(yaml, "", {1, 100}), SizeIs(1)) << "the files";
}

TEST(Lint, RulesHaveDistinctNamesAndADocumentation) {
  std::set<std::string_view> names;
  for (const auto rules : {route_rules(), traffic_rules(), cluster_rules(), tls_rules(), transport_rules()}) {
    for (const LintRule& rule : rules) {
      EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
      EXPECT_TRUE(rule.doc.ends_with('.')) << rule.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Transport, LintFires,
    ::testing::Values(
        LintCase{"proxy-protocol-from",
                 "weir.yaml:3: warning: listeners[0].proxy_protocol: whoever reaches 0.0.0.0:8080 can claim any "
                 "client's address; name your balancers in proxy_protocol_from",
                 listener_with("proxy_protocol: on")},
        LintCase{"proxy-protocol-from",
                 "weir.yaml:3: warning: listeners[0].proxy_protocol_from: proxy_protocol is off, so this acts on "
                 "nobody",
                 listener_with("proxy_protocol_from: [10.0.0.0/8]")},
        LintCase{"proxy-protocol-from",
                 "weir.yaml:3: warning: listeners[0].proxy_protocol_from: 0.0.0.0/0 is everybody, who can then claim "
                 "any client's address",
                 listener_with("proxy_protocol: on, proxy_protocol_from: [10.0.0.0/8, 0.0.0.0/0]")},
        LintCase{"proxy-protocol-reuse",
                 "weir.yaml:10: note: clusters.app.proxy_protocol: a connection is reused for its client only: idle "
                 "ones are not shared among workers, and who comes once pays for a connection to an endpoint",
                 file_with("", "", "proxy_protocol: v2")},
        LintCase{"proxy-protocol-reuse",
                 "weir.yaml:11: warning: clusters.app.pipeline: requests of several clients cannot share a connection "
                 "that belongs to one: with proxy_protocol this has no effect",
                 file_with("", "", "proxy_protocol: v1\n    pipeline: 4")},
        LintCase{"upstream-tls",
                 "weir.yaml:10: warning: clusters.app.tls.verify: endpoints need not prove who they are: whoever sits "
                 "on the way reads and changes everything",
                 file_with("", "", "tls: {verify: off}")},
        LintCase{"upstream-tls",
                 "weir.yaml:10: warning: clusters.app.tls.ca: nothing is verified, so this acts on nobody",
                 file_with("", "", "tls: {verify: off, ca: ca.pem}")},
        LintCase{"upstream-tls",
                 "weir.yaml:10: note: clusters.app.tls: 2 endpoints have no name: the certificate must be for the IP "
                 "address, or server_name must say what it is for",
                 file_with("", "", "tls: on")}));

}  // namespace
}  // namespace weir::model
