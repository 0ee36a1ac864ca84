#include "upstream/cluster.h"

#include <spdlog/spdlog.h>
#include <xxhash.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace weir::upstream {

using balance::ActiveState;
using balance::OutlierState;

namespace {

/// Zones are compared, never ordered: a hash of the name is id enough. 0 stays "no zone".
balance::ZoneId zone_id(const std::string& zone) {
  if (zone.empty()) return {};
  const auto hash = static_cast<uint16_t>(XXH3_64bits(zone.data(), zone.size()));
  return {hash == 0 ? uint16_t{1} : hash};
}

Result<std::shared_ptr<Endpoint>> make_endpoint(const model::ClusterConfig& cluster,
                                                const model::EndpointConfig& config) {
  const auto address = net::SocketAddress::parse(config.address.host, config.address.port);
  if (!address) return fail(address.error());
  return std::make_shared<Endpoint>(config, *address, cluster.outlier.window, cluster.circuit.max_connections);
}

std::vector<balance::OutlierTally*> tallies_of(const std::vector<std::shared_ptr<Endpoint>>& endpoints) {
  std::vector<balance::OutlierTally*> tallies;
  for (const auto& endpoint : endpoints) tallies.push_back(&endpoint->tally);
  return tallies;
}

}  // namespace

Result<std::shared_ptr<Cluster>> Cluster::create(const model::ClusterConfig& config, Cluster* previous, Instant now,
                                                 uint64_t seed) {
  std::vector<std::shared_ptr<Endpoint>> endpoints;
  for (const model::EndpointConfig& wanted : config.endpoints) {
    std::shared_ptr<Endpoint> endpoint;
    if (previous != nullptr && previous->config_.outlier.window == config.outlier.window) {
      if (const auto index = previous->index_of(wanted.address.text())) endpoint = previous->endpoints_[*index];
    }
    if (!endpoint) {
      auto made = make_endpoint(config, wanted);
      if (!made) return fail(made.error());
      endpoint = std::move(*made);
      if (previous != nullptr) inherit(*previous, *endpoint);
      if (previous != nullptr) endpoint->inputs.joined_at = now;  // added to a running cluster: it starts slowly
    }
    endpoints.push_back(std::move(endpoint));
  }
  auto mutex = previous != nullptr ? previous->mutex_ : std::make_shared<std::mutex>();
  std::shared_ptr<Cluster> cluster(new Cluster(config, std::move(endpoints), mutex, seed));
  const std::lock_guard lock(*mutex);
  if (previous != nullptr) {
    cluster->take_over(*previous);
    previous->successor_ = cluster;
  }
  for (size_t i = 0; i < config.endpoints.size(); ++i) {
    Endpoint& endpoint = *cluster->endpoints_[i];
    endpoint.config = config.endpoints[i];
    endpoint.connections.set_limit(config.circuit.max_connections);
    endpoint.inputs.weight = endpoint.weight_by_admin ? *endpoint.weight_by_admin : endpoint.config.weight;
    endpoint.inputs.draining = endpoint.drained_by_admin;
    if (!config.health_check) {
      endpoint.active.reset();
      endpoint.inputs.active.reset();
    } else if (endpoint.active) {
      endpoint.active->set_thresholds(config.health_check->rise, config.health_check->fall);
    } else {
      endpoint.active = std::make_unique<balance::ActiveHealth>(config.health_check->rise, config.health_check->fall);
      endpoint.inputs.active = endpoint.active->state();
    }
  }
  cluster->recombine();
  return cluster;
}

Cluster::Cluster(const model::ClusterConfig& config, std::vector<std::shared_ptr<Endpoint>> endpoints,
                 std::shared_ptr<std::mutex> mutex, uint64_t seed)
    : circuit(config.circuit),
      retry_budget(config.retry_budget),
      config_(config),
      endpoints_(std::move(endpoints)),
      mutex_(std::move(mutex)),
      detector_(std::make_unique<balance::OutlierDetector>(config.outlier, tallies_of(endpoints_), seed)),
      effective_(endpoints_.size()) {}

