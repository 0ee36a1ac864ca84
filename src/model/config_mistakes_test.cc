// One mistake in, exactly one message out: the words and the place are part of the contract with whoever fixes the
// file.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/config_reader.h"

namespace weir::model {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> mistakes_of(std::string_view yaml) {
  const auto loaded = load_config_text(yaml, "weir.yaml");
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const Mistake& each : loaded.error()) texts.push_back(each.text());
  return texts;
}

/// A file that is right but for one cluster setting, in line 4 from column 5.
std::string with_cluster_setting(std::string_view setting) {
  return fmt::format(
      "listeners: [{{http: \"0.0.0.0:8080\", to: app}}]\nclusters:\n  app:\n    {}\n"
      "    endpoints: [\"127.0.0.1:3000\"]\n",
      setting);
}

/// The same for a setting of the only route, in line 5 from column 9.
std::string with_route_setting(std::string_view setting) {
  return fmt::format(
      "clusters: {{app: [\"127.0.0.1:3000\"]}}\nlisteners:\n  - http: 0.0.0.0:8080\n    routes:\n      - {}\n"
      "        to: app\n",
      setting);
}

struct MistakeCase {
  const char* name;
  const char* expected;
  std::string yaml;
};

void PrintTo(const MistakeCase& each, std::ostream* out) { *out << each.yaml.substr(0, 1000); }

std::string case_name(const ::testing::TestParamInfo<MistakeCase>& each) { return each.param.name; }

class OneMistake : public ::testing::TestWithParam<MistakeCase> {};

TEST_P(OneMistake, IsToldOnceAndPrecisely) {
  EXPECT_THAT(mistakes_of(GetParam().yaml), ElementsAre(GetParam().expected));
}

const std::string kRest = "\nclusters: {app: [\"127.0.0.1:3000\"]}\n";

std::string from_networks(std::string_view list) {
  return fmt::format("listeners: [{{http: \"0.0.0.0:80\", to: app, proxy_protocol_from: {}}}]{}", list, kRest);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, OneMistake,
    ::testing::Values(
        MistakeCase{"NoNetwork",
                    "weir.yaml:1:73: listeners[0].proxy_protocol_from[1]: \"10.1.2.3/8\" is not a network; expected an "
                    "address, or one with the bits of its prefix and zeros behind it, such as 10.0.0.0/8",
                    from_networks("[\"::/0\", 10.1.2.3/8]")},
        MistakeCase{"NoNetworks", "weir.yaml:1:43: listeners[0].proxy_protocol_from: 0 networks; expected 1 to 256",
                    from_networks("[]")}));

