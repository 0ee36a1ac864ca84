#include "l7/proxy.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "model/address.h"

namespace weir::l7 {

namespace {

std::string describe(const Error& error) {
  std::string text(text_of(error.code));
  if (error.os_error != 0) text += fmt::format(" ({})", std::strerror(error.os_error));
  return text;
}

std::shared_ptr<const http::ServerOptions> options_of(const model::ListenerConfig& listener, const TlsContext& tls) {
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
  options->tls = tls;
  options->handshake_timeout = listener.tls.handshake_timeout;
  options->http2 = {
      .enabled = listener.http2.enabled,
      .max_streams = listener.http2.max_streams,
      .stream_window_bytes = listener.http2.stream_window_bytes,
      .connection_window_bytes = listener.http2.connection_window_bytes,
      .allowance = {.resets = listener.http2.max_resets, .control_frames = listener.http2.max_control_frames}};
  return options;
}

/// The reader has refused what is no network.
std::vector<IpNetwork> networks_of(const model::ListenerConfig& listener) {
  std::vector<IpNetwork> networks;
  for (const std::string& text : listener.proxy_protocol_from) {
    const auto network = IpNetwork::parse(text);
    CHECK(network.has_value());
    networks.push_back(*network);
  }
  return networks;
}

/// Whether two routes of a listener, of one configuration and the next, take the same requests as far as a reload is
/// concerned: by their name, or by what they match.
bool is_same_route(const model::RouteConfig& a, const model::RouteConfig& b) {
  const auto matched = [](const model::RouteConfig& route) {
    return std::tie(route.path_kind, route.path, route.host, route.methods, route.headers, route.cookies, route.query);
  };
  return a.name == b.name && (!a.name.empty() || matched(a) == matched(b));
}

/// Which of our own listeners is why `wanted` cannot be opened: with one port, an address and "all addresses" exclude
/// each other, also among our own. Empty: none.
std::string in_the_way(const model::Address& wanted, const std::vector<model::Address>& ours) {
  const auto is_all = [](const model::Address& each) { return each.host == "0.0.0.0" || each.host == "::"; };
  for (const model::Address& each : ours) {
    if (each.port == wanted.port && each != wanted && (is_all(each) || is_all(wanted))) return each.text();
  }
  return {};
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
                                                          size_t workers, uint64_t seed, ListeningSockets inherited) {
  std::unique_ptr<Proxy> proxy(new Proxy(control, seed));
  for (size_t i = 0; i < workers; ++i) {
    auto worker = Worker::create(i, workers, seed + 1 + i);
    if (!worker) return fail(describe(worker.error()));
    proxy->workers_.push_back(std::move(*worker));
  }
  auto loaded = proxy->put_in_force(config, std::move(inherited));
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
  // What open(2) says of a pipe at whose other end nobody is.
  if (!opened && opened.error().os_error == ENXIO) {
    return fail(fmt::format("access_log {}: is a pipe that nobody reads from", target));
  }
  if (!opened) return fail(fmt::format("access_log {}: {}", target, describe(opened.error())));
  return *opened;
}

/// Those of the listener of that name, if there is one; clusters that its routes newly lead to are added.
ListenerCounters Proxy::counters_of(const model::ListenerConfig& listener,
                                    const std::vector<Diversion>& diversions) const {
  std::vector<std::string> clusters;
  for (const auto& route : listener.routes) {
    for (const auto& target : route.to) clusters.push_back(target.cluster);
    if (!route.degradation.fallback_to.empty()) clusters.push_back(route.degradation.fallback_to);
  }
  for (const Diversion& each : diversions) {
    if (std::find(clusters.begin(), clusters.end(), each.from) != clusters.end()) clusters.push_back(each.to);
  }
  const ListenerCounters* previous = nullptr;
  for (size_t i = 0; snapshot_ && i < snapshot_->listeners.size(); ++i) {
    if (snapshot_->config.listeners[i].name == listener.name) previous = &snapshot_->listeners[i].counters;
  }
  auto counters = ListenerCounters::create(clusters, previous, workers_.size());
  counters.count_routes(listener.routes, previous, workers_.size());
  return counters;
}

Result<std::shared_ptr<Snapshot>, std::string> Proxy::build(const model::Config& config) {
  auto built = std::make_shared<Snapshot>();
  built->number = snapshot_ ? snapshot_->number + 1 : 1;
  built->edition = snapshot_ ? snapshot_->edition + 1 : 1;
  built->config = config;
  built->diversions = shifts_.diversions(config);
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
    auto tls = tls_.load(listener, config.path, control_.now(), clock_.unix_ms() / 1000);
    if (!tls) return fail(fmt::format("listener {}: tls: {}", listener.name, tls.error()));
    Snapshot::Listener& made = built->listeners.emplace_back();
    made.options = options_of(listener, *tls);
    made.access_log = log;
    made.proxy_protocol_from = networks_of(listener);
    made.tls = *tls;
    made.router = std::make_shared<core::Router>(listener.routes);
    made.counters = counters_of(listener, built->diversions);
  }
  std::vector<std::shared_ptr<const upstream::ClusterTls>> tls;
  for (const model::ClusterConfig& cluster : config.clusters) {
    const upstream::Cluster* previous = snapshot_ ? snapshot_->find(cluster.name) : nullptr;
    auto loaded = upstream::ClusterTls::create(cluster, config.path, previous != nullptr ? previous->tls() : nullptr);
    if (!loaded) return fail(fmt::format("clusters.{}.tls: {}", cluster.name, loaded.error()));
    tls.push_back(std::move(*loaded));
  }
  discovery_.follow(config);
  follow_switches(*built);
  for (size_t i = 0; i < config.clusters.size(); ++i) {
    auto made = make_cluster(config.clusters[i], built->edition, std::move(tls[i]));
    if (!made) return fail(made.error());
    built->clusters.push_back(std::move(*made));
  }
  return built;
}

/// What is shared by the process behind each route: its switch, and the places of its mirror.
void Proxy::follow_switches(Snapshot& built) {
  switches_.follow(built.config);
  for (size_t i = 0; i < built.listeners.size(); ++i) {
    const model::ListenerConfig& config = built.config.listeners[i];
    Snapshot::Listener& listener = built.listeners[i];
    listener.maintenance = switches_.find(Switches::name_of(config));
    for (const auto& route : config.routes) {
      listener.switches.push_back(switches_.find(route.degradation.name));
      listener.mirror_places.push_back(mirror_places_of(config, route));
    }
  }
}

/// Copies that are under way take their places from the limit that they began with: a new one for a mirror that stays
/// would let in as many again.
std::shared_ptr<balance::CircuitLimit> Proxy::mirror_places_of(const model::ListenerConfig& listener,
                                                               const model::RouteConfig& route) const {
  if (route.mirror.to.empty()) return nullptr;
  for (size_t i = 0; snapshot_ && i < snapshot_->listeners.size(); ++i) {
    const model::ListenerConfig& before = snapshot_->config.listeners[i];
    for (size_t j = 0; before.name == listener.name && j < before.routes.size(); ++j) {
      const auto& places = snapshot_->listeners[i].mirror_places[j];
      const bool same_limit = places && places->limit() == route.mirror.max_in_flight;
      if (same_limit && is_same_route(before.routes[j], route)) return places;
    }
  }
  return std::make_shared<balance::CircuitLimit>(route.mirror.max_in_flight);
}

Result<std::shared_ptr<upstream::Cluster>, std::string> Proxy::make_cluster(
    const model::ClusterConfig& config, uint64_t edition, std::shared_ptr<const upstream::ClusterTls> tls) {
  std::shared_ptr<upstream::Cluster> previous;
  if (snapshot_) {
    for (const auto& each : snapshot_->clusters) {
      if (each->name() == config.name) previous = each;
    }
  }
  model::ClusterConfig found = config;
  found.endpoints = discovery_.endpoints(config);
  if (previous && previous->config() == found && previous->tls() == tls)
    return previous;  // untouched: state, limits in use and all
  if (config.is_discovered()) note_discovered(previous.get(), found);
  // What is found before anybody is served is no newcomer among others: it need not start slowly.
  const Instant joined = running_ ? control_.now() : Instant{};
  auto made = upstream::Cluster::create(found, previous.get(), joined, seed_ ^ edition, std::move(tls));
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
    auto made = make_cluster(config, fresh->edition, fresh->clusters[i]->tls());
    // Discovery gives numeric addresses, and creating a cluster fails for no other reason.
    CHECK(made.has_value());
    fresh->clusters[i] = std::move(*made);
  }
  if (fresh->clusters != snapshot_->clusters)
    put_in_force(std::move(fresh), std::vector<ListeningSockets>(workers_.size()));
}

