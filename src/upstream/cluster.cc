#include "upstream/cluster.h"

#include <spdlog/spdlog.h>

#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace weir::upstream {

namespace {

Result<std::shared_ptr<Endpoint>> make_endpoint(const model::ClusterConfig& cluster,
                                                const model::EndpointConfig& config) {
  const auto address = net::SocketAddress::parse(config.address.host, config.address.port);
  if (!address) return fail(address.error());
  return std::make_shared<Endpoint>(config, *address, cluster.outlier.window, cluster.circuit.max_connections);
}

std::vector<balance::Member*> members_of(const std::vector<std::shared_ptr<Endpoint>>& endpoints) {
  std::vector<balance::Member*> members;
  members.reserve(endpoints.size());
  for (const auto& endpoint : endpoints) members.push_back(&endpoint->member);
  return members;
}

}  // namespace

Result<std::shared_ptr<Cluster>> Cluster::create(const model::ClusterConfig& config, Cluster* previous, Instant now,
                                                 uint64_t seed, std::shared_ptr<const ClusterTls> tls) {
  std::unordered_map<std::string_view, std::shared_ptr<Endpoint>> before;
  if (previous != nullptr) {
    for (const auto& each : previous->endpoints_) before.emplace(each->name, each);
  }
  const bool same_window = previous != nullptr && previous->config_.outlier.window == config.outlier.window;
  std::vector<std::shared_ptr<Endpoint>> endpoints;
  for (const model::EndpointConfig& wanted : config.endpoints) {
    const auto known = before.find(wanted.address.text());
    std::shared_ptr<Endpoint> endpoint;
    if (known != before.end() && same_window) endpoint = known->second;
    if (!endpoint) {
      auto made = make_endpoint(config, wanted);
      if (!made) return fail(made.error());
      endpoint = std::move(*made);
      if (known != before.end()) inherit(*previous, *known->second, *endpoint);
      if (previous != nullptr) endpoint->member.inputs.joined_at = now;  // added to a running cluster: it starts slowly
    }
    endpoints.push_back(std::move(endpoint));
  }
  auto mutex = previous != nullptr ? previous->mutex_ : std::make_shared<std::mutex>();
  const std::lock_guard lock(*mutex);
  std::shared_ptr<Cluster> cluster(new Cluster(config, std::move(endpoints), mutex, seed));
  cluster->configure_endpoints();
  cluster->set_tls(std::move(tls), previous);
  if (previous != nullptr) {
    cluster->counters_ = previous->counters_;
    cluster->health_.take_over(previous->health_);
    previous->successor_ = cluster;
  }
  return cluster;
}

std::string_view name_of(MirrorResult result) {
  switch (result) {
    case MirrorResult::answered: return "answered";
    case MirrorResult::failed: return "failed";
    case MirrorResult::timeout: return "timeout";
    case MirrorResult::over_limit: return "over_limit";
    case MirrorResult::too_large: return "too_large";
    case MirrorResult::incomplete: return "incomplete";
  }
  UNREACHABLE();
}

/// Under the lock: the endpoints may be in use by the previous cluster.
Cluster::Cluster(const model::ClusterConfig& config, std::vector<std::shared_ptr<Endpoint>> endpoints,
                 std::shared_ptr<std::mutex> mutex, uint64_t seed)
    : circuit(config.circuit),
      retry_budget(config.retry_budget),
      config_(config),
      endpoints_(std::move(endpoints)),
      mutex_(std::move(mutex)),
      health_(config_, members_of(endpoints_), seed) {}

/// What the administrator said of an address holds until it is undone, even when the endpoint is made anew.
void Cluster::inherit(const Cluster& previous, const Endpoint& old, Endpoint& endpoint) {
  const std::lock_guard lock(*previous.mutex_);
  endpoint.changes = old.changes;
  endpoint.drained_by_admin = old.drained_by_admin.load();
  if (old.weight_by_admin) endpoint.weight_by_admin = std::make_unique<uint32_t>(*old.weight_by_admin);
}

