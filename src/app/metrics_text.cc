#include "app/metrics_text.h"

#include <array>
#include <utility>
#include <vector>

#include "app/exposition.h"
#include "app/process_usage.h"
#include "balance/ewma.h"
#include "upstream/standing.h"

namespace weir::app {

using balance::Health;
using balance::OutlierState;
using l7::WorkerMetrics;
using upstream::EndpointCounters;
using Kind = Exposition::Kind;

namespace {

constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
/// By balance::Outcome.
constexpr std::array<std::string_view, 5> kOutcomes{"success", "gateway_failure", "server_error", "local_failure",
                                                    "cancelled"};
constexpr std::array kHealths{Health::healthy, Health::degraded, Health::unhealthy, Health::draining};
constexpr std::array kOutlierStates{OutlierState::serving, OutlierState::ejected, OutlierState::probation};
constexpr std::array kShiftStates{l7::core::ShiftState::moving,    l7::core::ShiftState::settling,
                                  l7::core::ShiftState::complete,  l7::core::ShiftState::aborted,
                                  l7::core::ShiftState::cancelled, l7::core::ShiftState::adopted};

struct WorkerFamily {
  std::string_view name;
  Kind kind;
  l7::Counter WorkerMetrics::*counter;
  std::string_view help;
};
constexpr WorkerFamily kWorkerFamilies[] = {
    {"weir_bad_requests_total", Kind::counter, &WorkerMetrics::bad_requests, "Requests that are not valid HTTP."},
    {"weir_client_aborts_total", Kind::counter, &WorkerMetrics::client_aborts,
     "Requests whose client left before the response ended."},
    {"weir_tunnels", Kind::gauge, &WorkerMetrics::tunnels, "WebSockets and CONNECTs open now."},
    {"weir_tunnels_opened_total", Kind::counter, &WorkerMetrics::tunnels_opened, "WebSockets and CONNECTs opened."},
    {"weir_truncated_responses_total", Kind::counter, &WorkerMetrics::truncated,
     "Responses that the endpoint broke off in the middle."},
    {"weir_received_bytes_total", Kind::counter, &WorkerMetrics::bytes_from_clients, "Body bytes from clients."},
    {"weir_sent_bytes_total", Kind::counter, &WorkerMetrics::bytes_to_clients, "Body bytes to clients."},
    {"weir_connections", Kind::gauge, &WorkerMetrics::connections, "Client connections open now."},
    {"weir_connections_accepted_total", Kind::counter, &WorkerMetrics::connections_accepted,
     "Client connections accepted."},
    {"weir_retries_total", Kind::counter, &WorkerMetrics::retries, "Second and later tries of requests."},
    {"weir_replays_total", Kind::counter, &WorkerMetrics::replays,
     "Requests sent again because a kept-alive connection had died."},
    {"weir_access_log_dropped_total", Kind::counter, &WorkerMetrics::log_lines_dropped,
     "Writes to the access log that were given up because nobody read them."},
};

struct ClusterFamily {
  std::string_view name;
  Kind kind;
  double (*value)(upstream::Cluster& cluster, Instant now);
  std::string_view help;
};
constexpr ClusterFamily kClusterFamilies[] = {
    {"weir_cluster_requests_in_flight", Kind::gauge,
     [](auto& c, Instant) -> double { return c.circuit.requests.used(); },
     "Requests that have a place at the cluster."},
    {"weir_cluster_requests_limit", Kind::gauge, [](auto& c, Instant) -> double { return c.circuit.requests.limit(); },
     "circuit_breaker.max_requests."},
    {"weir_cluster_requests_over_limit_total", Kind::counter,
     [](auto& c, Instant) { return static_cast<double>(c.circuit.requests.refused()); },
     "Times a place was asked for and none was free; the request then waits."},
    {"weir_cluster_pending", Kind::gauge, [](auto& c, Instant) -> double { return c.circuit.pending.used(); },
     "Requests that wait for a place or a connection."},
    {"weir_cluster_pending_limit", Kind::gauge, [](auto& c, Instant) -> double { return c.circuit.pending.limit(); },
     "circuit_breaker.max_pending."},
    {"weir_cluster_pending_over_limit_total", Kind::counter,
     [](auto& c, Instant) { return static_cast<double>(c.circuit.pending.refused()); },
     "Requests refused because too many were waiting."},
    {"weir_cluster_retry_budget", Kind::gauge,
     [](auto& c, Instant now) { return static_cast<double>(c.retry_budget.balance(now)); },
     "Retries that the budget would allow right now."},
    {"weir_cluster_retry_budget_refused_total", Kind::counter,
     [](auto& c, Instant) { return static_cast<double>(c.retry_budget.refused()); }, "Retries that the budget denied."},
    {"weir_cluster_panic_ratio", Kind::gauge, [](auto& c, Instant) { return upstream::panic_ratio(c); },
     "Share of requests that are balanced without regard to health, because too few endpoints are healthy."},
};

double value_of(const std::atomic<uint64_t>& cell) { return static_cast<double>(cell.load(std::memory_order_relaxed)); }

struct EndpointFamily {
  std::string_view name;
  Kind kind;
  double (*value)(const upstream::EndpointStatus& status, Instant now);
  std::string_view help;
};
constexpr EndpointFamily kEndpointFamilies[] = {
    {"weir_endpoint_in_flight", Kind::gauge,
     [](const auto& s, Instant) -> double { return s.endpoint->member.load.in_flight.load(std::memory_order_relaxed); },
     "Requests at the endpoint now."},
    {"weir_endpoint_requests_total", Kind::counter,
     [](const auto& s, Instant) { return value_of(s.endpoint->counters.requests); },
     "Requests sent to the endpoint, retries included."},
    {"weir_endpoint_retries_total", Kind::counter,
     [](const auto& s, Instant) { return value_of(s.endpoint->counters.retries); },
     "Of those, second and later tries."},
    {"weir_endpoint_replays_total", Kind::counter,
     [](const auto& s, Instant) { return value_of(s.endpoint->counters.replays); },
     "Requests sent again because a kept-alive connection had died."},
    {"weir_endpoint_connections", Kind::gauge,
     [](const auto& s, Instant) -> double { return s.endpoint->connections.used(); },
     "Connections to the endpoint, idle ones included."},
    {"weir_endpoint_connections_over_limit_total", Kind::counter,
     [](const auto& s, Instant) { return static_cast<double>(s.endpoint->connections.refused()); },
     "Times circuit_breaker.max_connections was met."},
    {"weir_endpoint_connects_total", Kind::counter,
     [](const auto& s, Instant) { return value_of(s.endpoint->counters.connects); }, "Connections begun."},
    {"weir_endpoint_connect_failures_total", Kind::counter,
     [](const auto& s, Instant) { return value_of(s.endpoint->counters.connect_failures); },
     "Connections that could not be made."},
    {"weir_endpoint_ejections_total", Kind::counter,
     [](const auto& s, Instant) { return value_of(s.endpoint->counters.ejections); },
     "Ejections by outlier detection."},
    {"weir_endpoint_weight", Kind::gauge, [](const auto& s, Instant) -> double { return s.health.weight; },
     "Weight in force, the administrator's included."},
    {"weir_endpoint_latency_ewma_seconds", Kind::gauge,
     [](const auto& s, Instant now) { return balance::decayed_latency(s.endpoint->member.load, now).seconds(); },
     "Peak-EWMA of the time to the first byte, as the balancer sees it; 0 when never measured."},
};

/// One cluster with its endpoints at one moment.
struct ClusterRow {
  upstream::Cluster& cluster;
  std::vector<upstream::EndpointStatus> endpoints;
};
using Rows = std::vector<ClusterRow>;

void append_process(Exposition& out, const l7::Proxy& proxy, Instant now) {
  const auto one = [&](std::string_view name, Kind kind, double value, std::string_view help) {
    out.family(name, kind, help);
    out.sample({}, value);
  };
  const ProcessUsage usage = process_usage();
  out.family("weir_build_info", Kind::gauge, "Always 1; the version is in the label.");
  out.sample({{"version", WEIR_VERSION}}, 1);
  one("weir_uptime_seconds", Kind::gauge, (now - proxy.started_at()).seconds(), "Time since the start.");
  one("weir_workers", Kind::gauge, static_cast<double>(proxy.workers().size()), "Threads that serve.");
  one("weir_config_number", Kind::gauge, static_cast<double>(proxy.snapshot().number),
      "The configuration in force; 1 is that of the start.");
  one("weir_config_reloads_total", Kind::counter, static_cast<double>(proxy.reloads()), "Reloads that took effect.");
  one("weir_config_settled", Kind::gauge, proxy.settled() ? 1 : 0,
      "1 when all workers follow the newest configuration.");
  one("process_cpu_seconds_total", Kind::counter, usage.cpu_seconds, "User and system time of all threads.");
  one("process_resident_memory_bytes", Kind::gauge, static_cast<double>(usage.resident_bytes), "Memory in RAM.");
  one("process_open_fds", Kind::gauge, static_cast<double>(usage.open_fds), "File descriptors in use.");
  one("process_max_fds", Kind::gauge, static_cast<double>(usage.max_fds), "File descriptors allowed.");
}

void append_workers(Exposition& out, const l7::Proxy& proxy) {
  const auto sum = [&](auto counter_of) {
    uint64_t total = 0;
    for (const auto& worker : proxy.workers()) total += counter_of(worker->metrics()).value();
    return static_cast<double>(total);
  };
  out.family("weir_responses_total", Kind::counter, "Responses by class of status; none: ended without one.");
  for (size_t i = 0; i < kClasses.size(); ++i) {
    out.sample({{"class", kClasses[i]}}, sum([i](const WorkerMetrics& m) -> const auto& { return m.responses[i]; }));
  }
  out.family("weir_refusals_total", Kind::counter, "Responses that Weir made itself, by the rule that made it.");
  for (size_t i = 1; i < l7::core::kRules; ++i) {
    const auto rule = static_cast<l7::core::Rule>(i);
    out.sample({{"rule", name_of(rule)}}, sum([i](const WorkerMetrics& m) -> const auto& { return m.refusals[i]; }));
  }
  out.family("weir_grpc_responses_total", Kind::counter, "gRPC calls answered by endpoints, by grpc-status.");
  for (size_t i = 0; i < l7::core::kGrpcStatuses; ++i) {
    out.sample({{"grpc_status", l7::core::kGrpcNames[i]}},
               sum([i](const WorkerMetrics& m) -> const auto& { return m.grpc_statuses[i]; }));
  }
  out.family("weir_http2_defences_total", Kind::counter, "HTTP/2 clients that met a defence, by its name.");
  for (size_t i = 0; i < http::kHttp2Defences; ++i) {
    out.sample({{"reason", name_of(static_cast<http::Http2Defence>(i))}},
               sum([i](const WorkerMetrics& m) -> const auto& { return m.http2_defences[i]; }));
  }
  out.family("weir_proxy_protocol_refused_total", Kind::counter,
             "Connections without a valid PROXY header, or from whom none is taken, by reason.");
  for (size_t i = 1; i < l7::kTurnedAwayReasons; ++i) {
    out.sample({{"reason", l7::reason_name(i)}},
               sum([i](const WorkerMetrics& m) -> const auto& { return m.turned_away[i]; }));
  }
  out.family("weir_tls_handshakes_total", Kind::counter, "TLS handshakes with clients, by version; resumed or full.");
  for (size_t i = 0; i < l7::kTlsVersions.size(); ++i) {
    out.sample({{"version", l7::kTlsVersions[i]}, {"resumed", "false"}},
               sum([i](const WorkerMetrics& m) -> const auto& { return m.tls[i].handshakes; }));
    out.sample({{"version", l7::kTlsVersions[i]}, {"resumed", "true"}},
               sum([i](const WorkerMetrics& m) -> const auto& { return m.tls[i].resumptions; }));
  }
  out.family("weir_tls_handshake_failures_total", Kind::counter, "TLS handshakes with clients that failed, by reason.");
  for (size_t i = 1; i < net::tls::kFailures; ++i) {
    out.sample({{"reason", net::tls::name_of(static_cast<net::tls::Failure>(i))}},
               sum([i](const WorkerMetrics& m) -> const auto& { return m.tls_failures[i]; }));
  }
  for (const WorkerFamily& family : kWorkerFamilies) {
    out.family(family.name, family.kind, family.help);
    out.sample({}, sum([&](const WorkerMetrics& m) -> const auto& { return m.*family.counter; }));
  }
  Histogram durations;
  for (const auto& worker : proxy.workers()) durations.merge(worker->metrics().duration_us);
  out.family("weir_request_duration_seconds", Kind::histogram, "From the request's head to the end of the response.");
  out.histogram({}, durations);
}

void append_listeners(Exposition& out, const l7::Snapshot& snapshot) {
  const auto each_listener = [&](auto append) {
    for (size_t i = 0; i < snapshot.listeners.size(); ++i) {
      append(std::string_view(snapshot.config.listeners[i].name), snapshot.listeners[i].counters);
    }
  };
  const auto total = [](const l7::PerWorkerCounter& counter) { return static_cast<double>(counter.sum()); };
  out.family("weir_listener_requests_total", Kind::counter, "Requests that came by the listener.");
  each_listener([&](auto name, const auto& counters) { out.sample({{"listener", name}}, total(*counters.requests)); });
  out.family("weir_listener_failures_total", Kind::counter,
             "Of those, answered with 5xx or broken off by the endpoint in the middle.");
  each_listener([&](auto name, const auto& counters) { out.sample({{"listener", name}}, total(*counters.failures)); });
  out.family("weir_listener_cluster_requests_total", Kind::counter,
             "Requests that a route of the listener sent to the cluster.");
  const auto by_cluster = [&](const l7::ListenerCounters::ByCluster& counters, std::string_view listener) {
    for (const auto& [cluster, counter] : counters) {
      out.sample({{"listener", listener}, {"cluster", cluster}}, total(*counter));
    }
  };
  each_listener([&](auto name, const auto& counters) { by_cluster(counters.to, name); });
  out.family("weir_listener_cluster_failures_total", Kind::counter,
             "Of those, answered with 5xx or broken off; gRPC calls with a status that says so, too.");
  each_listener([&](auto name, const auto& counters) { by_cluster(counters.to_failed, name); });
  bool named = false;
  each_listener([&](auto, const auto& counters) { named = named || !counters.routes.empty(); });
  if (!named) return;
  out.family("weir_route_requests_total", Kind::counter, "Requests that a route with a name took.");
  each_listener([&](auto name, const auto& counters) {
    for (const auto& [route, counter] : counters.routes) {
      out.sample({{"listener", name}, {"route", route}}, total(*counter));
    }
  });
}

void append_shifts(Exposition& out, const l7::Shifts& shifts) {
  if (shifts.all().empty()) return;  // a family without samples is no exposition
  out.family("weir_shift_share", Kind::gauge, "Share of the origin's requests that a shift sends to its destination.");
  for (const auto& each : shifts.all()) {
    out.sample({{"from", each.from}, {"to", each.to}}, static_cast<double>(each.shift.share()) / l7::core::kWholeShare);
  }
  out.family("weir_shift_state", Kind::gauge, "1 for the state that the shift is in, 0 for the others.");
  for (const auto& each : shifts.all()) {
    for (const auto state : kShiftStates) {
      out.sample({{"from", each.from}, {"to", each.to}, {"state", name_of(state)}}, each.shift.state() == state);
    }
  }
}

void append_certificates(Exposition& out, const l7::Snapshot& snapshot) {
  bool begun = false;
  for (size_t i = 0; i < snapshot.listeners.size(); ++i) {
    if (!snapshot.listeners[i].tls) continue;
    for (const auto& each : snapshot.listeners[i].tls->certificates()) {
      if (!std::exchange(begun, true)) {
        out.family("weir_tls_certificate_not_after_seconds", Kind::gauge,
                   "When the certificate expires, in seconds since 1970.");
      }
      out.sample({{"listener", snapshot.config.listeners[i].name}, {"certificate", each.path}},
                 static_cast<double>(each.not_after));
    }
  }
}

void append_clusters(Exposition& out, const Rows& rows, Instant now) {
  for (const ClusterFamily& family : kClusterFamilies) {
    out.family(family.name, family.kind, family.help);
    for (const ClusterRow& row : rows) out.sample({{"cluster", row.cluster.name()}}, family.value(row.cluster, now));
  }
}

/// Calls `append` with the name of the cluster, the name of the endpoint and its status.
void for_each_endpoint(const Rows& rows, auto&& append) {
  for (const ClusterRow& row : rows) {
    for (const auto& status : row.endpoints) append(row.cluster.name(), status.endpoint->name, status);
  }
}

/// Of clusters that speak TLS with their endpoints.
void append_upstream_tls(Exposition& out, const Rows& all) {
  using std::string_view;
  Rows rows;
  for (const ClusterRow& row : all) {
    if (row.cluster.tls()) rows.push_back(row);
  }
  if (rows.empty()) return;
  out.family("weir_endpoint_tls_handshakes_total", Kind::counter, "TLS handshakes with the endpoint; resumed or full.");
  for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
    const auto& counters = status.endpoint->counters;
    out.sample({{"cluster", cluster}, {"endpoint", endpoint}, {"resumed", "false"}}, value_of(counters.tls_handshakes));
    out.sample({{"cluster", cluster}, {"endpoint", endpoint}, {"resumed", "true"}}, value_of(counters.tls_resumptions));
  });
  out.family("weir_endpoint_tls_failures_total", Kind::counter,
             "TLS handshakes with the endpoint that failed, by reason.");
  for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
    for (size_t i = 1; i < net::tls::kFailures; ++i) {
      out.sample({{"cluster", cluster},
                  {"endpoint", endpoint},
                  {"reason", net::tls::name_of(static_cast<net::tls::Failure>(i))}},
                 value_of(status.endpoint->counters.tls_failures[i]));
    }
  });
}

