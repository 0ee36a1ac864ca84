#pragma once
// One listener's routes as a worker follows them. What every request looks at of its route is one cache line, and what
// routes have in common is there once: with 10,000 routes, of which each request takes another, what costs is not the
// search but the memory that is touched for the first time in a while.
//
// Thread rule: the worker's thread. What it points to (counters, switches, shares) are atomics of the process.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "balance/circuit.h"
#include "l7/access_log.h"
#include "l7/core/router.h"
#include "l7/listener_counters.h"
#include "l7/metrics.h"
#include "l7/switches.h"
#include "model/config.h"
#include "upstream/worker_cluster.h"

namespace weir::l7 {

struct RouteTable {
  /// A cluster as this worker sees it, and where the requests that this listener sends there are counted.
  struct Target {
    upstream::WorkerCluster* cluster = nullptr;
    Counter* requests = nullptr;
    Counter* failures = nullptr;
    const Target* diverted = nullptr;  ///< where a share of its requests goes instead; null: none
    const std::atomic<uint32_t>* diverted_share = nullptr;
  };
  /// Of a route that does more than lead to its one cluster.
  struct Extras {
    std::vector<const Target*> targets;
    uint64_t weights = 0;                 ///< the sum of theirs
    const Switch* degradation = nullptr;  ///< null: there is none
    const Target* fallback = nullptr;     ///< while it is off; null: a fixed response
    upstream::WorkerCluster* mirror = nullptr;
    balance::CircuitLimit* mirror_places = nullptr;
  };
  struct alignas(64) Route {
    const model::RouteConfig* config = nullptr;
    const core::RoutePlan* plan = nullptr;      ///< null: it edits nothing
    const Target* target = nullptr;             ///< the first; null: it answers by itself
    const Extras* extras = nullptr;             ///< null: nothing more is to be asked about it
    const model::RetryConfig* retry = nullptr;  ///< that of the route before, where they are equal
    Counter* requests = nullptr;                ///< null: it has no name by which they are counted
    Duration timeout{};
  };

  const model::ListenerConfig* config = nullptr;
  const core::Router* router = nullptr;
  std::vector<Route> routes;  ///< in the order written
  const Switch* maintenance = nullptr;
  std::string maintenance_name;
  std::string hsts;  ///< the value of Strict-Transport-Security; empty: not sent
  ListenerCells counters;
  std::shared_ptr<AccessLog> access_log;
  std::map<std::string, std::unique_ptr<Target>> targets;  ///< what routes point to, by cluster
  std::vector<std::unique_ptr<Extras>> extras;
};

}  // namespace weir::l7
