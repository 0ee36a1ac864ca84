#pragma once
// One gateway of one tier: production's health, balancer, circuit breaker, queue and retry budget, over load that only
// this gateway knows (and what endpoints report). The counterpart of upstream::Cluster and WorkerCluster, without
// sockets: one process with one worker. One thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "balance/balancer.h"
#include "balance/circuit.h"
#include "balance/cluster_health.h"
#include "balance/retry_budget.h"
#include "balance/waiting_queue.h"
#include "base/prng.h"
#include "sim/fixed_array.h"
#include "sim/request.h"
#include "sim/scenario.h"

namespace weir::sim {

/// What one gateway knows of one endpoint, and has under way there.
struct Lane {
  Lane(std::string_view endpoint, const model::ClusterConfig& cluster)
      : member(endpoint, cluster.outlier.window), connections(cluster.circuit.max_connections) {}

  /// Our own attempts there; `member.load` may hold what others are said to have, too.
  [[nodiscard]] uint32_t own() const { return connections.used(); }

  balance::Member member;
  balance::CircuitLimit connections;  ///< an attempt takes one
};

class Gateway {
 public:
  struct Choice {
    balance::Pick pick;
    bool probation = false;
  };

  /// `tier` must outlive it. `endpoints`: their names, in order; `specs`: their groups.
  Gateway(const TierSpec& tier, const std::string& zone, uint32_t zone_index, std::span<const std::string> endpoints,
          std::span<const EndpointGroupSpec* const> specs, uint64_t seed);

  std::optional<Choice> choose(uint64_t hash, std::span<const uint32_t> avoid, bool may_repeat, Instant now);
  /// An attempt begins; its answer or its failure comes; it ends.
  void begin_attempt(Slots<Request>& requests, Request& request, Instant now);
  void answered(Slots<Request>& requests, Request& request);
  void end_attempt(Request& request);

  /// The endpoint says how much it has; what we ourselves have there it has at least.
  void on_report(uint32_t endpoint, uint32_t load);
  std::span<const balance::Transition> sweep(Slots<Request>& requests, Instant now);

  [[nodiscard]] uint32_t zone() const { return zone_; }
  /// Brings what an attempt's end will touch into the cache; a hint.
  void prefetch(uint32_t endpoint) const;
  Lane& lane(uint32_t endpoint) { return lanes_[endpoint]; }
  balance::ClusterHealth& health() { return health_; }
  /// How the last choice divided the traffic, and of which generation of health that was.
  [[nodiscard]] std::span<const balance::Pool> pools() const { return balancer_.pools(); }
  [[nodiscard]] uint64_t generation() const { return generation_; }

  Prng prng;
  balance::CircuitBreaker circuit;
  balance::RetryBudget retry_budget;
  balance::WaitingQueue waiting{circuit.pending};
  bool wants_serving = false;  ///< a place may be free for those who wait

 private:
  FixedArray<Lane> lanes_;
  uint32_t zone_;
  AttemptList unanswered_;  ///< oldest first
  balance::ClusterHealth health_;
  balance::Balancer balancer_;
  std::vector<balance::EndpointView> views_;
  uint64_t generation_ = 0;
  std::vector<Instant> oldest_;
};

}  // namespace weir::sim
