#include "l7/proxy.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace weir::l7 {

namespace {

std::string describe(const Error& error) {
  std::string text(text_of(error.code));
  if (error.os_error != 0) text += fmt::format(" ({})", std::strerror(error.os_error));
  return text;
}

std::shared_ptr<const http::ServerOptions> options_of(const model::ListenerConfig& listener) {
  auto options = std::make_shared<http::ServerOptions>();
  options->limits.request_line_bytes = listener.request_line_bytes;
  options->limits.field_bytes = listener.field_bytes;
  options->limits.head_bytes = listener.head_bytes;
  options->limits.fields = listener.max_fields;
  if (listener.max_body_bytes != 0) options->max_body_bytes = listener.max_body_bytes;
  options->header_timeout = listener.header_timeout;
  options->body_timeout = listener.body_timeout;
  options->idle_timeout = listener.idle_timeout;
  options->write_timeout = listener.write_timeout;
  options->http2 = {
      .enabled = listener.http2.enabled,
      .max_streams = listener.http2.max_streams,
      .stream_window_bytes = listener.http2.stream_window_bytes,
      .connection_window_bytes = listener.http2.connection_window_bytes,
      .allowance = {.resets = listener.http2.max_resets, .control_frames = listener.http2.max_control_frames}};
  return options;
}

void note_discovered(const upstream::Cluster* previous, const model::ClusterConfig& found) {
  const auto before = previous == nullptr ? std::vector<model::EndpointConfig>{} : previous->config().endpoints;
  const discovery::Difference difference = discovery::difference(before, found.endpoints);
  if (!difference.any()) return;
  spdlog::info("cluster {}: {} endpoints are known: {} new, {} gone, {} changed", found.name, found.endpoints.size(),
               difference.added, difference.removed, difference.changed);
}

}  // namespace

Result<std::unique_ptr<Proxy>, std::string> Proxy::create(net::Loop& control, const model::Config& config,
                                                          size_t workers, uint64_t seed) {
  std::unique_ptr<Proxy> proxy(new Proxy(control, seed));
  for (size_t i = 0; i < workers; ++i) {
    auto worker = Worker::create(i, workers, seed + 1 + i);
    if (!worker) return fail(describe(worker.error()));
    proxy->workers_.push_back(std::move(*worker));
  }
  auto loaded = proxy->reload(config);
  if (!loaded) return fail(loaded.error());
  return proxy;
}

Proxy::~Proxy() {
  for (auto& worker : workers_) worker->stop();
}

Result<std::shared_ptr<AccessLog>, std::string> Proxy::log_for(const std::string& target) {
  if (target == "off") return std::shared_ptr<AccessLog>();
  if (snapshot_) {
    for (const auto& listener : snapshot_->listeners) {
      if (listener.access_log && listener.access_log->target() == target) return listener.access_log;
    }
  }
  auto opened = AccessLog::open(target);
  if (!opened) return fail(fmt::format("access_log {}: {}", target, describe(opened.error())));
  return *opened;
}

/// Those of the listener of that name, if there is one; clusters that its routes newly lead to are added.
ListenerCounters Proxy::counters_of(const model::ListenerConfig& listener) const {
  std::vector<std::string> clusters;
  for (const auto& route : listener.routes) {
    for (const auto& target : route.to) clusters.push_back(target.cluster);
    if (!route.degradation.fallback_to.empty()) clusters.push_back(route.degradation.fallback_to);
  }
  const ListenerCounters* previous = nullptr;
  for (size_t i = 0; snapshot_ && i < snapshot_->listeners.size(); ++i) {
    if (snapshot_->config.listeners[i].name == listener.name) previous = &snapshot_->listeners[i].counters;
  }
  return ListenerCounters::create(clusters, previous, workers_.size());
}