/// Under the lock.
void Cluster::configure_endpoints() {
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    Endpoint& endpoint = *endpoints_[i];
    endpoint.config = config_.endpoints[i];
    endpoint.connections.set_limit(config_.circuit.max_connections);
    balance::Member& member = endpoint.member;
    member.zone = balance::zone_id(endpoint.config.zone);
    member.priority = endpoint.config.priority;
    member.inputs.weight = endpoint.weight_by_admin ? *endpoint.weight_by_admin : endpoint.config.weight;
    member.inputs.draining = endpoint.drained_by_admin;
  }
  health_.recombine();
}

/// What stays the same keeps its sessions, and its connections stay in use.
void Cluster::set_tls(std::shared_ptr<const ClusterTls> tls, const Cluster* previous) {
  tls_ = std::move(tls);
  if (!tls_) return;
  std::unordered_map<const Endpoint*, std::shared_ptr<net::tls::Peer>> before;
  for (uint32_t i = 0; previous != nullptr && previous->tls_ == tls_ && i < previous->endpoints_.size(); ++i) {
    before.emplace(previous->endpoints_[i].get(), previous->peers_[i]);
  }
  for (const auto& endpoint : endpoints_) {
    const auto known = before.find(endpoint.get());
    const bool same = known != before.end() && known->second->name() == tls_->name_of(endpoint->config);
    peers_.push_back(same ? known->second : tls_->peer(endpoint->config));
  }
}

std::optional<uint32_t> Cluster::index_of(std::string_view endpoint_name) const {
  for (uint32_t i = 0; i < endpoints_.size(); ++i) {
    if (endpoints_[i]->name == endpoint_name) return i;
  }
  return std::nullopt;
}

uint64_t Cluster::views(std::vector<balance::EndpointView>& out) const {
  const std::lock_guard lock(*mutex_);
  return health_.views(out);
}

