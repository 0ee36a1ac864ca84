#include "l7/worker.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/check.h"

namespace weir::l7 {

Result<std::unique_ptr<Worker>> Worker::create(size_t index, size_t workers, uint64_t seed) {
  auto loop = net::Loop::create();
  if (!loop) return fail(loop.error());
  return std::unique_ptr<Worker>(new Worker(index, workers, seed, std::move(*loop)));
}

Worker::Worker(size_t index, size_t workers, uint64_t seed, std::unique_ptr<net::Loop> loop)
    : index_(index),
      workers_(workers),
      loop_(std::move(loop)),
      prng_(seed),
      metrics_(std::make_unique<WorkerMetrics>()),
      mirror_(std::make_unique<Mirror>(*this)) {
  loop_->arm(tick_, kTick);
}

Worker::~Worker() {
  stop();
  // Connections first: what they abort still needs exchanges, clusters and pools. Then a turn buries the dead.
  listeners_.clear();
  loop_->run_turn(Duration{});
  mirror_.reset();
  flush_logs();
  snapshots_.clear();
  pools_.clear();
  loop_->run_turn(Duration{});
}

void Worker::start(std::function<void()> prepare) {
  thread_ = std::thread([this, prepare = std::move(prepare)] {
    if (prepare) prepare();
    loop_->run();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

// ---- configuration
// ---------------------------------------------------------------------------------------------------

void Worker::apply(std::shared_ptr<const Snapshot> snapshot, ListeningSockets sockets) {
  const uint64_t edition = snapshot->edition;
  snapshots_.push_back(build(std::move(snapshot)));
  ++snapshots_.back()->users;
  explanations_.configure(snapshots_.back()->shared->config.explain, workers_);
  update_listeners(std::move(sockets));
  if (snapshots_.size() > 1) release(*snapshots_[snapshots_.size() - 2]);
  drop_unused_pools();
  snapshot_edition_.store(edition, std::memory_order_release);
}

std::unique_ptr<WorkerSnapshot> Worker::build(std::shared_ptr<const Snapshot> snapshot) {
  auto built = std::make_unique<WorkerSnapshot>();
  built->shared = std::move(snapshot);
  const upstream::WorkerCluster::Environment environment{.loop = *loop_,
                                                         .prng = prng_,
                                                         .limits = upstream_limits_,
                                                         .scratch = client_scratch_,
                                                         .pools = pools_,
                                                         .worker = index_,
                                                         .share_idle = workers_ > 1,
                                                         .local_zone = built->shared->config.zone};
  for (const auto& cluster : built->shared->clusters) {
    auto& mine = built->clusters[cluster->name()];
    if (!snapshots_.empty()) mine = snapshots_.back()->find_same(*cluster, environment.local_zone);
    if (!mine) mine = std::make_shared<upstream::WorkerCluster>(cluster, environment);
  }
  for (size_t i = 0; i < built->shared->config.listeners.size(); ++i) {
    built->listeners.push_back(make_route_table(*built, i, index_));
  }
  return built;
}

void Worker::update_listeners(ListeningSockets sockets) {
  WorkerSnapshot& current = *snapshots_.back();
  const auto& configs = current.shared->config.listeners;
  std::vector<std::unique_ptr<Listener>> kept;
  for (size_t i = 0; i < configs.size(); ++i) {
    const std::string address = configs[i].http.text();
    auto found = std::find_if(listeners_.begin(), listeners_.end(),
                              [&](const auto& each) { return each && each->address() == address; });
    std::unique_ptr<Listener> listener;
    if (found != listeners_.end() && !sockets.contains(address)) {
      listener = std::move(*found);
    } else {
      listener = std::make_unique<Listener>(*this, address, std::move(sockets.at(address)));
    }
    // The limit is the process's; each worker takes its share, rounded up.
    const auto share = static_cast<uint32_t>((configs[i].max_connections + workers_ - 1) / workers_);
    listener->update(current, i, share);
    kept.push_back(std::move(listener));
  }
  // What nobody names any more drains, and is destroyed by on_listener_empty.
  std::vector<std::unique_ptr<Listener>> dropped = std::exchange(listeners_, std::move(kept));
  for (auto& listener : dropped) {
    if (!listener) continue;
    Listener& leaving = *listener;
    listeners_.push_back(std::move(listener));
    leaving.drain(Listener::Backlog::take);
    if (leaving.empty()) on_listener_empty(leaving);
  }
}

void Worker::on_listener_empty(Listener& listener) {
  if (draining_) return;  // the whole worker goes
  const auto found =
      std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& each) { return each.get() == &listener; });
  if (found == listeners_.end()) return;
  loop_->defer_delete(std::move(*found));
  listeners_.erase(found);
}

void Worker::drop_unused_pools() {
  std::unordered_set<const upstream::Endpoint*> used;
  for (const auto& cluster : snapshots_.back()->shared->clusters) {
    for (const auto& endpoint : cluster->endpoints()) used.insert(endpoint.get());
  }
  std::erase_if(pools_, [&](const auto& entry) {
    if (used.contains(entry.first)) return false;
    entry.second->retire();
    return true;
  });
}

void Worker::release(WorkerSnapshot& snapshot) {
  if (--snapshot.users != 0) return;
  const auto found =
      std::find_if(snapshots_.begin(), snapshots_.end(), [&](const auto& each) { return each.get() == &snapshot; });
  CHECK(found != snapshots_.end());
  flush_logs();  // no log is held for longer than the snapshot that names it
  loop_->defer_delete(std::move(*found));
  snapshots_.erase(found);
}

void Worker::drain(const std::set<std::string>& elsewhere) {
  for (auto& listener : listeners_) {
    const bool leave = elsewhere.contains(listener->address());
    listener->drain(leave ? Listener::Backlog::leave : Listener::Backlog::take);
  }
  draining_.store(true, std::memory_order_release);
}

void Worker::duplicate_sockets(ListeningSockets& into) const {
  for (const auto& listener : listeners_) {
    for (net::Fd& fd : listener->duplicate_sockets()) into[listener->address()].push_back(std::move(fd));
  }
}

// ---- exchanges and logs
// ----------------------------------------------------------------------------------------------

Exchange& Worker::take_exchange() {
  if (free_exchanges_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>(*this));
    free_exchanges_.reserve(exchanges_.capacity());
    return *exchanges_.back();
  }
  Exchange& exchange = *free_exchanges_.back();
  free_exchanges_.pop_back();
  return exchange;
}

void Worker::recycle(Exchange& exchange, WorkerSnapshot& snapshot) {
  free_exchanges_.push_back(&exchange);
  release(snapshot);
}

void Worker::append_log(const std::shared_ptr<AccessLog>& log, std::string_view line) {
  auto found = std::find_if(logs_.begin(), logs_.end(), [&](const auto& each) { return each.first == log; });
  if (found == logs_.end()) found = logs_.insert(logs_.end(), {log, {}});
  found->second += line;
  if (found->second.size() < kLogFlushBytes) return;
  if (!log->append(found->second)) metrics_->log_lines_dropped.add();
  found->second.clear();
}

void Worker::flush_logs() {
  for (auto& [log, lines] : logs_) {
    if (!lines.empty() && !log->append(lines)) metrics_->log_lines_dropped.add();
  }
  logs_.clear();
}

void Worker::on_tick() {
  flush_logs();
  for (const auto& snapshot : snapshots_) {
    for (const auto& [name, cluster] : snapshot->clusters) cluster->publish(loop_->now());
  }
  if (metrics_->tunnels.value() != 0) {
    for (const auto& exchange : exchanges_) exchange->look_after_tunnel();
  }
  loop_->arm(tick_, kTick);
}

}  // namespace weir::l7
