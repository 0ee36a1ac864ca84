#pragma once
// A configuration in force. Snapshot is what the whole process shares: immutable, replaced as a whole by a reload.
// WorkerSnapshot is one worker's side of it: balancers and pools, and which cluster each route means. Requests that
// began under a snapshot end under it; the worker lets go of it when the last one has.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ip.h"
#include "http/server_connection.h"
#include "l7/access_log.h"
#include "l7/core/router.h"
#include "l7/listener_counters.h"
#include "l7/switches.h"
#include "l7/tls.h"
#include "model/config.h"
#include "upstream/cluster.h"
#include "upstream/worker_cluster.h"

namespace weir::l7 {

/// Part of what routes send to one cluster goes to another (l7/shifts.h).
struct Diversion {
  std::string from, to;
  std::shared_ptr<const std::atomic<uint32_t>> share;  ///< in parts of core::kWholeShare; changes while it is in force
};

struct Snapshot {
  uint64_t number = 0;   ///< of the configuration; 1 is that at start
  uint64_t edition = 0;  ///< of the snapshot: also counts what discovery changed
  model::Config config;
  std::vector<std::shared_ptr<upstream::Cluster>> clusters;  ///< in the order of config.clusters
  struct Listener {
    std::shared_ptr<const http::ServerOptions> options;
    std::shared_ptr<AccessLog> access_log;  ///< null: off
    std::vector<IpNetwork> proxy_protocol_from;
    TlsContext tls;  ///< null: off
    std::shared_ptr<const core::Router> router;
    ListenerCounters counters;
    std::shared_ptr<const Switch> maintenance;
    std::vector<std::shared_ptr<const Switch>> switches;  ///< by route; null: it has none
    /// By route: max_in_flight of its mirror; null: it has none.
    std::vector<std::shared_ptr<balance::CircuitLimit>> mirror_places;
  };
  std::vector<Listener> listeners;  ///< in the order of config.listeners
  std::vector<Diversion> diversions;

  [[nodiscard]] upstream::Cluster* find(const std::string& cluster) const {
    for (const auto& each : clusters) {
      if (each->name() == cluster) return each.get();
    }
    return nullptr;
  }
};

/// One listener's routes as a worker follows them.
struct RouteTable {
  const model::ListenerConfig* config = nullptr;
  const core::Router* router = nullptr;
  /// A cluster as this worker sees it, and where the requests that this listener sends there are counted.
  struct Target {
    upstream::WorkerCluster* cluster = nullptr;
    Counter* requests = nullptr;
    Counter* failures = nullptr;
    const Target* diverted = nullptr;  ///< where a share of its requests goes instead; null: none
    const std::atomic<uint32_t>* diverted_share = nullptr;
  };
  /// Where a route's requests may go instead, and where copies of them go.
  struct Detour {
    const Switch* degradation = nullptr;  ///< null: there is none
    Target fallback;                      ///< while it is off; without a cluster: a fixed response
    upstream::WorkerCluster* mirror = nullptr;
    balance::CircuitLimit* mirror_places = nullptr;
  };
  std::vector<std::vector<Target>> targets;         ///< by route, by target
  std::vector<std::unique_ptr<Target>> diversions;  ///< what targets are diverted to
  std::vector<Detour> detours;                      ///< by route
  const Switch* maintenance = nullptr;
  std::string maintenance_name;
  std::vector<uint64_t> weights;         ///< sum of a route's weights
  std::vector<Counter*> route_requests;  ///< by route, null for those without a name; empty: none has one
  std::string hsts;                      ///< the value of Strict-Transport-Security; empty: not sent
  ListenerCells counters;
  std::shared_ptr<AccessLog> access_log;
};

struct WorkerSnapshot final : net::Deferred {
  std::shared_ptr<const Snapshot> shared;
  /// Shared with the snapshots before and after, as long as the cluster stays the same: what concerns another cluster
  /// must not cost this one its queue, its requests' ages, or the time to build it.
  std::map<std::string, std::shared_ptr<upstream::WorkerCluster>> clusters;
  std::vector<RouteTable> listeners;
  uint32_t users = 0;  ///< requests under way that hold on to it

  /// The worker's side of this very cluster, if this snapshot has it; null otherwise.
  [[nodiscard]] std::shared_ptr<upstream::WorkerCluster> find_same(const upstream::Cluster& cluster,
                                                                   const std::string& zone) const {
    const auto found = clusters.find(cluster.name());
    const bool same = found != clusters.end() && &found->second->cluster() == &cluster && shared->config.zone == zone;
    return same ? found->second : nullptr;
  }
};

}  // namespace weir::l7
