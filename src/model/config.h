#pragma once
// The nouns of a configuration, as values with their defaults. This is what weir.yaml becomes once it has been read
// (model/config_reader.h) and what every tier reads. Every default here has its reason in the schema (model/schema.h),
// which is the one definition of names, units, defaults and documentation. Immutable once loaded; shared between
// threads freely.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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
enum class HashOn : uint8_t { client_ip, path, header, cookie };

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

enum class TlsVersion : uint8_t { v1_2, v1_3 };

/// A certificate chain with its key and, if there is one, the OCSP response to staple (DER). Paths of files.
struct CertificateConfig {
  std::string certificate;
  std::string key;
  std::string ocsp;
  bool operator==(const CertificateConfig&) const = default;
};

/// TLS with endpoints. They are verified unless it says otherwise.
struct UpstreamTlsConfig {
  bool enabled = false;
  bool verify = true;
  std::string ca;           ///< PEM file; empty: the system's
  std::string server_name;  ///< for SNI and verification; empty: the endpoint's name, or its address
  std::string certificate;  ///< shown to endpoints that ask for one; empty: none
  std::string key;
  TlsVersion min_version = TlsVersion::v1_2;
  bool operator==(const UpstreamTlsConfig&) const = default;
};

enum class Protocol : uint8_t { http1, h2 };

/// HTTP/2 with endpoints.
struct UpstreamHttp2Config {
  uint32_t max_streams = 100;  ///< at once on one connection, below what the endpoint grants
  uint32_t stream_window_bytes = 256 * 1024;
  uint32_t connection_window_bytes = 1024 * 1024;
  bool operator==(const UpstreamHttp2Config&) const = default;
};

/// The header that tells an endpoint the client's address (HAProxy's PROXY protocol).
enum class ProxyHeader : uint8_t { off, v1, v2 };

