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
#include "l7/route_table.h"
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

/// The routes of the listener at `index`, for the worker whose clusters `snapshot` holds already.
RouteTable make_route_table(const WorkerSnapshot& snapshot, size_t index, size_t worker);

}  // namespace weir::l7
