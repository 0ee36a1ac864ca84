#pragma once
// A cluster as one worker uses it: its balancer, kept current with the cluster's generation, a connection pool per
// endpoint, and the bounded queue of requests that wait for a place.
//
// Thread rule: the worker's thread. Lifetime: kept alive by the worker's snapshot until the last request that uses it
// is done.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/waiting_queue.h"
#include "base/prng.h"
#include "net/loop.h"
#include "upstream/cluster.h"
#include "upstream/connection_pool.h"

namespace weir::upstream {

/// Pools by endpoint, kept by the worker across reloads so that connections survive them.
using PoolMap = std::map<const Endpoint*, std::shared_ptr<ConnectionPool>>;

/// An attempt under way, linked in order of its start, so that the oldest unanswered one is always in front.
struct AttemptLink {
  AttemptLink* previous = nullptr;
  AttemptLink* next = nullptr;
  Instant started{};
};

/// An endpoint as a choice finds it, for explanations.
struct Candidate {
  uint32_t endpoint = 0;
  uint32_t in_flight = 0;
  uint32_t latency_us = 0;  ///< 0: never measured
  uint32_t weight = 1;
  balance::Health health = balance::Health::healthy;
  balance::OutlierState outlier = balance::OutlierState::serving;
  uint8_t priority = 0;
};

class WorkerCluster {
 public:
  /// Someone who waits for a place.
  class Waiter : public balance::Waiter {
   public:
    /// A place may be free: try again. Called at most once per time queued.
    virtual void on_place() = 0;

   protected:
    ~Waiter() = default;
  };

  struct Environment {
    net::Loop& loop;
    Prng& prng;
    const proto::http1::Limits& limits;
    http::ClientScratch& scratch;
    PoolMap& pools;
    size_t worker = 0;
    bool share_idle = false;
    std::string local_zone;
  };
  WorkerCluster(std::shared_ptr<Cluster> cluster, const Environment& environment);

  [[nodiscard]] Cluster& cluster() { return *cluster_; }
  [[nodiscard]] const model::ClusterConfig& config() const { return cluster_->config(); }

  /// The endpoint for a request. `may_repeat`: it can be repeated elsewhere, which makes it the best to test an
  /// endpoint in probation.
  std::optional<balance::Pick> pick(uint64_t hash, std::span<const uint32_t> avoid, bool may_repeat,
                                    balance::PickStory* story = nullptr);
  /// The endpoint that a client's token names, if the client can have it now (balance/sticky.h); otherwise pick().
  /// Where clients may overflow, a request that may be repeated also tests an endpoint in probation: were all clients
  /// at home, nobody else would.
  using Held = balance::Balancer::Held;
  Held hold(uint64_t token, uint32_t overflow_percent, std::span<const uint32_t> avoid, bool may_repeat);
  /// What names the endpoint to clients.
  [[nodiscard]] uint64_t token_of(uint32_t endpoint);
  /// What there is to choose from now: the endpoints named in `first`, then others in their order, as far as `out` has
  /// room. Returns how many were written.
  size_t candidates(std::span<const uint32_t> first, std::span<Candidate> out);
  [[nodiscard]] ConnectionPool& pool(uint32_t endpoint) { return *pools_[endpoint]; }
  [[nodiscard]] Endpoint& endpoint(uint32_t index) { return *cluster_->endpoints()[index]; }

  /// Does the endpoint drain, or has a reload taken it away? What lives long there should move.
  [[nodiscard]] bool leaving(uint32_t endpoint);

  /// Counts an attempt in and out at its endpoint.
  void begin_attempt(uint32_t endpoint, AttemptLink& link, Instant now);
  void answered(uint32_t endpoint, AttemptLink& link);  ///< the head of the response is there
  void end_attempt(uint32_t endpoint, AttemptLink& link);
  [[nodiscard]] Histogram& latency(uint32_t endpoint) { return *latencies_[endpoint]; }

  /// False when the queue is full.
  [[nodiscard]] bool enqueue(Waiter& waiter);
  void dequeue(Waiter& waiter) { queue_.dequeue(waiter); }
  /// A request or a connection of this worker ended: whoever waits may try.
  void place_freed();
  [[nodiscard]] uint32_t waiting() const { return queue_.size(); }

  /// Tells the process what only this worker knows; about four times a second.
  void publish(Instant now);

 private:
  void refresh();
  [[nodiscard]] Candidate look(const balance::EndpointView& view);
  void on_poll();
  void serve_waiters();

  // Places freed by other workers are noticed this often; our own at once.
  static constexpr Duration kPoll = Duration::ms(2);

  std::shared_ptr<Cluster> cluster_;
  net::Loop& loop_;
  Prng& prng_;
  size_t worker_;
  balance::Balancer balancer_;
  std::vector<balance::EndpointView> views_;
  uint64_t generation_ = 0;
  std::vector<std::shared_ptr<ConnectionPool>> pools_;
  std::vector<Histogram*> latencies_;
  std::vector<AttemptLink> attempts_;  ///< one sentinel per endpoint
  balance::WaitingQueue queue_;
  net::Hook serve_ = net::Hook::bind<&WorkerCluster::serve_waiters>(this);
  net::Timer poll_ = net::Timer::bind<&WorkerCluster::on_poll>(this);
};

}  // namespace weir::upstream