/// What the administrator said of an address holds until it is undone, even when the endpoint is made anew.
void Cluster::inherit(Cluster& previous, Endpoint& endpoint) {
  const std::lock_guard lock(*previous.mutex_);
  const auto index = previous.index_of(endpoint.name);
  if (!index) return;
  const Endpoint& old = *previous.endpoints_[*index];
  endpoint.drained_by_admin = old.drained_by_admin;
  if (old.weight_by_admin) endpoint.weight_by_admin = std::make_unique<uint32_t>(*old.weight_by_admin);
}

/// Under the lock.
void Cluster::take_over(Cluster& previous) {
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const auto index = previous.index_of(endpoints_[i]->name);
    if (!config_.outlier.enabled) {
      endpoints_[i]->tally.set_state(OutlierState::serving);
      continue;
    }
    if (index && previous.endpoints_[*index] == endpoints_[i]) {
      detector_->import_state(i, previous.detector_->export_state(*index));
    }
  }
}

balance::BalancerOptions Cluster::balancer_options(const std::string& local_zone) const {
  return {.policy = config_.policy,
          .bounded_load_percent = config_.bounded_load_percent,
          .panic_percent = config_.panic_percent,
          .overprovisioning_percent = config_.overprovisioning_percent,
          .slow_start = config_.slow_start,
          .zone_preference = config_.zone_preference,
          .local_zone = zone_id(local_zone)};
}

std::optional<uint32_t> Cluster::index_of(std::string_view endpoint_name) const {
  for (uint32_t i = 0; i < endpoints_.size(); ++i) {
    if (endpoints_[i]->name == endpoint_name) return i;
  }
  return std::nullopt;
}

uint64_t Cluster::views(std::vector<balance::EndpointView>& out) const {
  const std::lock_guard lock(*mutex_);
  out.clear();
  for (uint32_t i = 0; i < endpoints_.size(); ++i) {
    Endpoint& endpoint = *endpoints_[i];
    out.push_back({.index = i,
                   .key = XXH3_64bits(endpoint.name.data(), endpoint.name.size()),
                   .weight = effective_[i].weight,
                   .zone = zone_id(endpoint.config.zone),
                   .priority = endpoint.config.priority,
                   .health = effective_[i].health,
                   .slow_start_from = effective_[i].slow_start_from,
                   .load = &endpoint.load});
  }
  return generation_.load(std::memory_order_relaxed);
}

/// Under the lock: derives every endpoint's standing anew and raises the generation when one changed.
void Cluster::recombine() {
  std::vector<balance::HealthInputs> inputs;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    endpoints_[i]->inputs.outlier = detector_->state(i);
    inputs.push_back(endpoints_[i]->inputs);
    detector_->set_available(i, balance::available_but_for_ejection(inputs.back()));
  }
  std::vector<balance::EffectiveHealth> effective(inputs.size());
  balance::combine(inputs, effective);
  if (effective == effective_) return;
  effective_ = std::move(effective);
  generation_.fetch_add(1, std::memory_order_release);
}

void Cluster::record(uint32_t index, balance::Outcome outcome, Duration latency, Instant now) {
  Endpoint& endpoint = *endpoints_[index];
  endpoint.counters.outcomes[static_cast<size_t>(outcome)].fetch_add(1, std::memory_order_relaxed);
  const bool judge = endpoint.tally.record(outcome, latency, now);
  if (!judge || !config_.outlier.enabled) return;
  const std::lock_guard lock(*mutex_);
  // A request that outlives a reload ends under the old cluster; the judge is the one in force.
  std::shared_ptr<Cluster> newest;
  for (auto next = successor_.lock(); next; next = next->successor_.lock()) newest = next;
  (newest ? *newest : *this).judge(endpoint, outcome, latency, now);
}

/// Under the lock.
void Cluster::judge(const Endpoint& endpoint, balance::Outcome outcome, Duration latency, Instant now) {
  const auto index = index_of(endpoint.name);
  if (!index || endpoints_[*index].get() != &endpoint || !config_.outlier.enabled) return;
  if (const auto transition = detector_->judge(*index, outcome, latency, now)) {
    apply(*transition, now);
    recombine();
  }
}

std::optional<uint32_t> Cluster::claim_probation() {
  const auto index = detector_->claim_probation();
  if (!index) return std::nullopt;
  return static_cast<uint32_t>(*index);
}