struct ClusterConfig {
  std::string name;
  std::vector<EndpointConfig> endpoints;
  ResolveConfig resolve;
  PolicyKind policy = PolicyKind::p2c;
  uint32_t choices = 2;  ///< p2c: how many endpoints are drawn and compared; 1 is a random choice
  HashOn hash_on = HashOn::client_ip;
  std::string hash_name;                ///< of the header field, in lower case, or of the cookie
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
  Protocol protocol = Protocol::http1;
  UpstreamHttp2Config http2;
  UpstreamTlsConfig tls;
  ProxyHeader proxy_protocol = ProxyHeader::off;
  uint32_t pipeline = 0;  ///< > 1: coalesce up to so many idempotent requests on one connection
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

/// What one header field, cookie or query parameter of a request must be.
struct FieldMatch {
  enum class Kind : uint8_t { exact, prefix, present, absent };
  std::string name;  ///< of a header field in lower case
  Kind kind = Kind::exact;
  std::string value;
  bool operator==(const FieldMatch&) const = default;
};

/// Changes of header fields, in the order removed, set, added.
struct HeaderEdits {
  std::vector<std::string> remove;
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  bool operator==(const HeaderEdits&) const = default;
};

/// Answers without an endpoint.
struct FixedResponse {
  uint16_t status = 0;  ///< 0: none
  std::string body;
  std::string body_file;  ///< instead of body, read with the configuration
  std::string content_type = "text/plain; charset=utf-8";
  Duration retry_after{};  ///< 0: without
  bool operator==(const FixedResponse&) const = default;
};

struct RedirectConfig {
  std::string to;  ///< with {scheme}, {host}, {path}, {query} and the pattern's names; empty: none
  uint16_t status = 308;
  bool operator==(const RedirectConfig&) const = default;
};

/// The request again, to another cluster, whose answer nobody waits for.
struct MirrorConfig {
  std::string to;  ///< empty: none
  uint32_t percent = 100;
  uint32_t max_in_flight = 64;  ///< beyond it copies are not made
  uint64_t max_body_bytes = 64 * 1024;
  Duration timeout = Duration::s(5);
  bool operator==(const MirrorConfig&) const = default;
};

/// What names a client across requests.
struct StickyKey {
  enum class On : uint8_t { none, client_ip, header, cookie, query };
  On on = On::none;
  std::string name;
  bool operator==(const StickyKey&) const = default;
};

/// A client's requests go to one endpoint, remembered in a cookie of ours, while that one carries less than
/// overflow_percent of the mean load; beyond it they overflow to what the policy picks.
struct StickyConfig {
  std::string cookie;               ///< empty: not sticky
  Duration ttl{};                   ///< 0: a cookie of the session
  uint32_t overflow_percent = 150;  ///< 0: never
  bool operator==(const StickyConfig&) const = default;
};

/// A degradation switch: while it is off, the route answers from its fallback.
struct SwitchConfig {
  std::string name;         ///< empty: none; routes may share one
  std::string fallback_to;  ///< a cluster; empty: the fixed response
  FixedResponse fallback;   ///< without either: 503
  bool operator==(const SwitchConfig&) const = default;
};

struct RouteConfig {
  std::string name;  ///< in logs, metrics and explanations; default: what it matches
  /// "/api/*" is the prefix "/api/", "/x" is exact, "/users/{id}/posts" and "/a/*/b" are patterns of segments.
  enum class PathKind : uint8_t { prefix, exact, pattern };
  PathKind path_kind = PathKind::prefix;
  std::string path = "/";            ///< as written, of a prefix without its star
  std::string host;                  ///< lower case; "*.example.org" all below it; empty: any
  std::vector<std::string> methods;  ///< empty: any
  std::vector<FieldMatch> headers;
  std::vector<FieldMatch> cookies;
  std::vector<FieldMatch> query;
  std::vector<RouteTarget> to;  ///< empty with a redirect or a fixed response
  StickyKey split_by;           ///< how a client keeps its share of `to`; none: every request is drawn anew
  StickyConfig sticky;
  MirrorConfig mirror;
  RedirectConfig redirect;
  FixedResponse respond;
  std::string rewrite_path;  ///< with the pattern's names, or the prefix that takes the matched one's place
  std::string rewrite_host;
  HeaderEdits request_headers;
  HeaderEdits response_headers;
  SwitchConfig degradation;
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

/// TLS with clients.
struct TlsConfig {
  enum class ClientCertificate : uint8_t { off, optional, required };
  std::vector<CertificateConfig> certificates;  ///< the first for clients whose SNI fits none; empty: no TLS
  TlsVersion min_version = TlsVersion::v1_2;
  std::string client_ca;  ///< PEM file
  ClientCertificate client_certificate = ClientCertificate::off;
  bool session_tickets = true;
  std::string ticket_keys;  ///< a file shared among machines; empty: keys of this process
  Duration ticket_rotation = Duration::s(12 * 3600);
  bool early_data = false;
  Duration handshake_timeout = Duration::s(10);
  bool operator==(const TlsConfig&) const = default;
  [[nodiscard]] bool enabled() const { return !certificates.empty(); }
};

/// Strict-Transport-Security (RFC 6797).
struct HstsConfig {
  Duration max_age{};  ///< 0: not sent
  bool include_subdomains = false;
  bool preload = false;
  bool operator==(const HstsConfig&) const = default;
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
  TlsConfig tls;
  HstsConfig hsts;
  bool redirect_to_https = false;
  FixedResponse maintenance;                     ///< the answer to everything while in maintenance; status 0: 503
  bool proxy_protocol = false;                   ///< connections begin with a PROXY header, from these:
  std::vector<std::string> proxy_protocol_from;  ///< networks (CIDR); empty: anybody
  bool trust_forwarded = false;                  ///< keep X-Forwarded-*/Forwarded/X-Request-Id of the client
  std::vector<RouteConfig> routes;
  bool operator==(const ListenerConfig&) const = default;
};

/// What `weir ctl explain` remembers of requests: all that failed, and a sample of the others.
struct ExplainConfig {
  uint32_t sample_per_mille = 10;
  uint32_t entries = 2000;  ///< all workers; the oldest go first
  bool operator==(const ExplainConfig&) const = default;
};

/// What the process gives up once its ports are bound.
struct PrivilegesConfig {
  std::string user;   ///< empty: stays who it is
  std::string group;  ///< empty: the user's
  bool seccomp = true;
  bool operator==(const PrivilegesConfig&) const = default;
};

/// Handing over to a new binary (`weir ctl upgrade`).
struct HandoverConfig {
  Duration ready_timeout = Duration::s(30);  ///< then the new process is ended and this one goes on
  bool operator==(const HandoverConfig&) const = default;
};

struct Config {
  uint32_t workers = 0;  ///< 0: auto, one per core
  std::optional<Address> admin = Address{"127.0.0.1", 9901};
  Duration drain_timeout = Duration::s(30);  ///< SIGTERM: how long requests in flight may take
  std::string zone;              ///< where this process runs, for zone_preference; empty: nowhere in particular
  std::string admin_token_file;  ///< needed when admin is not on loopback
  ExplainConfig explain;
  PrivilegesConfig privileges;
  HandoverConfig upgrade;
  std::vector<ListenerConfig> listeners;
  std::vector<ClusterConfig> clusters;
  std::string path;  ///< the file it came from

  bool operator==(const Config&) const = default;
  [[nodiscard]] const ClusterConfig* cluster(std::string_view name) const;
};

}  // namespace weir::model