void append_endpoints(Exposition& out, const Rows& rows, Instant now) {
  using std::string_view;
  for (const EndpointFamily& family : kEndpointFamilies) {
    out.family(family.name, family.kind, family.help);
    for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
      out.sample({{"cluster", cluster}, {"endpoint", endpoint}}, family.value(status, now));
    });
  }
  out.family("weir_endpoint_outcomes_total", Kind::counter, "Results of requests as outlier detection counts them.");
  for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
    for (size_t i = 0; i < kOutcomes.size(); ++i) {
      out.sample({{"cluster", cluster}, {"endpoint", endpoint}, {"outcome", kOutcomes[i]}},
                 value_of(status.endpoint->counters.outcomes[i]));
    }
  });
  out.family("weir_endpoint_health", Kind::gauge, "1 for the health that balancing sees, 0 for the others.");
  for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
    for (const Health each : kHealths) {
      out.sample({{"cluster", cluster}, {"endpoint", endpoint}, {"health", name_of(each)}},
                 status.health.health == each);
    }
  });
  out.family("weir_endpoint_outlier_state", Kind::gauge, "1 for what outlier detection says, 0 for the others.");
  for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
    for (const OutlierState each : kOutlierStates) {
      out.sample({{"cluster", cluster}, {"endpoint", endpoint}, {"state", name_of(each)}}, status.outlier == each);
    }
  });
  out.family("weir_endpoint_first_byte_seconds", Kind::histogram,
             "From sending a request to the head of its response.");
  for_each_endpoint(rows, [&](string_view cluster, string_view endpoint, const auto& status) {
    Histogram latencies;
    status.endpoint->merge_latencies(latencies);
    out.histogram({{"cluster", cluster}, {"endpoint", endpoint}}, latencies);
  });
}

