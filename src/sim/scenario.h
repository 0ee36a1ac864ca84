#pragma once
// A scenario: the world that a simulation runs, as plain values with their defaults. Who asks (clients), who serves
// (tiers: gateways in front of endpoints), what lies between (network), what goes wrong (faults), and under which
// variants the same world with the same seed is run side by side. scenario_reader.h makes one from a file; schema.cc
// is the one definition of names and ranges, as in `model`.
//
// A tier is one cluster with the gateways in front of it. Clients call the first tier; an endpoint may call the next
// tier while it works on a request, through that tier's own gateways. A database is a last tier with one endpoint, few
// cores and a limit of connections. The policies are production's, so `cluster` and `route` are production's settings.
//
// Percentages are whole numbers. Immutable once read; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/config.h"

namespace weir::sim {

/// How a duration varies from draw to draw. `squared_cv` and `mean_ns` (variate.h) are what queueing theory wants.
enum class Distribution : uint8_t { constant, exponential, lognormal, bimodal, pareto, measured };

struct VariateSpec {
  Distribution distribution = Distribution::constant;
  Duration mean = Duration::ms(10);
  uint32_t cv_percent = 100;         ///< lognormal: standard deviation over mean
  Duration slow{};                   ///< bimodal: `mean` is then the fast value
  uint32_t slow_percent = 5;         ///< bimodal: how many are slow
  uint32_t shape_percent = 220;      ///< pareto: the exponent in hundredths; above 100, or there is no mean
  std::string file{};                ///< measured: a file with one duration per line
  std::vector<Duration> measured{};  ///< what was read from it
  bool operator==(const VariateSpec&) const = default;
};

enum class Arrivals : uint8_t {
  poisson,   ///< open loop, memoryless
  constant,  ///< open loop, evenly spaced
  closed,    ///< each connection asks, waits for the answer, thinks, asks again
  trace,     ///< open loop, at recorded instants (replay)
};

/// From `at` on, the rate moves in a straight line to `rate`, which it reaches `over` later.
struct StageSpec {
  Duration at{};
  uint32_t rate = 0;
  Duration over{};
  bool operator==(const StageSpec&) const = default;
};

/// One recorded request of a trace: when it came and how long an endpoint needs for it.
struct TraceEntry {
  Duration at{};
  Duration service{};
  uint64_t key = 0;
  bool idempotent = true;
  bool operator==(const TraceEntry&) const = default;
};

struct ClientSpec {
  std::string name = "clients";
  std::string zone{};
  Arrivals arrivals = Arrivals::poisson;
  uint32_t rate = 100;              ///< requests per second, open loop
  std::vector<StageSpec> stages{};  ///< changes of the rate
  Duration burst_every{};           ///< 0: no bursts
  Duration burst_length = Duration::s(1);
  uint32_t burst_percent = 500;           ///< of the rate, while a burst lasts
  Duration day{};                         ///< period of a sinusoidal rate; 0: none
  uint32_t day_swing_percent = 50;        ///< how far the rate swings around its mean
  uint32_t connections = 10;              ///< closed loop
  VariateSpec think{.mean = Duration{}};  ///< closed loop: pause before the next request
  uint32_t keys = 1000;                   ///< distinct things asked for; what `hash_on: path` hashes
  uint32_t keys_zipf_percent = 0;         ///< exponent of their popularity in hundredths; 0: uniform
  uint32_t sessions = 1000;               ///< distinct clients; what `hash_on: client_ip` hashes
  uint32_t sessions_zipf_percent = 0;
  uint32_t idempotent_percent = 100;
  uint32_t request_bytes = 500;
  uint32_t response_bytes = 5000;
  std::vector<TraceEntry> trace{};  ///< Arrivals::trace, ascending
  bool operator==(const ClientSpec&) const = default;
};

/// A group of like endpoints.
struct EndpointGroupSpec {
  uint32_t count = 1;
  std::string zone{};
  uint32_t weight = 1;
  uint32_t priority = 0;
  uint32_t concurrency = 1;    ///< requests it works on at once; more wait in its queue
  uint32_t queue = 1'000'000;  ///< beyond it a request is answered 503 at once
  uint32_t max_connections =
      0;  ///< requests in it (working and waiting) beyond which connecting is refused; 0: no limit
  VariateSpec service_time{};
  uint32_t speed_percent = 100;  ///< 50: everything takes twice as long
  uint32_t contention_ppm = 0;   ///< sigma of the universal scalability law, in millionths
  uint32_t coherency_ppm = 0;    ///< kappa of the same
  Duration warm_up{};            ///< after a (re)start it is slow for so long ...
  uint32_t cold_percent = 300;   ///< ... at first with so many percent of its service time, falling in a straight line
  Duration pause_every{};        ///< stop-the-world pauses; 0: none
  Duration pause_length = Duration::ms(100);
  bool starts_cold = false;  ///< cold at the beginning of the run
  bool operator==(const EndpointGroupSpec&) const = default;
};

enum class CacheMode : uint8_t {
  none,
  plain,         ///< every miss fetches
  singleflight,  ///< one fetch per key at a time, the others wait for it
  early,         ///< a hit near expiry may refresh ahead of time (XFetch, Vattani et al. 2015)
  both,
};

/// A cache in front of the next tier, held by the endpoints of a tier.
struct CacheSpec {
  CacheMode mode = CacheMode::none;
  Duration ttl = Duration::s(60);
  uint32_t entries = 100'000;    ///< per cache; the least recently used goes
  bool shared = true;            ///< one cache for the tier, or one in each endpoint
  uint32_t early_percent = 100;  ///< beta of XFetch in hundredths; more is earlier
  bool starts_warm = true;
  bool operator==(const CacheSpec&) const = default;
};

/// A rule that adds and removes endpoints: utilisation above or below its target, as target tracking does.
struct AutoscaleSpec {
  bool enabled = false;
  uint32_t min = 1, max = 100;
  uint32_t target_percent = 60;  ///< busy share of all places
  Duration every = Duration::s(15);
  Duration boot = Duration::s(60);        ///< from the decision until it serves
  Duration cool_down = Duration::s(300);  ///< no removal within this long of any change
  bool operator==(const AutoscaleSpec&) const = default;
};

struct TierSpec {
  std::string name = "app";
  model::ClusterConfig cluster{};  ///< without endpoints: those are below
  model::RouteConfig route{};      ///< timeout and retries
  uint32_t gateways = 1;
  std::vector<std::string> gateway_zones{};  ///< gateway i stands in zone i mod size; empty: in none
  std::vector<EndpointGroupSpec> endpoints{};
  Duration report_every{};       ///< endpoints tell all gateways their load so often; 0: a gateway knows only its own
  uint32_t calls_percent = 100;  ///< share of requests that need the next tier
  uint32_t calls = 1;            ///< how often each of those calls it, one after another
  uint32_t pool = 0;             ///< connections of each endpoint to the next tier; 0: no limit
  bool retries_on_failed_call = true;  ///< a failed call makes the endpoint answer 502 (which the gateway may retry)
  CacheSpec cache{};
  AutoscaleSpec autoscale{};
  bool operator==(const TierSpec&) const = default;
};

struct NetworkSpec {
  Duration same_zone{};  ///< one way
  Duration cross_zone = Duration::us(500);
  uint32_t cents_per_gb = 1;  ///< for a gigabyte that leaves a zone, and again where it enters one
  bool operator==(const NetworkSpec&) const = default;
};

enum class FaultKind : uint8_t {
  die,         ///< connections are refused, what was under way is reset
  half_dead,   ///< accepts and never answers
  slow,        ///< service times are multiplied
  errors,      ///< a share of requests is answered 500 at once
  partition,   ///< nothing passes between it and the gateways: connecting times out
  cold_cache,  ///< its cache (or the tier's) is emptied, and it warms up anew
  drain,       ///< by the administrator, for the length of the fault
};
inline constexpr std::array<std::string_view, 7> kFaultNames{"die",       "half_dead",  "slow", "errors",
                                                             "partition", "cold_cache", "drain"};

struct FaultSpec {
  FaultKind kind = FaultKind::die;
  Duration at{};
  Duration length{};             ///< 0: to the end
  Duration repeat_every{};       ///< flapping: again and again; 0: once
  uint32_t tier = 0;             ///< index
  uint32_t first = 0, last = 0;  ///< endpoints, counted over the tier's groups
  uint32_t percent = 100;        ///< slow: of the service time; errors: of the requests
  bool operator==(const FaultSpec&) const = default;
};

struct Scenario {
  std::string title;
  std::string about;  ///< a paragraph for whoever reads the report
  Duration duration = Duration::s(60);
  Duration warm_up = Duration::s(10);  ///< requests that arrive earlier count for nothing but the laws
  uint64_t seed = 1;
  std::vector<ClientSpec> clients;
  std::vector<TierSpec> tiers;
  NetworkSpec network;
  std::vector<FaultSpec> faults;
  bool operator==(const Scenario&) const = default;
};

/// The scenario as one of its variants changes it.
struct Variant {
  std::string name;
  Scenario scenario;
};

}  // namespace weir::sim
