#pragma once
// The nouns of a configuration, as values with their defaults. This is what weir.yaml becomes once it has been read
// (model/config_reader.h) and what every tier reads. Every default here has its reason in the schema (model/schema.h),
// which is the one definition of names, units, defaults and documentation. Immutable once loaded; shared between
// threads freely.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace weir::model {

/// A socket address as written, "host:port" or "[v6]:port". The host is numeric or "localhost", and with an endpoint it
/// may be a name.
struct Address {
  std::string host;
  uint16_t port = 0;
  bool operator==(const Address&) const = default;
  [[nodiscard]] std::string text() const;
  /// A host name, to be resolved by discovery.
  [[nodiscard]] bool is_name() const;
};

enum class PolicyKind : uint8_t { round_robin, least_request, p2c, peak_ewma, ring_hash, maglev };
enum class HashOn : uint8_t { client_ip, path, header };

struct EndpointConfig {
  Address address;
  uint32_t weight = 1;   ///< 0..1000; 0 takes no new requests
  std::string zone;      ///< empty: no zone
  uint8_t priority = 0;  ///< 0 first
  std::string srv{};     ///< instead of an address: a service, whose SRV records name hosts and ports
  std::string file{};    ///< instead of an address: a file with a list of endpoints (model/endpoints_file.h)
  std::string origin{};  ///< of an endpoint that discovery found: the host name it has; never written
  bool operator==(const EndpointConfig&) const = default;
  /// Stands for as many endpoints as discovery finds behind it.
  [[nodiscard]] bool is_source() const { return !srv.empty() || !file.empty() || address.is_name(); }
};

enum class ResolveFamily : uint8_t { any, v4, v6 };

/// How a cluster's names become addresses, and what holds for everything that is discovered.
struct ResolveConfig {
  ResolveFamily family = ResolveFamily::any;
  Duration min_ttl = Duration::s(1);
  Duration max_ttl = Duration::s(60);
  Duration timeout = Duration::s(2);  ///< of one try at one server
  std::vector<Address> servers;       ///< empty: those of /etc/resolv.conf
  bool keep_on_empty = true;          ///< an answer without endpoints leaves the last ones in force
  uint32_t max_endpoints = 1000;      ///< of one source
  bool operator==(const ResolveConfig&) const = default;
};

struct HealthCheckConfig {
  bool tcp = false;       ///< connect only
  std::string http_path;  ///< with http: the target, e.g. /healthz
  std::string host;       ///< Host field of the probe; empty: the endpoint's address
  uint16_t status_min = 200, status_max = 299;
  std::string body;  ///< substring the body must contain; empty: any
  Duration interval = Duration::s(2);
  Duration timeout = Duration::ms(500);
  uint32_t jitter_percent = 10;
  uint32_t rise = 2;
  uint32_t fall = 3;
  bool operator==(const HealthCheckConfig&) const = default;
};

struct OutlierConfig {
  bool enabled = true;
  uint32_t consecutive_gateway_failures = 5;  ///< 502/503/504, resets, timeouts; 0 disables
  uint32_t consecutive_local_failures = 5;    ///< connecting failed (local origin), counted apart; 0 disables
  uint32_t failure_percent = 30;              ///< floor of the failure-ratio test; 0 disables the test
  Duration window = Duration::s(10);          ///< in 10 exact buckets
  uint32_t min_requests = 10;                 ///< in the window before a ratio is judged
  uint32_t latency_factor = 5;                ///< endpoint's median over the others' median; 0 disables
  uint32_t latency_windows = 3;               ///< consecutive sweeps it must hold
  uint32_t max_ejection_percent = 50;         ///< at least one may always be ejected, never the last healthy one
  Duration base_ejection = Duration::s(5);
  Duration max_ejection = Duration::s(300);
  bool operator==(const OutlierConfig&) const = default;
};

struct CircuitConfig {
  uint32_t max_connections = 4096;  ///< to one endpoint, all workers
  uint32_t max_requests = 4096;     ///< at the cluster at once, all workers
  uint32_t max_pending = 1024;      ///< waiting for a connection or a request slot
  Duration pending_timeout = Duration::s(1);
  bool operator==(const CircuitConfig&) const = default;
};

struct RetryConfig {
  uint32_t attempts = 2;       ///< tries in all; 1 = no retry
  Duration per_try_timeout{};  ///< 0: a share of what is left of the total (timeout / attempts)
  Duration backoff_base = Duration::ms(25);
  Duration backoff_max = Duration::ms(250);
  bool on_gateway_status = true;  ///< also retry an idempotent request answered 502, 503 or 504
  bool operator==(const RetryConfig&) const = default;
};

struct RetryBudgetConfig {
  uint32_t percent = 20;              ///< retries per request deposited
  uint32_t min_per_second = 10;       ///< reserve, so that a quiet cluster may retry at all
  Duration window = Duration::s(10);  ///< a deposit's life
  bool operator==(const RetryBudgetConfig&) const = default;
};

