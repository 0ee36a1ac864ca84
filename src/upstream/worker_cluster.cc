#include "upstream/worker_cluster.h"

#include <utility>

namespace weir::upstream {

WorkerCluster::WorkerCluster(std::shared_ptr<Cluster> cluster, const Environment& environment)
    : cluster_(std::move(cluster)),
      loop_(environment.loop),
      prng_(environment.prng),
      worker_(environment.worker),
      balancer_(cluster_->balancer_options(environment.local_zone)),
      attempts_(cluster_->endpoints().size()) {
  const model::ClusterConfig& config = cluster_->config();
  const PoolOptions options{.limits = config.pool,
                            .connect_timeout = config.connect_timeout,
                            .pipeline = config.pipeline,
                            .share_idle = environment.share_idle};
  for (const auto& endpoint : cluster_->endpoints()) {
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

std::optional<balance::Pick> WorkerCluster::pick(uint64_t hash, std::span<const uint32_t> avoid, bool may_probe) {
  if (generation_ != cluster_->generation()) refresh();
  if (may_probe) {
    if (const auto index = cluster_->claim_probation()) return balance::Pick{.index = *index, .panic = false};
  }
  return balancer_.pick({.hash = hash, .avoid = avoid, .now = loop_.now()}, prng_);
}

void WorkerCluster::begin_attempt(uint32_t index, AttemptLink& link, Instant now) {
  endpoint(index).load.in_flight.fetch_add(1, std::memory_order_relaxed);
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
  endpoint(index).load.in_flight.fetch_sub(1, std::memory_order_relaxed);
}

bool WorkerCluster::enqueue(Waiter& waiter) {
  if (!cluster_->circuit.pending.try_acquire()) return false;
  waiter.queued = true;
  waiter.previous_waiter = last_;
  waiter.next_waiter = nullptr;
  (last_ != nullptr ? last_->next_waiter : first_) = &waiter;
  last_ = &waiter;
  ++waiting_;
  if (!poll_.armed()) loop_.arm(poll_, kPoll);
  return true;
}

void WorkerCluster::dequeue(Waiter& waiter) {
  if (!waiter.queued) return;
  waiter.queued = false;
  (waiter.previous_waiter != nullptr ? waiter.previous_waiter->next_waiter : first_) = waiter.next_waiter;
  (waiter.next_waiter != nullptr ? waiter.next_waiter->previous_waiter : last_) = waiter.previous_waiter;
  waiter.previous_waiter = waiter.next_waiter = nullptr;
  --waiting_;
  cluster_->circuit.pending.release();
}

void WorkerCluster::place_freed() {
  if (first_ != nullptr) loop_.schedule(serve_);
}

/// In a loop and at the end of the turn: a request that is refused at once frees its place for the next, and so on.
void WorkerCluster::serve_waiters() {
  for (uint32_t tries = waiting_; tries > 0 && first_ != nullptr; --tries) {
    Waiter& waiter = *first_;
    dequeue(waiter);
    waiter.on_place();
    if (waiter.queued) return;  // no place after all: nor for those behind it
  }
}

void WorkerCluster::on_poll() {
  serve_waiters();
  if (waiting_ != 0) loop_.arm(poll_, kPoll);
}

void WorkerCluster::publish(Instant now) {
  for (uint32_t i = 0; i < attempts_.size(); ++i) {
    const AttemptLink& sentinel = attempts_[i];
    endpoint(i).publish_oldest(worker_, sentinel.next == &sentinel ? Instant::max() : sentinel.next->started);
    pools_[i]->maintain(now);
  }
}

}  // namespace weir::upstream
