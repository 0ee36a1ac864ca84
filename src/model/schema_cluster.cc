#include <array>

#include "model/schema.h"
#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kHour = Duration::s(3600);
constexpr Duration kDay = Duration::s(24 * 3600);
constexpr uint32_t kMany = 10'000'000;
constexpr uint64_t kKiB = 1024;
constexpr uint64_t kMiB = 1024 * kKiB;

// In the order of PolicyKind: the value of a choice is its index.
constexpr std::array<std::string_view, 6> kPolicies{"round_robin", "least_request", "p2c",
                                                    "peak_ewma",   "ring_hash",     "maglev"};
constexpr std::array<std::string_view, 2> kProtocols{"http1", "h2"};         // in the order of Protocol
constexpr std::array<std::string_view, 3> kProxyHeaders{"off", "v1", "v2"};  // in the order of ProxyHeader
constexpr std::array<std::string_view, 3> kFamilies{"any", "v4", "v6"};      // in the order of ResolveFamily

std::vector<Setting<ClusterConfig>> balancing() {
  return {
      structured<ClusterConfig>(
          "endpoints",
          structure("a list of addresses, or of maps such as {address: \"10.0.0.1:80\", weight: 2}").and_required(),
          "The addresses that serve this cluster, or where they are found; see Endpoints.",
          "requests need one to go to"),
      structured<ClusterConfig>("resolve", structure("a map of settings"),
                                "How endpoints are discovered that are not written as numeric addresses; see Resolve.",
                                "what DNS says is followed as DNS says it"),
      field<&ClusterConfig::policy>("policy", choice(kPolicies), "How an endpoint is chosen for a request.",
                                    "two random endpoints, the less busy one: near the best choice, at constant cost"),
      field<&ClusterConfig::choices>(
          "choices", count(1, 8),
          "With p2c: how many endpoints are drawn at random and compared; 1 is a random choice.",
          "the second choice brings almost all of the gain, a third little more"),
      custom<ClusterConfig>(
          "hash_on", {.type = Type::hash_key, .max = 256}, "With ring_hash and maglev: what sticks to an endpoint.",
          "it is there in every request",
          [](const ClusterConfig& cluster) {
            return Value{HashKey{cluster.hash_on, cluster.hash_name}};
          },
          [](ClusterConfig& cluster, const Value& value) {
            const auto& key = std::get<HashKey>(value);
            cluster.hash_on = key.on;
            cluster.hash_name = key.name;
          }),
      field<&ClusterConfig::bounded_load_percent>(
          "bounded_load", percent(1, 10'000).or_word("off"),
          "With ring_hash and maglev: the most an endpoint may carry, in percent of the mean; beyond it the next is "
          "asked.",
          "a hot key overflows before its endpoint does; 1.25 to 2 times the mean is usual"),
      field<&ClusterConfig::zone_preference>("zone_preference", boolean(), "Prefer endpoints of the zone Weir runs in.",
                                             "with few endpoints it unbalances more than it saves"),
      field<&ClusterConfig::slow_start>(
          "slow_start", duration(kMillisecond, kHour).or_word("off"),
          "How long an endpoint that joins or comes back takes to grow to its full weight.",
          "caches and just-in-time compilers are cold after a start"),
      field<&ClusterConfig::panic_percent>(
          "panic", percent(1, 100).or_word("off"),
          "With fewer healthy endpoints than this, health is ignored and all are used.",
          "when half seem ill, the probes or the load are likelier at fault, and the rest would drown"),
      field<&ClusterConfig::overprovisioning_percent>("overprovisioning", percent(100, 1'000),
                                                      "With priorities: what a healthy endpoint counts; a priority "
                                                      "overflows to the next when its sum is below 100%.",
                                                      "Envoy's value: whole until fewer than 72% are healthy"),
  };
}

std::vector<Setting<ClusterConfig>> connecting() {
  return {
      structured<ClusterConfig>("health_check", structure("a map with http or tcp, or off"),
                                "Probes of every endpoint; see Health checks.",
                                "outlier detection judges by real traffic; which path to probe, only you know"),
      field<&ClusterConfig::connect_timeout>("connect_timeout", duration(kMillisecond, Duration::s(300)),
                                             "How long connecting to an endpoint may take.",
                                             "a thousand round trips within a site, three around the planet"),
      field<&ClusterConfig::protocol>(
          "protocol", choice(kProtocols),
          "How Weir speaks to the endpoints, health checks included; h2 is HTTP/2 without asking first.",
          "every server speaks it"),
      field<&ClusterConfig::pipeline>(
          "pipeline", count(2, 64).or_word("off"),
          "Send up to so many idempotent requests on one connection before the first is answered.",
          "a slow response would hold up those behind it"),
      field<&ClusterConfig::proxy_protocol>(
          "proxy_protocol", choice(kProxyHeaders),
          "Begin each connection with a PROXY header that says which client it is for; probes begin with one for "
          "nobody. "
          "A connection is then reused for its client only.",
          "a server that does not expect it takes it for a malformed request"),
      structured<ClusterConfig>("tls", structure("on, off, or a map of settings such as {ca: internal.pem}"),
                                "Encryption towards the endpoints; see TLS with endpoints.",
                                "an endpoint that expects plain text does not understand it"),
  };
}

std::vector<Setting<ClusterConfig>> http2() {
  using C = ClusterConfig;
  using H = UpstreamHttp2Config;
  return {
      field<&C::http2, &H::max_streams>(
          "http2.max_streams", count(1, 100'000),
          "Requests at once on one connection, where the endpoint grants as many; when all are full, another is "
          "opened.",
          "what most servers grant; the fewer connections carry the load, the less a request costs"),
      field<&C::http2, &H::stream_window_bytes>(
          "http2.stream_window", bytes(kKiB, 16 * kMiB),
          "How much of a response may be under way, or held here for a slow client.",
          "forty MB/s per response at 6ms of round trip, more than that within a site"),
      field<&C::http2, &H::connection_window_bytes>("http2.connection_window", bytes(64 * kKiB, 64 * kMiB),
                                                    "How much of all responses of a connection may be.",
                                                    "four slow clients hold up nobody else; bounds what is held here"),
  };
}

std::vector<Setting<ClusterConfig>> outlier_detection() {
  using C = ClusterConfig;
  using O = OutlierConfig;
  return {
      field<&C::outlier, &O::enabled>("outlier_detection.enabled", boolean(), "Judge endpoints by their traffic.",
                                      "an ill endpoint is noticed without a probe, in the time of a few requests"),
      field<&C::outlier, &O::consecutive_gateway_failures>(
          "outlier_detection.consecutive_gateway_failures", count(1, 1'000).or_word("off"),
          "Eject after so many 502, 503, 504, resets or timeouts in a row.",
          "at 1% honest failures, five in a row happen by chance once in ten thousand million"),
      field<&C::outlier, &O::consecutive_local_failures>(
          "outlier_detection.consecutive_local_failures", count(1, 1'000).or_word("off"),
          "Eject after so many failures to connect in a row; counted apart.",
          "the same, and the two must not reset each other"),
      field<&C::outlier, &O::failure_percent>(
          "outlier_detection.failure_percent", percent(1, 100).or_word("off"),
          "Eject an endpoint that fails at least this share of its requests and clearly more than the others.",
          "below it an endpoint is still worth more than its absence"),
      field<&C::outlier, &O::window>("outlier_detection.window", duration(Duration::ms(100), kHour),
                                     "The time over which failures are counted, in ten buckets.",
                                     "long enough for the count below at one request a second"),
      field<&C::outlier, &O::min_requests>("outlier_detection.min_requests", count(1, kMany),
                                           "Requests in the window before a share is judged.",
                                           "of fewer, a share says little"),
      field<&C::outlier, &O::latency_factor>(
          "outlier_detection.latency_factor", count(2, 1'000).or_word("off"),
          "Eject an endpoint whose median latency is so many times that of the others.",
          "ordinary jitter stays within a factor of two or three"),
      field<&C::outlier, &O::latency_windows>("outlier_detection.latency_windows", count(1, 1'000),
                                              "For so many sweeps in a row.",
                                              "one garbage collection must not eject an endpoint"),
      field<&C::outlier, &O::max_ejection_percent>(
          "outlier_detection.max_ejected", percent(0, 100),
          "The share of endpoints that may be ejected at once; one always may, the last healthy one never.",
          "with 2 to 9 endpoints Envoy's 10% would eject none"),
      field<&C::outlier, &O::base_ejection>("outlier_detection.base_ejection", duration(kMillisecond, kDay),
                                            "The first ejection's length; each further one doubles it.",
                                            "a restart is over by then; one that is not comes back for longer"),
      field<&C::outlier, &O::max_ejection>("outlier_detection.max_ejection", duration(kMillisecond, kDay),
                                           "The longest ejection.", "a repaired endpoint is back within minutes"),
  };
}

std::vector<Setting<ClusterConfig>> limits() {
  using C = ClusterConfig;
  return {
      field<&C::circuit, &CircuitConfig::max_connections>(
          "circuit_breaker.max_connections", count(1, kMany), "Connections to one endpoint, all workers.",
          "Envoy's 1024 is known to refuse in ordinary peaks; this guards against runaways"),
      field<&C::circuit, &CircuitConfig::max_requests>(
          "circuit_breaker.max_requests", count(1, kMany),
          "Requests at the cluster at once, all workers; beyond it they wait.",
          "at 100ms each, that is 40,000 requests a second"),
      field<&C::circuit, &CircuitConfig::max_pending>("circuit_breaker.max_pending", count(0, kMany),
                                                      "Requests that wait for a slot; beyond it 503.",
                                                      "a quarter of what runs: a longer queue is not served in time"),
      field<&C::circuit, &CircuitConfig::pending_timeout>(
          "circuit_breaker.pending_timeout", duration(kMillisecond, kHour),
          "How long a request may wait for a slot; then 503.",
          "whoever waited longer is likely to give up before the answer"),
      field<&C::retry_budget, &RetryBudgetConfig::percent>(
          "retry_budget.percent", percent(0, 1'000), "Retries, in percent of requests, over the window.",
          "bounds the extra load of an outage to 1.2 times (Finagle's and Linkerd's value)"),
      field<&C::retry_budget, &RetryBudgetConfig::min_per_second>("retry_budget.min_per_second", count(0, kMany),
                                                                  "Retries a second that are always allowed.",
                                                                  "20% of a quiet cluster's requests would be none"),
      field<&C::retry_budget, &RetryBudgetConfig::window>("retry_budget.window", duration(Duration::ms(100), kHour),
                                                          "How long a request counts towards the budget.",
                                                          "Finagle's value: yesterday's traffic pays for no retry"),
      field<&C::pool, &ConnectionPoolConfig::max_idle>("connection_pool.max_idle", count(0, 1'000'000),
                                                       "Idle connections kept, per endpoint and worker.",
                                                       "enough for 256 requests at once without a new connection"),
      field<&C::pool, &ConnectionPoolConfig::idle_timeout>(
          "connection_pool.idle_timeout", duration(kMillisecond, kDay), "How long an idle connection is kept.",
          "below the keep-alive of common servers (nginx 75s); Node closes after 5s: set 4s for it"),
      field<&C::pool, &ConnectionPoolConfig::max_lifetime>(
          "connection_pool.max_lifetime", duration(kMillisecond, kDay * 7), "How old a connection may become.",
          "connections move to new machines behind one address within the hour"),
      field<&C::pool, &ConnectionPoolConfig::max_requests>(
          "connection_pool.max_requests", count(1, kMany).or_word("unlimited"), "Requests one connection may serve.",
          "age is the better reason to replace it"),
  };
}

Section<ClusterConfig> make_cluster() {
  Section<ClusterConfig> made{
      "Clusters",
      "clusters.NAME",
      "A named set of equivalent endpoints. Short form: a list of addresses.",
      {{"http2", "HTTP/2 with the endpoints; with protocol: h2."},
       {"outlier_detection", "Passive judgement of endpoints, from their traffic. off stands for enabled: false.",
        "outlier_detection.enabled", "false"},
       {"circuit_breaker", "Hard limits, so that an overload is refused early instead of being queued."},
       {"retry_budget", "What retries may add to the load, whatever the routes ask for."},
       {"connection_pool", "Connections kept for reuse."}},
      balancing()};
  for (auto& each : connecting()) made.settings.push_back(each);
  for (auto& each : http2()) made.settings.push_back(each);
  for (auto& each : outlier_detection()) made.settings.push_back(each);
  for (auto& each : limits()) made.settings.push_back(each);
  return made;
}

Section<EndpointConfig> make_endpoint() {
  return {"Endpoints",
          "clusters.NAME.endpoints[]",
          "One address of a cluster. Short form: the address alone.",
          {},
          {
              custom<EndpointConfig>(
                  "address", Shape{.type = Type::endpoint, .min = 1, .max = 65535}.or_word("none"),
                  "Where it listens. A name is resolved, and each of its addresses becomes an endpoint.",
                  "no address is right for everybody",
                  [](const EndpointConfig& endpoint) {
                    const bool none = endpoint.address.port == 0;
                    return Value{none ? std::optional<Address>{} : std::optional<Address>{endpoint.address}};
                  },
                  [](EndpointConfig& endpoint, const Value& value) { from_value(endpoint.address, value); }),
              field<&EndpointConfig::srv>(
                  "srv", host().or_word("none"),
                  "Instead of an address: a service such as _http._tcp.app.internal, whose SRV records say host, port, "
                  "weight and priority.",
                  "most names have addresses only"),
              field<&EndpointConfig::file>(
                  "file", text(1, 4096).or_word("none"),
                  "Instead of an address: a file with a list of endpoints, watched for changes. A relative path begins "
                  "in the directory of this configuration.",
                  "what is written here needs no second file"),
              field<&EndpointConfig::weight>("weight", count(0, 1'000),
                                             "Its share, relative to the others; 0 takes no new requests.",
                                             "equal endpoints get equal shares"),
              field<&EndpointConfig::zone>("zone", name(0), "The zone it is in, for zone_preference.",
                                           "one site has no zones"),
              field<&EndpointConfig::priority>("priority", count(0, 9),
                                               "0 is used first; higher ones when too few of the lower are healthy.",
                                               "all share the load; a spare is the exception"),
          }};
}

Section<ResolveConfig> make_resolve() {
  using R = ResolveConfig;
  return {
      "Resolve",
      "clusters.NAME.resolve",
      "How endpoints are discovered that are names, services or files.",
      {},
      {
          field<&R::family>("family", choice(kFamilies), "Which addresses of a name are used.",
                            "a name with both kinds is reachable by both, else it should not have them"),
          field<&R::min_ttl>("min_ttl", duration(Duration::ms(100), kHour),
                             "Ask again after this time at the earliest, whatever the answer's time to live.",
                             "a time to live of 0 must not make a question of every moment"),
          field<&R::max_ttl>("max_ttl", duration(Duration::ms(100), kDay), "Ask again after this time at the latest.",
                             "an endpoint that moved is found within a minute, even when its old record said a day"),
          field<&R::timeout>("timeout", duration(Duration::ms(10), Duration::s(60)),
                             "How long one server may take to answer; each is asked twice.",
                             "a packet that was lost is not waited for as long as the five seconds of resolv.conf"),
          structured<R>("servers", structure("a list of addresses such as 10.0.0.53 or 10.0.0.53:5353"),
                        "The name servers to ask.", "those of /etc/resolv.conf are the system's"),
          field<&R::keep_on_empty>(
              "keep_on_empty", boolean(),
              "When a name has no addresses any more, or does not exist, or a file lists nothing: keep the last "
              "endpoints.",
              "an empty answer is a mistake in DNS far more often than a cluster that was shut down"),
          field<&R::max_endpoints>("max_endpoints", count(1, 10'000),
                                   "So many endpoints of one source are used, the first in order.",
                                   "an answer that is wrong must not become a million connections"),
      }};
}

Section<HealthCheckConfig> make_health_check() {
  using H = HealthCheckConfig;
  return {"Health checks",
          "clusters.NAME.health_check",
          "Probes that Weir sends itself. Exactly one of http and tcp is needed.",
          {},
          {
              field<&H::http_path>("http", Shape{.type = Type::target, .min = 1, .max = 4096}.or_word("none"),
                                   "Send a GET for this path and judge the answer.", "none until you name a path"),
              field<&H::tcp>("tcp", boolean(), "Only connect.",
                             "a process that accepts is not yet one that answers: prefer http"),
              field<&H::host>("host", host().or_word("auto"), "The probe's Host field.", "the endpoint's address"),
              custom<H>(
                  "status", {.type = Type::status_range}, "Answers that count as healthy.",
                  "a redirect or an error page is not health",
                  [](const H& check) {
                    return Value{StatusRange{check.status_min, check.status_max}};
                  },
                  [](H& check, const Value& value) {
                    check.status_min = std::get<StatusRange>(value).min;
                    check.status_max = std::get<StatusRange>(value).max;
                  }),
              field<&H::body>("body", text(0, 1'024), "A text the body must contain.", "the status says enough"),
              field<&H::interval>("interval", duration(Duration::ms(10), kHour), "Between two probes of an endpoint.",
                                  "HAProxy's value: an outage is noticed in seconds, and probes stay a trickle"),
              field<&H::timeout>("timeout", duration(kMillisecond, kHour), "How long a probe may take.",
                                 "a health path that takes half a second is not healthy"),
              field<&H::jitter_percent>("jitter", percent(0, 100), "How far probes are spread around their interval.",
                                        "several Weirs must not probe in step"),
              field<&H::rise>("rise", count(1, 100), "Successes in a row that make an endpoint healthy.",
                              "one may be luck"),
              field<&H::fall>("fall", count(1, 100), "Failures in a row that make it unhealthy.",
                              "one slow answer, or two, may be load; three are not"),
          }};
}

}  // namespace

template <>
const Section<ClusterConfig>& section<ClusterConfig>() {
  static const Section<ClusterConfig> made = make_cluster();
  return made;
}

template <>
const Section<EndpointConfig>& section<EndpointConfig>() {
  static const Section<EndpointConfig> made = make_endpoint();
  return made;
}

template <>
const Section<ResolveConfig>& section<ResolveConfig>() {
  static const Section<ResolveConfig> made = make_resolve();
  return made;
}

template <>
const Section<HealthCheckConfig>& section<HealthCheckConfig>() {
  static const Section<HealthCheckConfig> made = make_health_check();
  return made;
}

}  // namespace weir::model
