#include "console/sampler.h"

#include <algorithm>

#include "upstream/standing.h"

namespace weir::console {

namespace {

uint64_t read(const std::atomic<uint64_t>& cell) { return cell.load(std::memory_order_relaxed); }

/// What a counter gained per second; `past` becomes its value.
double gain_of(uint64_t now, uint64_t& past, double seconds) {
  const uint64_t more = now - std::exchange(past, now);
  return static_cast<double>(more) / seconds;
}

bool serves(const upstream::EndpointStatus& status) {
  return status.health.weight > 0 && status.health.health <= balance::Health::degraded;
}

}  // namespace

uint64_t failures_of(const upstream::EndpointCounters& counters) {
  using balance::Outcome;
  uint64_t sum = 0;
  for (const Outcome each : {Outcome::gateway_failure, Outcome::server_error, Outcome::local_failure}) {
    sum += read(counters.outcomes[static_cast<size_t>(each)]);
  }
  return sum;
}

const HeadroomEstimator* Sampler::headroom(std::string_view cluster) const {
  const auto found = clusters_.find(cluster);
  return found == clusters_.end() ? nullptr : &found->second.headroom;
}

Second Sampler::take(const l7::Proxy& proxy, Instant now, int64_t unix_ms) {
  const Instant since = looks_ == 0 ? proxy.started_at() : last_;
  const double seconds = std::max((now - since).seconds(), 1e-3);
  last_ = now;
  ++looks_;
  Second second{.unix_ms = unix_ms};
  look_at_workers(proxy, seconds, second);
  const l7::Snapshot& snapshot = proxy.snapshot();
  for (size_t i = 0; i < snapshot.listeners.size(); ++i) {
    second.listeners.push_back(look_at(snapshot.config.listeners[i].name, snapshot.listeners[i].counters, seconds));
  }
  for (const auto& cluster : snapshot.clusters) second.clusters.push_back(look_at(*cluster, seconds));
  // What a reload dropped is forgotten.
  std::erase_if(endpoints_, [&](const auto& each) { return each.second.look != looks_; });
  std::erase_if(counters_, [&](const auto& each) { return each.second.look != looks_; });
  std::erase_if(clusters_, [&](const auto& each) { return each.second.look != looks_; });
  return second;
}

void Sampler::look_at_workers(const l7::Proxy& proxy, double seconds, Second& second) {
  Totals now;
  gain_.clear();
  durations_.resize(proxy.workers().size());
  for (size_t i = 0; i < durations_.size(); ++i) {
    const l7::WorkerMetrics& metrics = proxy.workers()[i]->metrics();
    for (const auto& each : metrics.responses) now.responses += each.value();
    for (const auto& each : metrics.refusals) now.refused += each.value();
    now.failed += metrics.responses[5].value() + metrics.truncated.value();
    now.refused += metrics.bad_requests.value();
    second.clients += metrics.connections.value();
    durations_[i].take(metrics.duration_us, gain_);
  }
  second.rate = gain_of(now.responses, totals_.responses, seconds);
  second.failed = gain_of(now.failed, totals_.failed, seconds);
  second.refused = gain_of(now.refused, totals_.refused, seconds);
  second.latency = gain_.summary();
}

ListenerSecond Sampler::look_at(const std::string& name, const l7::ListenerCounters& counters, double seconds) {
  ListenerSecond second{.name = name};
  second.rate = rate_of(counters.requests, seconds);
  second.failed = rate_of(counters.failures, seconds);
  for (const auto& [cluster, counter] : counters.to) second.to.emplace_back(cluster, rate_of(counter, seconds));
  return second;
}

double Sampler::rate_of(const std::shared_ptr<l7::PerWorkerCounter>& counter, double seconds) {
  CounterPast& past = counters_[counter.get()];
  if (past.counter == nullptr) past.counter = counter;
  past.look = looks_;
  return gain_of(counter->sum(), past.value, seconds);
}

ClusterSecond Sampler::look_at(const upstream::Cluster& cluster, double seconds) {
  ClusterSecond second{
      .name = cluster.name(), .in_flight = cluster.circuit.requests.used(), .pending = cluster.circuit.pending.used()};
  cluster_gain_.clear();
  LoadSample load{.seconds = seconds};
  const auto standings = cluster.status();
  for (size_t i = 0; i < standings.size(); ++i) {
    const upstream::EndpointStatus& status = standings[i];
    EndpointPast& past = endpoints_[status.endpoint];
    if (past.endpoint == nullptr) past.endpoint = cluster.endpoints()[i];
    past.look = looks_;
    const EndpointSecond& each = second.endpoints.emplace_back(look_at(status, past, seconds));
    second.rate += each.rate;
    second.failed += each.failed;
    load.serving += serves(status) ? 1 : 0;
  }
  second.latency = cluster_gain_.summary();
  load.requests = second.latency.count;
  load.latency_seconds = second.latency.sum_us / 1e6;
  load.failed = static_cast<uint64_t>(second.failed * seconds);
  auto [found, is_new] = clusters_.try_emplace(cluster.name());
  found->second.look = looks_;
  found->second.headroom.add(load);
  return second;
}

EndpointSecond Sampler::look_at(const upstream::EndpointStatus& status, EndpointPast& past, double seconds) {
  const upstream::Endpoint& endpoint = *status.endpoint;
  EndpointSecond second{.name = endpoint.name, .state = upstream::state_of(status)};
  second.rate = gain_of(read(endpoint.counters.requests), past.requests, seconds);
  second.failed = gain_of(failures_of(endpoint.counters), past.failures, seconds);
  second.in_flight = endpoint.member.load.in_flight.load(std::memory_order_relaxed);
  scratch_.clear();
  endpoint.merge_latencies(scratch_);
  gain_.clear();
  past.latency.take(scratch_, gain_);
  second.latency = gain_.summary();
  cluster_gain_.add(gain_);
  return second;
}

}  // namespace weir::console