void Cluster::record(uint32_t index, balance::Outcome outcome, Duration latency, Instant now) {
  Endpoint& endpoint = *endpoints_[index];
  endpoint.counters.outcomes[static_cast<size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  if (!health_.record(index, outcome, latency, now)) return;
  const std::lock_guard lock(*mutex_);
  // A request that outlives a reload ends under the old cluster; the judge is the one in force.
  std::shared_ptr<Cluster> newest;
  for (auto next = successor_.lock(); next; next = next->successor_.lock()) newest = next;
  (newest ? *newest : *this).judge(endpoint, outcome, latency, now);
}

/// Under the lock.
void Cluster::judge(const Endpoint& endpoint, balance::Outcome outcome, Duration latency, Instant now) {
  const auto index = index_of(endpoint.name);
  if (!index || endpoints_[*index].get() != &endpoint) return;
  if (const auto transition = health_.judge(*index, outcome, latency, now)) note(*transition, now);
}

/// Under the lock.
void Cluster::note(const balance::Transition& transition, Instant now) {
  Endpoint& endpoint = *endpoints_[transition.endpoint];
  endpoint.last_ejection = balance::describe(transition);
  endpoint.remember(now, endpoint.last_ejection);
  if (transition.to == balance::OutlierState::ejected) {
    endpoint.counters.ejections.fetch_add(1, std::memory_order_relaxed);
    spdlog::warn("cluster {}: endpoint {}: {}", name(), endpoint.name, endpoint.last_ejection);
  } else {
    spdlog::info("cluster {}: endpoint {}: {}", name(), endpoint.name, endpoint.last_ejection);
  }
}

void Cluster::sweep(Instant now) {
  if (!config_.outlier.enabled) return;
  const std::lock_guard lock(*mutex_);
  oldest_.clear();
  for (const auto& endpoint : endpoints_) oldest_.push_back(endpoint->oldest());
  for (const balance::Transition& transition : health_.sweep(now, oldest_)) note(transition, now);
}

void Cluster::on_probe(uint32_t index, balance::ProbeResult result, std::string said, Instant now) {
  const std::lock_guard lock(*mutex_);
  Endpoint& endpoint = *endpoints_[index];
  if (!endpoint.member.active) return;
  endpoint.last_probe = std::move(said);
  const bool is_first = endpoint.member.inputs.active == balance::ActiveState::unknown;
  if (!health_.on_probe(index, result, now)) return;
  if (endpoint.member.inputs.active == balance::ActiveState::healthy) {
    if (!is_first) endpoint.remember(now, "healthy by active check");  // that it began well is no news
    spdlog::info("cluster {}: endpoint {}: healthy by active check", name(), endpoint.name);
  } else {
    endpoint.remember(now, "unhealthy by active check: " + endpoint.last_probe);
    spdlog::warn("cluster {}: endpoint {}: unhealthy by active check: {}", name(), endpoint.name, endpoint.last_probe);
  }
}

bool Cluster::probed() const {
  const std::lock_guard lock(*mutex_);
  return health_.probed();
}

Result<void> Cluster::set_draining(std::string_view endpoint_name, bool draining, Instant now) {
  const std::lock_guard lock(*mutex_);
  const auto index = index_of(endpoint_name);
  if (!index) return fail(Error{.code = Code::not_found, .detail = "endpoint"});
  Endpoint& endpoint = *endpoints_[*index];
  const bool is_news = endpoint.drained_by_admin.exchange(draining) != draining;
  health_.set_draining(*index, draining, now);
  const std::string_view what = draining ? "drained by the administrator" : "undrained by the administrator";
  if (is_news) endpoint.remember(now, std::string(what));
  spdlog::info("cluster {}: endpoint {}: {}", name(), endpoint.name, what);
  return {};
}

Result<void> Cluster::set_weight(std::string_view endpoint_name, uint32_t weight, Instant now) {
  const std::lock_guard lock(*mutex_);
  const auto index = index_of(endpoint_name);
  if (!index) return fail(Error{.code = Code::not_found, .detail = "endpoint"});
  Endpoint& endpoint = *endpoints_[*index];
  endpoint.weight_by_admin = std::make_unique<uint32_t>(weight);
  health_.set_weight(*index, weight);
  endpoint.remember(now, "weight " + std::to_string(weight) + " by the administrator");
  spdlog::info("cluster {}: endpoint {}: weight {} by the administrator", name(), endpoint.name, weight);
  return {};
}

std::vector<EndpointMemory> Cluster::memories() const {
  const std::lock_guard lock(*mutex_);
  std::vector<EndpointMemory> all;
  for (uint32_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = *endpoints_[i];
    EndpointMemory memory{.endpoint = endpoint.name,
                          .drained_by_admin = endpoint.drained_by_admin,
                          .weight_by_admin = std::nullopt,
                          .ejection = health_.ejection(i),
                          .why_ejected = endpoint.last_ejection};
    if (endpoint.weight_by_admin) memory.weight_by_admin = *endpoint.weight_by_admin;
    const bool serves = memory.ejection.state == balance::OutlierState::serving;
    if (memory.drained_by_admin || memory.weight_by_admin || !serves) all.push_back(std::move(memory));
  }
  return all;
}

Result<void> Cluster::recall(const EndpointMemory& memory, Instant now) {
  const std::lock_guard lock(*mutex_);
  const auto index = index_of(memory.endpoint);
  if (!index) return fail(Error{.code = Code::not_found, .detail = "endpoint"});
  Endpoint& endpoint = *endpoints_[*index];
  if (memory.drained_by_admin) {
    endpoint.drained_by_admin = true;
    health_.set_draining(*index, true, now);
  }
  if (memory.weight_by_admin) {
    endpoint.weight_by_admin = std::make_unique<uint32_t>(*memory.weight_by_admin);
    health_.set_weight(*index, *memory.weight_by_admin);
  }
  if (memory.ejection.state != balance::OutlierState::serving) {
    health_.resume_ejection(*index, memory.ejection);
    endpoint.last_ejection = memory.why_ejected;
  }
  return {};
}

std::vector<EndpointStatus> Cluster::status() const {
  const std::lock_guard lock(*mutex_);
  std::vector<EndpointStatus> all;
  for (uint32_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = *endpoints_[i];
    all.push_back({.endpoint = &endpoint,
                   .health = health_.effective(i),
                   .outlier = health_.outlier(i),
                   .active = endpoint.member.inputs.active,
                   .draining = endpoint.member.inputs.draining,
                   .last_probe = endpoint.last_probe,
                   .last_ejection = endpoint.last_ejection,
                   .changes = endpoint.changes});
  }
  return all;
}

}  // namespace weir::upstream