Result<std::shared_ptr<Snapshot>, std::string> Proxy::build(const model::Config& config) {
  auto built = std::make_shared<Snapshot>();
  built->number = snapshot_ ? snapshot_->number + 1 : 1;
  built->edition = snapshot_ ? snapshot_->edition + 1 : 1;
  built->config = config;
  // What can fail comes first: making a cluster already changes the endpoints it shares with the one in force.
  for (const model::ClusterConfig& cluster : config.clusters) {
    for (const auto& endpoint : cluster.endpoints) {
      if (endpoint.is_source()) continue;
      if (!net::SocketAddress::parse(endpoint.address.host, endpoint.address.port)) {
        return fail(fmt::format("cluster {}: {} is not a numeric address", cluster.name, endpoint.address.text()));
      }
    }
  }
  std::map<std::string, std::shared_ptr<AccessLog>> logs;
  for (const model::ListenerConfig& listener : config.listeners) {
    auto& log = logs[listener.access_log];
    if (!log) {
      auto found = log_for(listener.access_log);
      if (!found) return fail(found.error());
      log = *found;
    }
    Snapshot::Listener& made = built->listeners.emplace_back();
    made.options = options_of(listener);
    made.access_log = log;
    made.router = std::make_shared<core::Router>(listener.routes);
    made.counters = counters_of(listener);
  }
  discovery_.follow(config);
  switches_.follow(config);
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    Snapshot::Listener& listener = built->listeners[i];
    listener.maintenance = switches_.find(Switches::name_of(config.listeners[i]));
    for (const auto& route : config.listeners[i].routes) {
      listener.switches.push_back(switches_.find(route.degradation.name));
      const bool mirrored = !route.mirror.to.empty();
      listener.mirror_places.push_back(mirrored ? std::make_shared<balance::CircuitLimit>(route.mirror.max_in_flight)
                                                : nullptr);
    }
  }
  for (const model::ClusterConfig& cluster : config.clusters) {
    auto made = make_cluster(cluster, built->edition);
    if (!made) return fail(made.error());
    built->clusters.push_back(std::move(*made));
  }
  return built;
}

Result<std::shared_ptr<upstream::Cluster>, std::string> Proxy::make_cluster(const model::ClusterConfig& config,
                                                                            uint64_t edition) {
  std::shared_ptr<upstream::Cluster> previous;
  if (snapshot_) {
    for (const auto& each : snapshot_->clusters) {
      if (each->name() == config.name) previous = each;
    }
  }
  model::ClusterConfig found = config;
  found.endpoints = discovery_.endpoints(config);
  if (previous && previous->config() == found) return previous;  // untouched: state, limits in use and all
  if (config.is_discovered()) note_discovered(previous.get(), found);
  // What is found before anybody is served is no newcomer among others: it need not start slowly.
  const Instant joined = running_ ? control_.now() : Instant{};
  auto made = upstream::Cluster::create(found, previous.get(), joined, seed_ ^ edition);
  if (!made) return fail(fmt::format("cluster {}: {}", config.name, describe(made.error())));
  return std::move(*made);
}

void Proxy::rediscover(const std::vector<std::string>& clusters) {
  if (drained_) return;
  auto fresh = std::make_shared<Snapshot>(*snapshot_);
  ++fresh->edition;
  for (size_t i = 0; i < fresh->clusters.size(); ++i) {
    const model::ClusterConfig& config = fresh->config.clusters[i];
    if (std::find(clusters.begin(), clusters.end(), config.name) == clusters.end()) continue;
    auto made = make_cluster(config, fresh->edition);
    // Discovery gives numeric addresses, and creating a cluster fails for no other reason.
    CHECK(made.has_value());
    fresh->clusters[i] = std::move(*made);
  }
  if (fresh->clusters != snapshot_->clusters)
    put_in_force(std::move(fresh), std::vector<ListeningSockets>(workers_.size()));
}