void Cluster::apply(const balance::Transition& transition, Instant now) {
  Endpoint& endpoint = *endpoints_[transition.endpoint];
  endpoint.last_ejection = balance::describe(transition);
  if (transition.to == OutlierState::ejected) {
    endpoint.counters.ejections.fetch_add(1, std::memory_order_relaxed);
    spdlog::warn("cluster {}: endpoint {}: {}", name(), endpoint.name, endpoint.last_ejection);
  } else {
    spdlog::info("cluster {}: endpoint {}: {}", name(), endpoint.name, endpoint.last_ejection);
  }
  if (transition.from == OutlierState::probation && transition.to == OutlierState::serving) {
    endpoint.inputs.serving_since = now;
  }
}

void Cluster::sweep(Instant now) {
  if (!config_.outlier.enabled) return;
  const std::lock_guard lock(*mutex_);
  std::vector<balance::SweepInput> inputs;
  for (const auto& endpoint : endpoints_) {
    const Instant oldest = endpoint->oldest();
    inputs.push_back({.available = balance::available_but_for_ejection(endpoint->inputs),
                      .in_flight = endpoint->load.in_flight.load(std::memory_order_relaxed),
                      .oldest_in_flight = oldest == Instant::max() ? Duration{} : now - oldest});
  }
  for (const auto& transition : detector_->sweep(now, inputs)) apply(transition, now);
  recombine();
}

void Cluster::on_probe(uint32_t index, balance::ProbeResult result, std::string said, Instant now) {
  const std::lock_guard lock(*mutex_);
  Endpoint& endpoint = *endpoints_[index];
  if (!endpoint.active) return;
  const bool first = endpoint.active->state() == ActiveState::unknown;
  endpoint.last_probe = said;
  if (!endpoint.active->on_probe(result)) return;
  const ActiveState state = endpoint.active->state();
  endpoint.inputs.active = state;
  if (state == ActiveState::healthy) {
    // What was healthy when we first looked need not start slowly; what comes back does.
    if (!first) endpoint.inputs.active_since = now;
    spdlog::info("cluster {}: endpoint {}: healthy by active check", name(), endpoint.name);
  } else {
    spdlog::warn("cluster {}: endpoint {}: unhealthy by active check: {}", name(), endpoint.name, said);
  }
  recombine();
}

bool Cluster::probed() const {
  const std::lock_guard lock(*mutex_);
  return std::none_of(endpoints_.begin(), endpoints_.end(), [](const auto& endpoint) {
    return endpoint->active && endpoint->active->state() == ActiveState::unknown;
  });
}

Result<void> Cluster::set_draining(std::string_view endpoint_name, bool draining, Instant now) {
  const std::lock_guard lock(*mutex_);
  const auto index = index_of(endpoint_name);
  if (!index) return fail(Error{.code = Code::not_found, .detail = "endpoint"});
  Endpoint& endpoint = *endpoints_[*index];
  if (endpoint.drained_by_admin && !draining) endpoint.inputs.joined_at = now;
  endpoint.drained_by_admin = endpoint.inputs.draining = draining;
  spdlog::info("cluster {}: endpoint {}: {} by the administrator", name(), endpoint.name,
               draining ? "drained" : "undrained");
  recombine();
  return {};
}

Result<void> Cluster::set_weight(std::string_view endpoint_name, uint32_t weight, Instant /*now*/) {
  const std::lock_guard lock(*mutex_);
  const auto index = index_of(endpoint_name);
  if (!index) return fail(Error{.code = Code::not_found, .detail = "endpoint"});
  Endpoint& endpoint = *endpoints_[*index];
  endpoint.weight_by_admin = std::make_unique<uint32_t>(weight);
  endpoint.inputs.weight = weight;
  spdlog::info("cluster {}: endpoint {}: weight {} by the administrator", name(), endpoint.name, weight);
  recombine();
  return {};
}

std::vector<EndpointStatus> Cluster::status() const {
  const std::lock_guard lock(*mutex_);
  std::vector<EndpointStatus> all;
  for (size_t i = 0; i < endpoints_.size(); ++i) {
    const Endpoint& endpoint = *endpoints_[i];
    all.push_back({.endpoint = &endpoint,
                   .health = effective_[i],
                   .outlier = detector_->state(i),
                   .active = endpoint.inputs.active,
                   .draining = endpoint.inputs.draining,
                   .last_probe = endpoint.last_probe,
                   .last_ejection = endpoint.last_ejection});
  }
  return all;
}

}  // namespace weir::upstream