/// Sockets for the addresses that are not served yet, by worker; all or none.
Result<std::vector<ListeningSockets>, std::string> Proxy::open_sockets(const model::Config& config,
                                                                       ListeningSockets inherited) {
  std::vector<ListeningSockets> sockets(workers_.size());
  std::vector<model::Address> ours;
  for (const auto& [text, fds] : inherited) {
    if (const auto address = model::parse_address(text)) ours.push_back(*address);
  }
  for (size_t i = 0; snapshot_ && i < snapshot_->config.listeners.size(); ++i) {
    ours.push_back(snapshot_->config.listeners[i].http);
  }
  for (const model::ListenerConfig& listener : config.listeners) {
    const std::string text = listener.http.text();
    if (snapshot_) {
      const auto& old = snapshot_->config.listeners;
      if (std::any_of(old.begin(), old.end(), [&](const auto& each) { return each.http == listener.http; })) continue;
    }
    const auto address = net::SocketAddress::parse(listener.http.host, listener.http.port);
    if (!address) return fail(fmt::format("listener {}: {}", text, describe(address.error())));
    const auto own = leaving_.contains(text) && !settled() ? OwnSockets::perhaps : OwnSockets::none;
    auto opened = sockets_for(*address, std::move(inherited[text]), sockets.size(), own);
    if (const std::string mine = in_the_way(listener.http, ours); !opened && !mine.empty()) {
      return fail(fmt::format(
          "listener {}: our own listener {} is in the way, and no two sockets may have both addresses: reload without "
          "{} first and with {} then, or restart",
          text, mine, mine, text));
    }
    if (!opened) return fail(fmt::format("listener {}: {}", text, opened.error()));
    for (size_t i = 0; i < sockets.size(); ++i) sockets[i][text] = std::move((*opened)[i]);
  }
  return sockets;
}