void append_traffic(Exposition& out, const Rows& rows) {
  out.family("weir_sticky_requests_total", Kind::counter,
             "Requests of sticky routes: at the endpoint they named, past it because it is full, moved from it, new.");
  for (const ClusterRow& row : rows) {
    for (size_t i = 0; i < balance::kStickiness; ++i) {
      out.sample({{"cluster", row.cluster.name()}, {"result", name_of(static_cast<balance::Stickiness>(i))}},
                 value_of(row.cluster.counters().sticky[i]));
    }
  }
  out.family("weir_mirror_requests_total", Kind::counter,
             "Copies of requests for the cluster, by what became of them.");
  for (const ClusterRow& row : rows) {
    for (size_t i = 0; i < upstream::kMirrorResults; ++i) {
      out.sample({{"cluster", row.cluster.name()}, {"result", name_of(static_cast<upstream::MirrorResult>(i))}},
                 value_of(row.cluster.counters().mirrored[i]));
    }
  }
}

void append_switches(Exposition& out, const l7::Proxy& proxy) {
  const auto all = proxy.switches().all();
  out.family("weir_switch_off", Kind::gauge, "1 while the switch is off; those of listeners are maintenance.");
  for (const auto& each : all) out.sample({{"name", each.name}}, each.off ? 1 : 0);
}

