#include "model/show.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::model {
namespace {

using ::testing::HasSubstr;

Loaded load_good(std::string_view yaml) {
  auto loaded = load_config_text(yaml, "weir.yaml");
  if (loaded) return std::move(*loaded);
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text() << "\n" << yaml;
  return {};
}

/// Where routes were written is the one thing that a round trip may change.
Config without_lines(Config config) {
  config.path.clear();
  for (ListenerConfig& listener : config.listeners) {
    for (RouteConfig& route : listener.routes) route.line = 0;
  }
  return config;
}

constexpr std::string_view kSmallest =
    "listeners: [{http: \"0.0.0.0:8080\", to: app}]\nclusters:  {app: [\"127.0.0.1:3000\", \"127.0.0.1:3001\"]}\n";

/// Something else than the default in every kind of setting.
constexpr std::string_view kGrown = R"(
workers: 3
admin: off
drain_timeout: 1.5m
listeners:
  - name: web
    http: "[::]:443"
    access_log: "/var/log/a: b #c.json"
    trust_forwarded: yes
    proxy_protocol: on
    proxy_protocol_from: [10.0.0.0/8, "2001:db8::/32", "::1"]
    limits: {connections: 10, request_line: 4KiB, field: 1000B, head: 32KiB, fields: 64, body: 10MB}
    maintenance: {status: 503, body: "back at noon", retry_after: 1h}
    timeouts: {header: 1s, body: 2s, idle: 3s, write: 4s}
    routes:
      - match: {path: /about, host: Example.ORG}
        to: {"null": 95, b: 5}
        timeout: 2500ms
        retry: {attempts: 3, per_try_timeout: 700ms, backoff_base: 0, backoff_max: 1s, on_gateway_status: off}
      - {match: {path: /api/*}, to: b, retry: off}
      - match: {path: /reviews}
        to: {"null": 2, b: 1}
        split_by: cookie:Uid
        sticky: {cookie: weir, ttl: 1h, overflow: 200%}
        mirror: {to: b, percent: 10, max_in_flight: 3, max_body: 1KiB, timeout: 90ms}
        switch: {name: reviews, fallback: {status: 200, body: '[]', content_type: application/json, retry_after: 5s}}
      - {match: {path: /likes}, to: b, switch: likes, split_by: query:u, sticky: {cookie: c, overflow: never}}
      - {match: {path: /stars}, to: b, split_by: header:X-User, switch: {name: stars, fallback_to: "null"}}
      - to: b
clusters:
  "null":
    endpoints: ["[::1]:80", {address: "localhost:3000", weight: 0, zone: z, priority: 1}]
    policy: maglev
    choices: 3
    hash_on: header:X-User
    bounded_load: off
    zone_preference: true
    slow_start: off
    panic: off
    overprovisioning: 200
    health_check: {http: "/healthz?x=1", host: a.example, status: 204, body: 'say "ok" \ # no', interval: 1s,
                   timeout: 100ms, jitter: 0%, rise: 1, fall: 9}
    connect_timeout: 10ms
    protocol: h2
    http2: {max_streams: 7, stream_window: 8KiB, connection_window: 128KiB}
    pipeline: 8
    proxy_protocol: v2
    tls: {verify: off, ca: ca.pem, server_name: app.test, certificate: us.pem, key: us.key, min_version: "1.3"}
    outlier_detection: {consecutive_gateway_failures: off, consecutive_local_failures: 1, failure_percent: 99,
                        window: 1s, min_requests: 1, latency_factor: off, latency_windows: 9, max_ejected: 0,
                        base_ejection: 1ms, max_ejection: 1h}
    circuit_breaker: {max_connections: 1, max_requests: 2, max_pending: 0, pending_timeout: 1ms}
    retry_budget: {percent: 0, min_per_second: 0, window: 1s}
    connection_pool: {max_idle: 0, idle_timeout: 1s, max_lifetime: 2s, max_requests: 3}
  b:
    endpoints: ["10.0.0.1:1"]
    policy: ring_hash
    hash_on: cookie:Sid
    tls: on
    outlier_detection: off
    health_check: {tcp: true}
)";

TEST(Show, ReadsBackAsTheSameConfiguration) {
  for (const std::string_view yaml : {kSmallest, kGrown}) {
    const Loaded loaded = load_good(yaml);
    const std::string shown = show(loaded);
    const Loaded again = load_good(shown);
    EXPECT_TRUE(without_lines(again.config) == without_lines(loaded.config)) << shown;
    EXPECT_EQ(again.config.clusters.size(), loaded.config.clusters.size());
  }
}

/// Guards the test above: were the two read as equal whatever they say, it could not fail.
TEST(Show, TheTwoExamplesDiffer) {
  EXPECT_FALSE(without_lines(load_good(kSmallest).config) == without_lines(load_good(kGrown).config));
}

TEST(Show, EveryLineSaysWhereItsValueCameFrom) {
  const std::string shown =
      show(load_good("workers: 2\n"
                     "listeners: [{http: \"0.0.0.0:8080\", to: app}]\n"
                     "clusters:\n"
                     "  app:\n"
                     "    endpoints:\n"
                     "    - 127.0.0.1:3000\n"
                     "    outlier_detection: off\n"
                     "    retry_budget:\n"
                     "      percent: 10\n"));
  for (const char* line : {"workers: 2                                      # weir.yaml:1\n",
                           "drain_timeout: 30s                              # default: twice the default route timeout",
                           "  - name: 0.0.0.0:8080                          # default: its address",
                           "    http: 0.0.0.0:8080                          # weir.yaml:2\n",
                           "      - to:                                     # weir.yaml:2\n          app: 100\n",
                           "      - address: 127.0.0.1:3000                 # weir.yaml:6\n",
                           "      enabled: false                            # weir.yaml:7\n",
                           "      percent: 10%                              # weir.yaml:9\n",
                           "    health_check: off                           # default: "}) {
    EXPECT_THAT(shown, HasSubstr(line));
  }
}

}  // namespace
}  // namespace weir::model