struct ConnectionPoolConfig {
  uint32_t max_idle = 256;                  ///< per endpoint and worker
  Duration idle_timeout = Duration::s(30);  ///< below common servers' keep-alive (nginx 75 s, Node 5 s: lower it there)
  Duration max_lifetime = Duration::s(3600);
  uint32_t max_requests = 0;  ///< per connection; 0: no limit
  bool operator==(const ConnectionPoolConfig&) const = default;
};

struct ClusterConfig {
  std::string name;
  std::vector<EndpointConfig> endpoints;
  ResolveConfig resolve;
  PolicyKind policy = PolicyKind::p2c;
  uint32_t choices = 2;  ///< p2c: how many endpoints are drawn and compared; 1 is a random choice
  HashOn hash_on = HashOn::client_ip;
  std::string hash_header;              ///< with HashOn::header, lower case
  uint32_t bounded_load_percent = 125;  ///< ring_hash and maglev: cap as percent of the mean; 0: unbounded
  std::optional<HealthCheckConfig> health_check;
  OutlierConfig outlier;
  CircuitConfig circuit;
  RetryBudgetConfig retry_budget;
  ConnectionPoolConfig pool;
  Duration connect_timeout = Duration::ms(1000);
  Duration slow_start = Duration::s(10);  ///< 0: none
  uint32_t panic_percent = 50;            ///< below this share of healthy endpoints health is ignored; 0: never
  uint32_t overprovisioning_percent = 140;
  bool zone_preference = false;
  std::string http_protocol = "http1";  ///< how to speak to it; h2 comes later
  uint32_t pipeline = 0;                ///< > 1: coalesce up to so many idempotent requests on one connection
  bool operator==(const ClusterConfig&) const = default;
  /// Has endpoints that only discovery knows.
  [[nodiscard]] bool is_discovered() const;
};

/// Where a route sends a request, with the share it gets (weights of one route are relative).
struct RouteTarget {
  std::string cluster;
  uint32_t weight = 100;
  bool operator==(const RouteTarget&) const = default;
};

/// What a request may turn its connection into.
struct UpgradeConfig {
  bool websocket = true;
  bool connect = false;
  Duration idle_timeout = Duration::s(3600);  ///< nothing relayed in either direction
  Duration drain_timeout = Duration::s(10);   ///< once its endpoint or the process is going
  bool operator==(const UpgradeConfig&) const = default;
};

struct RouteConfig {
  std::string path_prefix = "/";  ///< "/api/*" reads as prefix "/api/"; "/x" without star is exact
  bool path_exact = false;
  std::string host;  ///< lower case; empty: any
  std::vector<RouteTarget> to;
  Duration timeout = Duration::s(15);  ///< total: from the request's head to the response's end of head
  RetryConfig retry;
  UpgradeConfig upgrade;
  uint32_t line = 0;  ///< where it was written, for messages
  bool operator==(const RouteConfig&) const = default;
};

/// HTTP/2 with clients (RFC 9113), and what one of them may ask for (http/http2_guard.h).
struct Http2Config {
  bool enabled = true;
  uint32_t max_streams = 128;
  uint32_t stream_window_bytes = 256 * 1024;
  uint32_t connection_window_bytes = 1024 * 1024;
  uint32_t max_resets = 100;          ///< in ten seconds
  uint32_t max_control_frames = 500;  ///< of each kind, in ten seconds
  bool operator==(const Http2Config&) const = default;
};

struct ListenerConfig {
  std::string name;  ///< default: its address
  Address http;
  std::string access_log = "stdout";  ///< a path, "stdout" or "off"
  uint32_t max_connections = 20000;   ///< all workers; beyond it accepting pauses
  uint32_t request_line_bytes = 8 * 1024;
  uint32_t field_bytes = 16 * 1024;
  uint32_t head_bytes = 64 * 1024;
  uint32_t max_fields = 128;
  uint64_t max_body_bytes = 0;                ///< 0: no limit (streamed, so memory does not depend on it)
  Duration header_timeout = Duration::s(10);  ///< whole head, from its first byte (408)
  Duration body_timeout = Duration::s(30);    ///< between two pieces of a body (408)
  Duration idle_timeout = Duration::s(75);    ///< keep-alive without a request
  Duration write_timeout = Duration::s(30);   ///< a client that does not read
  Http2Config http2;
  bool trust_forwarded = false;  ///< keep X-Forwarded-*/Forwarded/X-Request-Id of the client
  std::vector<RouteConfig> routes;
  bool operator==(const ListenerConfig&) const = default;
};

struct Config {
  uint32_t workers = 0;  ///< 0: auto, one per core
  std::optional<Address> admin = Address{"127.0.0.1", 9901};
  Duration drain_timeout = Duration::s(30);  ///< SIGTERM: how long requests in flight may take
  std::string zone;  ///< where this process runs, for zone_preference; empty: nowhere in particular
  std::vector<ListenerConfig> listeners;
  std::vector<ClusterConfig> clusters;
  std::string path;  ///< the file it came from

  bool operator==(const Config&) const = default;
  [[nodiscard]] const ClusterConfig* cluster(std::string_view name) const;
};

}  // namespace weir::model