struct SourceFamily {
  std::string_view name;
  Kind kind;
  double (*value)(const discovery::SourceStatus& source, Instant now);
  std::string_view help;
};
constexpr SourceFamily kSourceFamilies[] = {
    {"weir_discovery_endpoints", Kind::gauge, [](const auto& s, Instant) { return static_cast<double>(s.endpoints); },
     "Endpoints that the source gave and that are in force."},
    {"weir_discovery_stale", Kind::gauge, [](const auto& s, Instant) -> double { return s.stale ? 1 : 0; },
     "1 when the last look failed or found nothing, and what is in force is older."},
    {"weir_discovery_age_seconds", Kind::gauge,
     [](const auto& s, Instant now) { return s.found_at == Instant{} ? 0 : (now - s.found_at).seconds(); },
     "Since the source last gave endpoints; 0 when it never has."},
    {"weir_discovery_changes_total", Kind::counter,
     [](const auto& s, Instant) { return static_cast<double>(s.changes); },
     "Times the source gave other endpoints than before."},
};

void append_discovery(Exposition& out, const l7::Proxy& proxy, Instant now) {
  struct Source {
    std::string_view cluster;
    const discovery::SourceStatus& status;
  };
  std::vector<Source> sources;
  for (const auto& cluster : proxy.snapshot().clusters) {
    for (const auto* status : proxy.discovery().sources(cluster->name())) sources.push_back({cluster->name(), *status});
  }
  if (sources.empty()) return;  // a family without samples is no exposition
  for (const SourceFamily& family : kSourceFamilies) {
    out.family(family.name, family.kind, family.help);
    for (const auto& [cluster, status] : sources) {
      out.sample({{"cluster", cluster}, {"source", status.name}, {"kind", status.kind}}, family.value(status, now));
    }
  }
  out.family("weir_discovery_lookups_total", Kind::counter, "Times the source was asked or read, by outcome.");
  for (const auto& [cluster, status] : sources) {
    for (size_t i = 0; i < discovery::kOutcomes; ++i) {
      out.sample({{"cluster", cluster},
                  {"source", status.name},
                  {"kind", status.kind},
                  {"outcome", name_of(static_cast<discovery::Outcome>(i))}},
                 static_cast<double>(status.outcomes[i]));
    }
  }
}

}  // namespace

std::string metrics_text(const l7::Proxy& proxy, Instant now) {
  Rows rows;
  for (const auto& cluster : proxy.snapshot().clusters) rows.push_back({*cluster, cluster->status()});
  Exposition out;
  append_process(out, proxy, now);
  append_workers(out, proxy);
  append_listeners(out, proxy.snapshot());
  append_switches(out, proxy);
  append_certificates(out, proxy.snapshot());
  append_shifts(out, proxy.shifts());
  append_clusters(out, rows, now);
  append_traffic(out, rows);
  append_endpoints(out, rows, now);
  append_upstream_tls(out, rows);
  append_discovery(out, proxy, now);
  return out.text();
}

}  // namespace weir::app