INSTANTIATE_TEST_SUITE_P(
    Scalars, OneMistake,
    ::testing::Values(
        MistakeCase{"UnknownChoice",
                    "weir.yaml:4:13: clusters.app.policy: unknown policy \"p2x\"; expected one of round_robin, "
                    "least_request, p2c, peak_ewma, ring_hash, maglev; did you mean \"p2c\"?",
                    with_cluster_setting("policy: p2x")},
        MistakeCase{"DurationWithoutUnit",
                    "weir.yaml:5:18: listeners[0].routes[0].timeout: a duration needs a unit: 5s or 5ms?",
                    with_route_setting("timeout: 5")},
        MistakeCase{
            "UnknownUnit",
            "weir.yaml:4:17: clusters.app.slow_start: unknown unit \"sec\"; expected one of ns, us, ms, s, m, h, d",
            with_cluster_setting("slow_start: 5sec")},
        MistakeCase{
            "DurationOutOfRange",
            "weir.yaml:4:22: clusters.app.connect_timeout: 10m is out of range; expected a duration from 1ms to 5m",
            with_cluster_setting("connect_timeout: 10m")},
        MistakeCase{
            "NotADuration",
            "weir.yaml:4:22: clusters.app.connect_timeout: \"fast\" is not a duration; expected a number with a "
            "unit, such as 2s or 500ms",
            with_cluster_setting("connect_timeout: fast")},
        MistakeCase{"NegativeDuration",
                    "weir.yaml:4:22: clusters.app.connect_timeout: \"-1s\" is negative; expected a number with a unit, "
                    "such as 2s or 500ms",
                    with_cluster_setting("connect_timeout: -1s")},
        MistakeCase{
            "PercentTooLarge",
            "weir.yaml:4:12: clusters.app.panic: 101% is out of range; expected a percentage from 1% to 100%, or off",
            with_cluster_setting("panic: 101%")},
        MistakeCase{"PercentAsRatio",
                    "weir.yaml:4:12: clusters.app.panic: \"0.5\" is not a whole percentage; expected a percentage from "
                    "1% to 100%, or off",
                    with_cluster_setting("panic: 0.5")},
        MistakeCase{"NotABoolean",
                    "weir.yaml:4:22: clusters.app.zone_preference: \"maybe\" is not valid; expected true or false",
                    with_cluster_setting("zone_preference: maybe")},
        MistakeCase{"CountTooLargeForAnyInteger",
                    "weir.yaml:4:15: clusters.app.pipeline: \"99999999999999999999\" is out of range; expected a whole "
                    "number from 2 to 64, or off",
                    with_cluster_setting("pipeline: 99999999999999999999")},
        MistakeCase{"ListWhereAScalarBelongs",
                    "weir.yaml:4:13: clusters.app.policy: is a list; expected one of round_robin, least_request, p2c, "
                    "peak_ewma, ring_hash, maglev",
                    with_cluster_setting("policy: [p2c]")},
        MistakeCase{"NoValue",
                    "weir.yaml:4:5: clusters.app.policy: is nothing; expected one of round_robin, least_request, p2c, "
                    "peak_ewma, ring_hash, maglev",
                    with_cluster_setting("policy:")},
        MistakeCase{"BadHashKey",
                    "weir.yaml:4:14: clusters.app.hash_on: \"client-ip\" is not valid; expected client_ip, path, "
                    "header:NAME or cookie:NAME; did you mean \"client_ip\"?",
                    with_cluster_setting("hash_on: client-ip")},
        MistakeCase{
            "BadStatusRange",
            "weir.yaml:4:39: clusters.app.health_check.status: \"299-200\" is not valid; expected a status such "
            "as 204, or a range such as 200-299",
            with_cluster_setting("health_check: {tcp: true, status: 299-200}")},
        MistakeCase{"StarInTheMiddleOfAPath",
                    "weir.yaml:5:23: listeners[0].routes[0].match.path: \"/a*b\" has a * within a segment: it stands "
                    "for whole ones; expected a path such as /about, a prefix such as /api/*, or a pattern such as "
                    "/users/{id}/posts",
                    with_route_setting("match: {path: /a*b}")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Keys, OneMistake,
    ::testing::Values(
        MistakeCase{"UnknownSetting",
                    "weir.yaml:1:1: drain_timout: unknown setting \"drain_timout\"; expected one of workers, admin, "
                    "admin_token_file, drain_timeout, zone, listeners, clusters, upgrade, explain, privileges; did you "
                    "mean \"drain_timeout\"?",
                    "drain_timout: 5s\nlisteners: [{http: \"0.0.0.0:80\", to: app}]" + kRest},
        MistakeCase{"UnknownSettingInAGroup",
                    "weir.yaml:4:20: clusters.app.retry_budget.percnt: unknown setting \"percnt\"; expected one of "
                    "percent, min_per_second, window; did you mean \"percent\"?",
                    with_cluster_setting("retry_budget: {percnt: 5}")},
        MistakeCase{
            "SetTwice", "weir.yaml:4:18: clusters.app.policy: is set twice, first in line 4",
            "listeners: [{http: \"0.0.0.0:8080\", to: app}]\nclusters:\n  app: {\n    policy: p2c, policy: maglev,\n"
            "    endpoints: [\"127.0.0.1:3000\"]}\n"},
        MistakeCase{
            "MergeKey",
            "weir.yaml:4:5: clusters.app.<<: merge keys are not supported; expected the settings themselves, or "
            "an alias for the whole value",
            with_cluster_setting("<<: {policy: p2c}")},
        MistakeCase{"ListAsKey", "weir.yaml:4:7: clusters.app.: the name of a setting is a list; expected a word",
                    with_cluster_setting("? [a, b]\n    : 1")},
        MistakeCase{"CertificateWithoutKey",
                    "weir.yaml:4:5: clusters.app.tls: certificate without key; expected both of them, or neither",
                    with_cluster_setting("tls: {certificate: a.pem}")},
        MistakeCase{"KeyWithoutCertificate",
                    "weir.yaml:4:5: clusters.app.tls: key without certificate; expected both of them, or neither",
                    with_cluster_setting("tls: {key: a.key}")},
        MistakeCase{"UpstreamTlsInNoForm",
                    "weir.yaml:4:10: clusters.app.tls: is a single value; expected on, off, or a map of "
                    "settings such as {ca: internal.pem}",
                    with_cluster_setting("tls: maybe")},
        MistakeCase{"ProxyHeaderOfAnotherVersion",
                    "weir.yaml:4:21: clusters.app.proxy_protocol: unknown proxy_protocol \"v3\"; expected one of off, "
                    "v1, v2; did you mean \"v1\"?",
                    with_cluster_setting("proxy_protocol: v3")},
        MistakeCase{"SettingOfALaterVersion",
                    "weir.yaml:5:9: listeners[0].routes[0].rate_limit: not supported yet by this version",
                    with_route_setting("rate_limit: {rate: 100/s}")},
        MistakeCase{"MissingSections", "weir.yaml:1:1: clusters: is missing; expected a map from names to clusters",
                    "listeners: [{http: \"0.0.0.0:80\", to: app}]\n"},
        MistakeCase{"GroupThatIsNoMap",
                    "weir.yaml:4:19: clusters.app.retry_budget: is a single value; expected a map with percent, "
                    "min_per_second, window",
                    with_cluster_setting("retry_budget: 20%")},
        MistakeCase{"RetryThatIsNoMap",
                    "weir.yaml:5:16: listeners[0].routes[0].retry: is a single value; expected a map with attempts, "
                    "per_try_timeout, backoff_base, backoff_max, on_gateway_status; or off",
                    with_route_setting("retry: 2")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Structure, OneMistake,
    ::testing::Values(
        MistakeCase{"UnknownCluster",
                    "weir.yaml:1:40: listeners[0].to: unknown cluster \"ap\"; expected app; did you mean \"app\"?",
                    "listeners: [{http: \"0.0.0.0:8080\", to: ap}]" + kRest},
        MistakeCase{"UnknownClusterInAShare",
                    "weir.yaml:1:50: listeners[0].to.api: unknown cluster \"api\"; expected app; did you mean \"app\"?",
                    "listeners: [{http: \"0.0.0.0:8080\", to: {app: 95, api: 5}}]" + kRest},
        MistakeCase{
            "EmptyTargets",
            "weir.yaml:1:40: listeners[0].to: is empty; expected the name of a cluster, or a map of shares such "
            "as {api: 95, api-next: 5}",
            "listeners: [{http: \"0.0.0.0:8080\", to: {}}]" + kRest},
        MistakeCase{"ToAndRoutes",
                    "weir.yaml:1:13: listeners[0]: to and routes exclude each other; expected one of them",
                    "listeners: [{http: \"0.0.0.0:80\", to: app, routes: [{to: app}]}]" + kRest},
        MistakeCase{"ListenerWithoutRoutes",
                    "weir.yaml:1:13: listeners[0]: leads nowhere; expected to: CLUSTER, or routes",
                    "listeners: [{http: \"0.0.0.0:80\"}]" + kRest},
        MistakeCase{
            "ListenerWithoutAddress",
            "weir.yaml:1:13: listeners[0].http: is missing; expected an address such as 127.0.0.1:8080 or [::1]:8080",
            "listeners: [{to: app}]" + kRest},
        MistakeCase{"NoListeners", "weir.yaml:1:12: listeners: is empty; expected at least one listener",
                    "listeners: []" + kRest},
        MistakeCase{"RouteWithoutTarget",
                    "weir.yaml:1:43: listeners[0].routes[0]: leads nowhere; expected to: CLUSTER, redirect or respond",
                    "listeners: [{http: \"0.0.0.0:80\", routes: [{timeout: 1s}]}]" + kRest},
        MistakeCase{"DuplicateListenerAddress",
                    "weir.yaml:3:3: listeners[1].http: 0.0.0.0:80 is already taken by the listener in line 2",
                    "listeners:\n- {http: \"0.0.0.0:80\", to: app}\n- {http: \"0.0.0.0:80\", to: app}" + kRest},
        MistakeCase{
            "DuplicateListenerName",
            "weir.yaml:3:3: listeners[1].name: \"a\" is already the name of the listener in line 2",
            "listeners:\n- {name: a, http: \"0.0.0.0:80\", to: app}\n- {name: a, http: \"0.0.0.0:81\", to: app}" +
                kRest},
        MistakeCase{"ListenerOnTheAdminAddress",
                    "weir.yaml:1:13: listeners[0].http: 127.0.0.1:9901 is the admin interface's address",
                    "listeners: [{http: \"127.0.0.1:9901\", to: app}]" + kRest},
        MistakeCase{"EmptyCluster",
                    "weir.yaml:2:17: clusters.app.endpoints: has no endpoints; expected at least one address",
                    "listeners: [{http: \"0.0.0.0:80\", to: app}]\nclusters: {app: []}\n"},
        MistakeCase{"ClusterOfNothing",
                    "weir.yaml:2:12: clusters.app: is nothing; expected a list of addresses, or a map with endpoints",
                    "listeners: [{http: \"0.0.0.0:80\", to: app}]\nclusters: {app: }\n"},
        MistakeCase{
            "BadClusterName",
            "weir.yaml:2:12: clusters.a b: \"a b\" is not valid; expected 1 to 64 letters, digits, or any of - _ .",
            "listeners: [{http: \"0.0.0.0:80\", to: \"a b\"}]\nclusters: {a b: [\"127.0.0.1:80\"]}\n"},
        MistakeCase{"DuplicateEndpoint",
                    "weir.yaml:2:30: clusters.app.endpoints[1]: [::1]:80 is listed twice, first in line 2",
                    "listeners: [{http: \"0.0.0.0:80\", to: app}]\nclusters: {app: [\"[::1]:80\", \"[0:0::1]:80\"]}\n"},
        MistakeCase{"ListenerByName",
                    "weir.yaml:1:20: listeners[0].http: \"db.internal\" is a name, and only endpoints may have one; "
                    "expected host:port with a numeric IPv4 or [IPv6] host, or localhost",
                    "listeners: [{http: db.internal:80, to: app}]\nclusters: {app: [db.internal:80]}\n"},
        MistakeCase{"EndpointPortZero",
                    "weir.yaml:2:18: clusters.app.endpoints[0]: port 0 is out of range; expected 1 to 65535",
                    "listeners: [{http: \"0.0.0.0:80\", to: app}]\nclusters: {app: [\"127.0.0.1:0\"]}\n"},
        MistakeCase{"EndpointPortTooLarge",
                    "weir.yaml:2:18: clusters.app.endpoints[0]: port 65536 is out of range; expected 1 to 65535",
                    "listeners: [{http: \"0.0.0.0:80\", to: app}]\nclusters: {app: [\"127.0.0.1:65536\"]}\n"},
        MistakeCase{
            "HealthCheckOfNothing",
            "weir.yaml:4:5: clusters.app.health_check: does not say what to probe; expected http: /path, or tcp: true",
            with_cluster_setting("health_check: {interval: 1s}")},
        MistakeCase{
            "HealthCheckThatProbesNothing",
            "weir.yaml:4:5: clusters.app.health_check: does not say what to probe; expected http: /path, or tcp: true",
            with_cluster_setting("health_check: {tcp: no, http: none}")},
        MistakeCase{"HealthCheckOfABadPath",
                    "weir.yaml:4:26: clusters.app.health_check.http: \"healthz\" is not valid; expected a path such as "
                    "/healthz, or none",
                    with_cluster_setting("health_check: {http: healthz}")},
        MistakeCase{"HealthCheckOfBoth",
                    "weir.yaml:4:5: clusters.app.health_check: http and tcp exclude each other; expected one of them",
                    with_cluster_setting("health_check: {http: /, tcp: true}")}),
    case_name);

INSTANTIATE_TEST_SUITE_P(
    Files, OneMistake,
    ::testing::Values(
        MistakeCase{
            "Empty",
            "weir.yaml:1:1: the file says nothing; expected at least listeners: [{http: \"0.0.0.0:8080\", to: app}] "
            "and clusters: {app: [\"127.0.0.1:3000\"]}",
            "# only a comment\n"},
        MistakeCase{"Syntax", "weir.yaml:2:1: not valid YAML: end of sequence flow not found", "listeners: [\n"},
        MistakeCase{"TwoDocuments", "weir.yaml:2:1: unexpected here: a file has one YAML document, and it has ended",
                    "a: 1\n---\nb: 2\n"},
        MistakeCase{"StrayTokenThatYamlCppLoopsOn",
                    "weir.yaml:1:1: unexpected here: a file has one YAML document, and it has ended", ",a: 1\n"},
        MistakeCase{
            "NotAMap",
            "weir.yaml:1:1: is a list; expected a map with workers, admin, admin_token_file, drain_timeout, zone, "
            "listeners, clusters, upgrade, explain, privileges",
            "[1]"},
        MistakeCase{"TooDeep", "weir.yaml:1:34: nested more than 32 deep", std::string(40, '[') + std::string(40, ']')},
        MistakeCase{"FarTooDeep", "weir.yaml:1:1: nested more than 32 deep", std::string(100'000, '[')},
        MistakeCase{"TooLarge", "weir.yaml:1:1: 1048577 bytes; a configuration has at most 1048576",
                    std::string(1024 * 1024 + 1, '#')}),
    case_name);

}  // namespace
}  // namespace weir::model
