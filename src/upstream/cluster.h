#pragma once
// One cluster for the whole process: its endpoints, their health, and the limits they share. Here the pure judgement of
// balance::ClusterHealth meets the facts: workers report results, the health checker reports probes, the administrator
// drains; whatever changes an endpoint's standing raises the generation, and workers fetch new views when they see it.
// What is added to the judgement is a lock, names, counters and the log, and what must survive a reload.
//
// Threads: any, unless said otherwise. Recording a success is lock-free; failures, probes and administration take a
// mutex.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balance/circuit.h"
#include "balance/cluster_health.h"
#include "balance/retry_budget.h"
#include "balance/sticky.h"
#include "base/result.h"
#include "model/config.h"
#include "upstream/cluster_tls.h"
#include "upstream/endpoint.h"

namespace weir::upstream {

/// What became of a copy of a request that was meant for the cluster.
enum class MirrorResult : uint8_t {
  answered,    ///< with a status below 500
  failed,      ///< with 500 and above, or broken off, or there was nobody to send it to
  timeout,     ///< not within the mirror's timeout
  over_limit,  ///< not sent: max_in_flight, or a limit of the cluster
  too_large,   ///< not sent: its body is longer than max_body
  incomplete,  ///< not sent: the original ended before its body had come
};
inline constexpr size_t kMirrorResults = 6;
std::string_view name_of(MirrorResult result);

/// What the admin interface shows of an endpoint; one consistent moment.
struct EndpointStatus {
  const Endpoint* endpoint = nullptr;
  balance::EffectiveHealth health;
  balance::OutlierState outlier = balance::OutlierState::serving;
  std::optional<balance::ActiveState> active;
  bool draining = false;
  std::string last_probe;
  std::string last_ejection;
  StandingChanges changes;  ///< the last few; null: none yet
};

/// Counters of one cluster; relaxed, monotonic, taken over by a reload.
struct ClusterCounters {
  std::array<std::atomic<uint64_t>, balance::kStickiness> sticky{};  ///< by balance::Stickiness
  std::array<std::atomic<uint64_t>, kMirrorResults> mirrored{};      ///< by MirrorResult
};

/// What must not be forgotten of an endpoint when another process takes over.
struct EndpointMemory {
  std::string endpoint;  ///< its name
  bool drained_by_admin = false;
  std::optional<uint32_t> weight_by_admin;
  balance::EjectionState ejection;
  std::string why_ejected;  ///< for people
};

class Cluster {
 public:
  /// `previous`: the cluster of that name before a reload, or null; endpoints it shares are taken over with their
  /// state.
  static Result<std::shared_ptr<Cluster>> create(const model::ClusterConfig& config, Cluster* previous, Instant now,
                                                 uint64_t seed, std::shared_ptr<const ClusterTls> tls = {});

  [[nodiscard]] const model::ClusterConfig& config() const { return config_; }
  [[nodiscard]] const std::string& name() const { return config_.name; }
  [[nodiscard]] const std::vector<std::shared_ptr<Endpoint>>& endpoints() const { return endpoints_; }
  /// Null without TLS.
  [[nodiscard]] const std::shared_ptr<const ClusterTls>& tls() const { return tls_; }
  [[nodiscard]] std::shared_ptr<net::tls::Peer> peer(uint32_t endpoint) const {
    return peers_.empty() ? nullptr : peers_[endpoint];
  }
  /// `local_zone`: where this process runs; empty: nowhere in particular.
  [[nodiscard]] balance::BalancerOptions balancer_options(std::string_view local_zone) const {
    return balance::balancer_options(config_, local_zone);
  }

  /// Changes whenever views would differ.
  [[nodiscard]] uint64_t generation() const { return health_.generation(); }
  /// The endpoints as a balancer wants them, and the generation they belong to.
  uint64_t views(std::vector<balance::EndpointView>& out) const;

  /// The result of one attempt. Outlier detection may eject, which is logged with its evidence.
  void record(uint32_t endpoint, balance::Outcome outcome, Duration latency, Instant now);
  /// An endpoint in probation that is owed its one request: see OutlierDetector::claim_probation().
  std::optional<uint32_t> claim_probation(bool may_repeat) { return health_.claim_probation(may_repeat); }
  /// Judges what needs time to pass; every sweep_interval().
  void sweep(Instant now);
  [[nodiscard]] Duration sweep_interval() const { return health_.sweep_interval(); }

  /// One probe of active health checks. `said` names a failure for people.
  void on_probe(uint32_t endpoint, balance::ProbeResult result, std::string said, Instant now);
  /// Have all endpoints been probed once (true without active checks)?
  [[nodiscard]] bool probed() const;

  /// By the administrator, until undone or restarted. Errors: not_found.
  Result<void> set_draining(std::string_view endpoint_name, bool draining, Instant now);
  Result<void> set_weight(std::string_view endpoint_name, uint32_t weight, Instant now);

  [[nodiscard]] std::vector<EndpointStatus> status() const;
  [[nodiscard]] ClusterCounters& counters() { return *counters_; }

  /// Of the endpoints about which there is something to remember.
  [[nodiscard]] std::vector<EndpointMemory> memories() const;
  /// Before requests are served. Errors: not_found.
  Result<void> recall(const EndpointMemory& memory, Instant now);

  balance::CircuitBreaker circuit;
  balance::RetryBudget retry_budget;

 private:
  Cluster(const model::ClusterConfig& config, std::vector<std::shared_ptr<Endpoint>> endpoints,
          std::shared_ptr<std::mutex> mutex, uint64_t seed);
  static void inherit(const Cluster& previous, const Endpoint& old, Endpoint& endpoint);
  void configure_endpoints();
  void set_tls(std::shared_ptr<const ClusterTls> tls, const Cluster* previous);
  void judge(const Endpoint& endpoint, balance::Outcome outcome, Duration latency, Instant now);
  void note(const balance::Transition& transition, Instant now);
  [[nodiscard]] std::optional<uint32_t> index_of(std::string_view endpoint_name) const;

  model::ClusterConfig config_;
  std::shared_ptr<ClusterCounters> counters_ = std::make_shared<ClusterCounters>();
  std::vector<std::shared_ptr<Endpoint>> endpoints_;
  std::shared_ptr<const ClusterTls> tls_;
  std::vector<std::shared_ptr<net::tls::Peer>> peers_;  ///< with TLS: of each endpoint
  std::shared_ptr<std::mutex> mutex_;  ///< one for all generations of a cluster, since they share endpoints
  std::weak_ptr<Cluster> successor_;   ///< after a reload: results that come late are judged there
  balance::ClusterHealth health_;
  std::vector<Instant> oldest_;  ///< of one sweep, kept for its memory
};

}  // namespace weir::upstream