/// Sockets for the addresses that are not served yet, one per worker; all or none.
Result<std::vector<ListeningSockets>, std::string> Proxy::open_sockets(const model::Config& config) {
  std::vector<ListeningSockets> sockets(workers_.size());
  for (const model::ListenerConfig& listener : config.listeners) {
    const std::string text = listener.http.text();
    if (snapshot_) {
      const auto& old = snapshot_->config.listeners;
      if (std::any_of(old.begin(), old.end(), [&](const auto& each) { return each.http == listener.http; })) continue;
    }
    const auto address = net::SocketAddress::parse(listener.http.host, listener.http.port);
    if (!address) return fail(fmt::format("listener {}: {}", text, describe(address.error())));
    // SO_REUSEPORT among our workers must not mean sharing the port with a stranger: ask for it alone first.
    if (auto alone = net::Acceptor::open(*address, {.reuse_port = false}); !alone) {
      return fail(fmt::format("listener {}: {}", text, describe(alone.error())));
    }
    for (auto& mine : sockets) {
      auto fd = net::Acceptor::open(*address, {});
      if (!fd) return fail(fmt::format("listener {}: {}", text, describe(fd.error())));
      mine[text] = std::move(*fd);
    }
  }
  return sockets;
}

Result<void, std::string> Proxy::reload(const model::Config& config) {
  auto sockets = open_sockets(config);
  if (!sockets) return fail(sockets.error());
  auto built = build(config);
  if (!built) return fail(built.error());
  put_in_force(std::move(*built), std::move(*sockets));
  return {};
}

void Proxy::put_in_force(std::shared_ptr<const Snapshot> snapshot, std::vector<ListeningSockets> sockets) {
  const bool same_clusters = snapshot_ && snapshot_->clusters == snapshot->clusters;
  snapshot_ = std::move(snapshot);
  for (size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = *workers_[i];
    if (!running_) {
      worker.apply(snapshot_, std::move(sockets[i]));
      continue;
    }
    // std::function must be copyable, descriptors are not: they travel in a shared box.
    auto box = std::make_shared<ListeningSockets>(std::move(sockets[i]));
    worker.loop().post([&worker, in_force = snapshot_, box] { worker.apply(in_force, std::move(*box)); });
  }
  if (!same_clusters) checker_.watch(snapshot_->clusters);
}

bool Proxy::settled() const {
  return std::all_of(workers_.begin(), workers_.end(),
                     [&](const auto& worker) { return worker->snapshot_edition() == snapshot_->edition; });
}

void Proxy::start() {
  started_at_ = control_.now();
  control_.arm(tick_, Duration{});
}

void Proxy::start_workers() {
  running_ = true;
  for (auto& worker : workers_) worker->start();
}

void Proxy::on_tick() {
  const Instant now = control_.now();
  if (!running_) {
    // No traffic before the first check: but an endpoint that hangs may not hold up the others for longer than a probe
    // takes.
    // Nor before names have their first answers, for as long as those may take.
    Duration longest = discovery_.settled() ? Duration{} : discovery_.patience();
    bool probed = discovery_.settled();
    for (const auto& cluster : snapshot_->clusters) {
      probed = probed && cluster->probed();
      if (const auto& check = cluster->config().health_check) longest = std::max(longest, check->timeout);
    }
    if (probed || now - started_at_ > longest + Duration::ms(200)) start_workers();
  }
  for (const auto& cluster : snapshot_->clusters) {
    Instant& swept = swept_[cluster->name()];
    if (now - swept < cluster->sweep_interval()) continue;
    swept = now;
    cluster->sweep(now);
  }
  control_.arm(tick_, running_ ? kTick : Duration::ms(10));
}

void Proxy::reopen_logs() {
  for (const auto& listener : snapshot_->listeners) {
    if (listener.access_log) listener.access_log->reopen();
  }
}

void Proxy::drain(std::function<void()> done) {
  drained_ = std::move(done);
  drain_until_ = control_.now() + snapshot_->config.drain_timeout;
  if (!running_) start_workers();
  for (auto& worker : workers_) worker->loop().post([&each = *worker] { each.drain(); });
  control_.arm(drain_tick_, Duration::ms(20));
}

void Proxy::on_drain_tick() {
  uint64_t open = 0;
  for (const auto& worker : workers_) open += worker->metrics().connections.value();
  const bool late = control_.now() >= drain_until_;
  const bool told =
      std::all_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->draining(); });
  if ((open != 0 || !told) && !late) return control_.arm(drain_tick_, Duration::ms(20));
  if (open != 0) spdlog::warn("drain_timeout: closing {} connections that are still open", open);
  for (auto& worker : workers_) worker->stop();
  drained_();
}

}  // namespace weir::l7
