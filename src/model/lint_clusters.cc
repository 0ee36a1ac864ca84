#include <algorithm>
#include <array>

#include "model/lint_report.h"

namespace weir::model {
namespace {

bool hashes(const ClusterConfig& cluster) {
  return cluster.policy == PolicyKind::ring_hash || cluster.policy == PolicyKind::maglev;
}

void cluster_is_used(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  bool used = false;
  report.each_route_to(cluster, [&](const RouteConfig&, const std::string&) { used = true; });
  report.each_route([&](const RouteConfig& route, const std::string&) {
    used = used || route.mirror.to == cluster.name || route.degradation.fallback_to == cluster.name;
  });
  if (!used) report.warn(path, "no route leads here: unless a shift does, its endpoints get probes at most");
}

void endpoint_weights(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  const bool any = std::any_of(cluster.endpoints.begin(), cluster.endpoints.end(),
                               [](const EndpointConfig& each) { return each.weight > 0; });
  if (any) return;
  report.warn(join(path, "endpoints"), fmt::format("the weights of {} add up to 0: every request is answered with 503",
                                                   plural(cluster.endpoints.size(), "endpoint")));
}

void probe_ends_before_the_next(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (!cluster.health_check) return;
  const HealthCheckConfig& check = *cluster.health_check;
  if (check.timeout < check.interval) return;
  report.warn(
      join(path, "health_check.timeout"),
      fmt::format("a probe may take {}, but the next is due after {}: slow probes would pile up on an endpoint that "
                  "is already slow",
                  text_of(check.timeout), text_of(check.interval)));
}

/// Dies right after a good probe: `fall` intervals until the last bad probe starts, which then takes its timeout.
void detection_time(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (!cluster.health_check) return;
  const HealthCheckConfig& check = *cluster.health_check;
  const Duration spread = check.interval * check.fall / 100 * check.jitter_percent;
  const Duration worst = check.interval * check.fall + spread + check.timeout;
  std::string message =
      fmt::format("an endpoint that stops answering is noticed after at most {} × {} + {}% jitter + {} = {}",
                  check.fall, text_of(check.interval), check.jitter_percent, text_of(check.timeout), text_of(worst));
  Duration shortest = Duration::max();
  report.each_route_to(
      cluster, [&](const RouteConfig& route, const std::string&) { shortest = std::min(shortest, route.timeout); });
  if (shortest < worst) {
    message += fmt::format("; a route here gives up after {}, so until then only outlier detection and retries help",
                           text_of(shortest));
  }
  report.note(join(path, "health_check"), std::move(message));
}

void single_endpoint(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (cluster.endpoints.size() != 1 || cluster.is_discovered()) return;
  if (cluster.health_check) {
    report.note(join(path, "health_check"),
                "1 endpoint: when its probes fail there is no other, so Weir goes on using it; the probes only report");
  }
  if (cluster.outlier.enabled && report.written(join(path, "outlier_detection"))) {
    report.note(join(path, "outlier_detection"),
                "1 endpoint: the last healthy one is never ejected, so this never acts");
  }
  if (cluster.slow_start > Duration{} && report.written(join(path, "slow_start"))) {
    report.note(join(path, "slow_start"), "1 endpoint: it takes all requests at once whatever its weight");
  }
}

void ejection_limit(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  const OutlierConfig& outlier = cluster.outlier;
  const size_t endpoints = cluster.endpoints.size();
  if (!outlier.enabled || (endpoints < 2 && !cluster.is_discovered())) return;
  const size_t scaled = outlier.max_ejection_percent * endpoints;
  if (scaled < 100 && !cluster.is_discovered()) {
    report.note(
        join(path, "outlier_detection.max_ejected"),
        fmt::format("{}% of {} = {:.2g}, less than one; Weir still ejects one at a time", outlier.max_ejection_percent,
                    plural(endpoints, "endpoint"), static_cast<double>(scaled) / 100));
  }
  if (outlier.base_ejection > outlier.max_ejection) {
    report.warn(join(path, "outlier_detection.base_ejection"),
                fmt::format("the first ejection would last {}, but none lasts longer than max_ejection {}",
                            text_of(outlier.base_ejection), text_of(outlier.max_ejection)));
  }
}

void panic_threshold(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (cluster.panic_percent != 0 || !cluster.health_check || cluster.endpoints.size() < 2) return;
  report.warn(
      join(path, "panic"),
      fmt::format("panic is off: when the probes of {} fail together (a slow database is enough), all requests are "
                  "answered with 503",
                  plural(cluster.endpoints.size(), "endpoint")));
}

void bounded_load(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  const std::string setting = join(path, "bounded_load");
  const uint32_t bound = cluster.bounded_load_percent;
  if (hashes(cluster)) {
    if (bound == 0 || bound > 100) return;
    report.warn(setting,
                fmt::format("an endpoint may carry {}% of the mean, and not all can be at or below their mean: "
                            "nearly every key moves; 125% is usual",
                            bound));
    return;
  }
  for (const std::string& name : {setting, join(path, "hash_on")}) {
    if (report.written(name)) report.warn(name, "only ring_hash and maglev use it, and the policy is another");
  }
}

void idle_connections(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  const std::string setting = join(path, "connection_pool.max_idle");
  const std::string limit = join(path, "circuit_breaker.max_connections");
  if (!report.written(setting) && !report.written(limit)) return;
  const uint32_t configured = report.config().workers;
  const uint64_t workers = std::max<uint64_t>(1, configured != 0 ? configured : report.environment().cores);
  const uint64_t idle = workers * cluster.pool.max_idle;
  if (idle <= cluster.circuit.max_connections) return;
  report.warn(setting,
              fmt::format("{} idle connections × {} = {} to one endpoint, but max_connections is {}: the pool can "
                          "never hold them",
                          cluster.pool.max_idle, plural(workers, "worker"), idle, cluster.circuit.max_connections));
}

void pool_age(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  constexpr Duration kServerKeepAlive = Duration::s(75);
  const ConnectionPoolConfig& pool = cluster.pool;
  const std::string setting = join(path, "connection_pool.idle_timeout");
  if (pool.idle_timeout > pool.max_lifetime) {
    report.warn(setting, fmt::format("an idle connection is kept for {}, but none becomes older than {}",
                                     text_of(pool.idle_timeout), text_of(pool.max_lifetime)));
  } else if (pool.idle_timeout > kServerKeepAlive) {
    report.note(
        setting,
        fmt::format("idle connections are kept for {}, but nginx closes them after {}, Node after 5s: a request "
                    "sent just then fails, and is retried only when that is safe",
                    text_of(pool.idle_timeout), text_of(kServerKeepAlive)));
  }
}

void long_slow_start(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  constexpr Duration kLong = Duration::s(60);
  const size_t endpoints = cluster.endpoints.size();
  if (cluster.slow_start <= kLong || endpoints < 2) return;
  const double extra = 100.0 / static_cast<double>(endpoints - 1);
  report.note(
      join(path, "slow_start"),
      fmt::format("for {} after each return of an endpoint, the other {} carry up to {:.0f}% more; restarting {} one "
                  "after the other takes {}",
                  text_of(cluster.slow_start), endpoints - 1, extra, plural(endpoints, "endpoint"),
                  text_of(cluster.slow_start * static_cast<int64_t>(endpoints))));
}

void pipelining(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (cluster.pipeline < 2) return;
  const std::string setting = join(path, "pipeline");
  report.note(setting,
              fmt::format("{} requests share a connection: one slow answer holds up the {} behind it, and a lost "
                          "connection loses {}",
                          cluster.pipeline, cluster.pipeline - 1, cluster.pipeline));
  report.each_route_to(cluster, [&](const RouteConfig& route, const std::string& route_path) {
    if (route.retry.attempts > 1) return;
    report.warn(setting, fmt::format("{} does not retry, so a lost connection fails up to {} of its requests at once",
                                     route_path, cluster.pipeline));
  });
}

void http2_with_endpoints(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (cluster.protocol != Protocol::h2) {
    for (const std::string_view name : {"http2.max_streams", "http2.stream_window", "http2.connection_window"}) {
      const std::string setting = join(path, name);
      if (report.written(setting)) report.warn(setting, "only protocol: h2 uses it, and the protocol is http1");
    }
    return;
  }
  if (cluster.pipeline > 1) {
    report.warn(join(path, "pipeline"),
                "only HTTP/1 has pipelines; with h2, http2.max_streams requests share a connection");
  }
  const UpstreamHttp2Config& http2 = cluster.http2;
  if (http2.stream_window_bytes > http2.connection_window_bytes) {
    report.warn(
        join(path, "http2.stream_window"),
        fmt::format("one response may have {} under way, but all of a connection only {}: a slow client holds up "
                    "all others",
                    format_bytes(http2.stream_window_bytes), format_bytes(http2.connection_window_bytes)));
  }
  const CircuitConfig& circuit = cluster.circuit;
  const uint64_t places = uint64_t{http2.max_streams} * circuit.max_connections * cluster.endpoints.size();
  if (!cluster.is_discovered() && places < circuit.max_requests) {
    report.warn(
        join(path, "circuit_breaker.max_requests"),
        fmt::format("{} requests at once, but max_streams {} × {} connections × {} = {}: the connections are full "
                    "first",
                    circuit.max_requests, http2.max_streams, circuit.max_connections,
                    plural(cluster.endpoints.size(), "endpoint"), places));
  }
  report.each_route_to(cluster, [&](const RouteConfig& route, const std::string& route_path) {
    const std::pair<std::string_view, bool> wanted[] = {{"upgrade.websocket", route.upgrade.websocket},
                                                        {"upgrade.connect", route.upgrade.connect}};
    for (const auto& [name, on] : wanted) {
      const std::string setting = join(route_path, name);
      if (!on || !report.written(setting)) continue;
      report.warn(
          setting,
          fmt::format("{} is spoken HTTP/2 with, which carries no upgrades: they are answered with 501", cluster.name));
    }
  });
}

void zones(LintReport& report, const ClusterConfig& cluster, const std::string& path) {
  if (!cluster.zone_preference) return;
  const auto named = std::count_if(cluster.endpoints.begin(), cluster.endpoints.end(),
                                   [](const EndpointConfig& each) { return !each.zone.empty(); });
  if (named != 0) return;
  report.warn(join(path, "zone_preference"), fmt::format("0 of {} name a zone, so there is none to prefer",
                                                         plural(cluster.endpoints.size(), "endpoint")));
}

constexpr std::array kRules{
    LintRule{"used", "Every cluster has a route that leads to it, as one of its shares, its mirror or its fallback.",
             at_each_cluster<cluster_is_used>},
    LintRule{"weights", "The weights of a cluster do not add up to 0.", at_each_cluster<endpoint_weights>},
    LintRule{"probe-fits", "A probe ends before the next begins.", at_each_cluster<probe_ends_before_the_next>},
    LintRule{"detection-time", "Says how long a dead endpoint can go unnoticed: fall × interval + timeout.",
             at_each_cluster<detection_time>},
    LintRule{"single-endpoint", "Says what one endpoint makes pointless.", at_each_cluster<single_endpoint>},
    LintRule{"ejection-limit", "max_ejected allows at least one endpoint; base_ejection is within max_ejection.",
             at_each_cluster<ejection_limit>},
    LintRule{"panic", "With health checks, panic is on.", at_each_cluster<panic_threshold>},
    LintRule{"bounded-load", "bounded_load is above the mean, and only set where it is used.",
             at_each_cluster<bounded_load>},
    LintRule{"idle-connections", "max_idle × workers is within max_connections.", at_each_cluster<idle_connections>},
    LintRule{"pool-age", "idle_timeout is within max_lifetime and below the keep-alive of common servers.",
             at_each_cluster<pool_age>},
    LintRule{"slow-start", "Says what a slow start above a minute costs.", at_each_cluster<long_slow_start>},
    LintRule{"pipelining", "Where requests share connections, routes retry.", at_each_cluster<pipelining>},
    LintRule{"http2", "The settings of HTTP/2 with endpoints are used, and fit together.",
             at_each_cluster<http2_with_endpoints>},
    LintRule{"zones", "Where zones are preferred, endpoints name theirs.", at_each_cluster<zones>},
};

}  // namespace

std::span<const LintRule> cluster_rules() { return kRules; }

}  // namespace weir::model