Result<void, std::string> Proxy::reload(const model::Config& config) { return put_in_force(config, {}); }

Result<void, std::string> Proxy::put_in_force(const model::Config& config, ListeningSockets inherited) {
  auto sockets = open_sockets(config, std::move(inherited));
  if (!sockets) return fail(sockets.error());
  auto built = build(config);
  if (!built) return fail(built.error());
  put_in_force(std::move(*built), std::move(*sockets));
  shifts_.retain(config, control_.now());
  warn_of_tls();
  return {};
}

void Proxy::warn_of_tls() const {
  for (size_t i = 0; i < snapshot_->listeners.size(); ++i) {
    if (!snapshot_->listeners[i].tls) continue;
    for (const std::string& warning : snapshot_->listeners[i].tls->warnings())
      spdlog::warn("listener {}: tls: {}", snapshot_->config.listeners[i].name, warning);
  }
  for (const auto& cluster : snapshot_->clusters) {
    if (!cluster->tls()) continue;
    for (const std::string& warning : cluster->tls()->warnings())
      spdlog::warn("cluster {}: tls: {}", cluster->name(), warning);
  }
}

Result<void, std::string> Proxy::shift(Shifts::Entry entry) {
  if (auto begun = shifts_.begin(snapshot_->config, std::move(entry)); !begun) return begun;
  update_diversions();
  return {};
}

Result<void, std::string> Proxy::cancel_shift(const std::string& from, const std::string& to) {
  if (auto done = shifts_.cancel(from, to, control_.now()); !done) return done;
  update_diversions();
  return {};
}

void Proxy::update_diversions() {
  auto fresh = std::make_shared<Snapshot>(*snapshot_);
  ++fresh->edition;
  fresh->diversions = shifts_.diversions(fresh->config);
  for (size_t i = 0; i < fresh->listeners.size(); ++i) {
    fresh->listeners[i].counters = counters_of(fresh->config.listeners[i], fresh->diversions);
  }
  put_in_force(std::move(fresh), std::vector<ListeningSockets>(workers_.size()));
}

