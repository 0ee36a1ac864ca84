#include "upstream/worker_cluster.h"

#include <algorithm>
#include <utility>

#include "balance/ewma.h"

namespace weir::upstream {

WorkerCluster::WorkerCluster(std::shared_ptr<Cluster> cluster, const Environment& environment)
    : cluster_(std::move(cluster)),
      loop_(environment.loop),
      prng_(environment.prng),
      worker_(environment.worker),
      balancer_(cluster_->balancer_options(environment.local_zone)),
      attempts_(cluster_->endpoints().size()),
      queue_(cluster_->circuit.pending) {
  const model::ClusterConfig& config = cluster_->config();
  const bool anybodys = config.proxy_protocol == model::ProxyHeader::off;
  PoolOptions options{.limits = config.pool,
                      .connect_timeout = config.connect_timeout,
                      .pipeline = anybodys ? config.pipeline : 0,
                      .share_idle = environment.share_idle};
  for (uint32_t i = 0; i < cluster_->endpoints().size(); ++i) {
    const auto& endpoint = cluster_->endpoints()[i];
    options.transport = Transport::of(config, cluster_->peer(i));
    auto& pool = environment.pools[endpoint.get()];
    if (pool) {
      pool->set_options(options);
    } else {
      pool = std::make_shared<ConnectionPool>(loop_, endpoint, options, environment.limits, environment.scratch);
    }
    pools_.push_back(pool);
    latencies_.push_back(&endpoint->latency(worker_));
  }
  for (AttemptLink& sentinel : attempts_) sentinel.previous = sentinel.next = &sentinel;
}

void WorkerCluster::refresh() {
  generation_ = cluster_->views(views_);
  balancer_.update(views_, loop_.now());
}

std::optional<balance::Pick> WorkerCluster::pick(uint64_t hash, std::span<const uint32_t> avoid, bool may_repeat,
                                                 balance::PickStory* story) {
  if (generation_ != cluster_->generation()) refresh();
  if (const auto index = cluster_->claim_probation(may_repeat)) {
    if (story != nullptr) *story = {.by = balance::PickStory::By::probation};
    return balance::Pick{.index = *index, .panic = false};
  }
  return balancer_.pick({.hash = hash, .avoid = avoid, .now = loop_.now(), .story = story}, prng_);
}

Candidate WorkerCluster::look(const balance::EndpointView& view) {
  const Duration latency = balance::decayed_latency(*view.load, loop_.now());
  return {.endpoint = view.index,
          .in_flight = view.load->in_flight.load(std::memory_order_relaxed),
          .latency_us = static_cast<uint32_t>(std::clamp<int64_t>(latency.us(), 0, UINT32_MAX)),
          .weight = view.weight,
          .health = view.health,
          .outlier = endpoint(view.index).member.tally.state(),
          .priority = view.priority};
}

size_t WorkerCluster::candidates(std::span<const uint32_t> first, std::span<Candidate> out) {
  if (generation_ != cluster_->generation()) refresh();
  size_t count = 0;
  const auto add = [&](const balance::EndpointView& view) {
    const auto known = out.first(count);
    const auto same = [&](const Candidate& each) { return each.endpoint == view.index; };
    if (count < out.size() && std::none_of(known.begin(), known.end(), same)) out[count++] = look(view);
  };
  for (const uint32_t index : first) add(views_[index]);
  for (const auto& view : views_) {
    if (count == out.size()) break;
    add(view);
  }
  return count;
}

WorkerCluster::Held WorkerCluster::hold(uint64_t token, uint32_t overflow_percent, std::span<const uint32_t> avoid,
                                        bool may_repeat) {
  if (generation_ != cluster_->generation()) refresh();
  Held held = balancer_.hold(cluster_->name(), token, overflow_percent, {.avoid = avoid, .now = loop_.now()});
  if (!held.pick || overflow_percent == 0) return held;
  if (const auto tested = cluster_->claim_probation(may_repeat)) {
    held = {.stickiness = balance::Stickiness::overflow, .pick = balance::Pick{.index = *tested, .panic = false}};
  }
  return held;
}

uint64_t WorkerCluster::token_of(uint32_t index) {
  return balance::sticky_token(cluster_->name(), endpoint(index).member.key);
}

bool WorkerCluster::leaving(uint32_t index) {
  return pools_[index]->retired() || endpoint(index).drained_by_admin.load(std::memory_order_relaxed);
}

void WorkerCluster::begin_attempt(uint32_t index, AttemptLink& link, Instant now) {
  endpoint(index).member.load.in_flight.fetch_add(1, std::memory_order_relaxed);
  link.started = now;
  AttemptLink& sentinel = attempts_[index];
  link.previous = sentinel.previous;
  link.next = &sentinel;
  sentinel.previous->next = &link;
  sentinel.previous = &link;
}

void WorkerCluster::answered(uint32_t /*index*/, AttemptLink& link) {
  if (link.next == nullptr) return;
  link.previous->next = link.next;
  link.next->previous = link.previous;
  link.previous = link.next = nullptr;
}

void WorkerCluster::end_attempt(uint32_t index, AttemptLink& link) {
  answered(index, link);
  endpoint(index).member.load.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

bool WorkerCluster::enqueue(Waiter& waiter) {
  if (!queue_.enqueue(waiter)) return false;
  if (!poll_.armed()) loop_.arm(poll_, kPoll);
  return true;
}

void WorkerCluster::place_freed() {
  if (!queue_.empty()) loop_.schedule(serve_);
}

/// In a loop and at the end of the turn: a request that is refused at once frees its place for the next, and so on.
void WorkerCluster::serve_waiters() {
  queue_.serve([](balance::Waiter& waiter) { static_cast<Waiter&>(waiter).on_place(); });
}

void WorkerCluster::on_poll() {
  serve_waiters();
  if (!queue_.empty()) loop_.arm(poll_, kPoll);
}

void WorkerCluster::publish(Instant now) {
  for (uint32_t i = 0; i < attempts_.size(); ++i) {
    const AttemptLink& sentinel = attempts_[i];
    endpoint(i).publish_oldest(worker_, sentinel.next == &sentinel ? Instant::max() : sentinel.next->started);
    pools_[i]->maintain(now);
  }
}

}  // namespace weir::upstream