core::ShiftReading Proxy::read_shift(const Shifts::Entry& entry) const {
  const auto counts = [&](const std::string& cluster) {
    core::ShiftCounts all;
    for (const auto& listener : snapshot_->listeners) {
      const auto found = listener.counters.to.find(cluster);
      if (found == listener.counters.to.end()) continue;
      all.requests += found->second->sum();
      all.failures += listener.counters.to_failed.at(cluster)->sum();
    }
    return all;
  };
  return {.from = counts(entry.from), .to = counts(entry.to)};
}

void Proxy::put_in_force(std::shared_ptr<const Snapshot> snapshot, std::vector<ListeningSockets> sockets) {
  const bool same_clusters = snapshot_ && snapshot_->clusters == snapshot->clusters;
  if (snapshot_) {
    note_leaving(*snapshot);
    retired_.push_back(std::move(snapshot_));
  }
  snapshot_ = std::move(snapshot);
  sweep_due_ = {};
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

/// Which addresses workers are about to give up.
void Proxy::note_leaving(const Snapshot& next) {
  if (settled()) leaving_.clear();
  for (const auto& before : snapshot_->config.listeners) {
    const auto& after = next.config.listeners;
    const bool stays =
        std::any_of(after.begin(), after.end(), [&](const auto& each) { return each.http == before.http; });
    if (!stays) leaving_.insert(before.http.text());
  }
}

bool Proxy::settled() const {
  return std::all_of(workers_.begin(), workers_.end(),
                     [&](const auto& worker) { return worker->snapshot_edition() == snapshot_->edition; });
}

void Proxy::start(std::function<void()> ready) {
  ready_ = std::move(ready);
  started_at_ = control_.now();
  control_.arm(tick_, Duration{});
}

void Proxy::start_workers() {
  if (auto ready = std::exchange(ready_, nullptr)) ready();
  running_ = true;
  for (auto& worker : workers_) worker->start(prepare_worker_);
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
  tls_.rotate(snapshot_->config, now);
  if (running_ && !drained_ && shifts_.observe(now, [this](const auto& each) { return read_shift(each); })) {
    update_diversions();
  }
  if (now >= sweep_due_) sweep(now);
  forget_retired();
  control_.arm(tick_, running_ ? kTick : Duration::ms(10));
}

/// Nobody but we can give out what is ours alone.
void Proxy::forget_retired() {
  std::erase_if(retired_, [](const auto& each) { return each.use_count() == 1; });
}

/// Those whose turn it is; the rest, of which there may be thousands, is not looked at before the first of it is due.
void Proxy::sweep(Instant now) {
  sweep_due_ = Instant::max();
  for (const auto& cluster : snapshot_->clusters) {
    Instant& swept = swept_[cluster->name()];
    if (now - swept >= cluster->sweep_interval()) {
      swept = now;
      cluster->sweep(now);
    }
    sweep_due_ = std::min(sweep_due_, swept + cluster->sweep_interval());
  }
}

void Proxy::reopen_logs() {
  for (const auto& listener : snapshot_->listeners) {
    if (listener.access_log) listener.access_log->reopen();
  }
}

void Proxy::drain(std::set<std::string> elsewhere, std::function<void()> done) {
  drained_ = std::move(done);
  drain_until_ = control_.now() + snapshot_->config.drain_timeout;
  if (!running_) start_workers();
  for (auto& worker : workers_) worker->loop().post([&each = *worker, elsewhere] { each.drain(elsewhere); });
  control_.arm(drain_tick_, Duration::ms(20));
}

void Proxy::collect_sockets(std::function<void(ListeningSockets)> done) {
  struct Collection {
    ListeningSockets sockets;
    size_t missing;
    std::function<void(ListeningSockets)> done;
  };
  // Touched by the control thread only.
  auto all = std::make_shared<Collection>(Collection{{}, workers_.size(), std::move(done)});
  for (auto& worker : workers_) {
    worker->loop().post([this, all, &each = *worker] {
      // Descriptors cannot be copied, tasks must be: they travel in a box.
      auto mine = std::make_shared<ListeningSockets>();
      each.duplicate_sockets(*mine);
      control_.post([all, mine] {
        for (auto& [address, sockets] : *mine) {
          for (net::Fd& fd : sockets) all->sockets[address].push_back(std::move(fd));
        }
        if (--all->missing == 0) all->done(std::move(all->sockets));
      });
    });
  }
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
