#pragma once
// What a listener counts: the requests that came by it, those that failed, and which clusters they were sent to. A
// counter has a cell per worker, on a cache line of its own, so that counting is a load and a store that nobody
// contends for. A reload hands the counters of a listener that keeps its name to the next snapshot.
//
// Threads: a cell is bumped by its worker only; anybody may add them up. The set of counters is immutable.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "l7/metrics.h"
#include "model/config.h"

namespace weir::l7 {

class PerWorkerCounter {
 public:
  explicit PerWorkerCounter(size_t workers) : cells_(workers) {}
  [[nodiscard]] Counter& of(size_t worker) { return cells_[worker].counter; }
  [[nodiscard]] uint64_t sum() const {
    uint64_t total = 0;
    for (const Cell& each : cells_) total += each.counter.value();
    return total;
  }

 private:
  struct alignas(64) Cell {
    Counter counter;
  };
  std::vector<Cell> cells_;
};

struct ListenerCounters {
  std::shared_ptr<PerWorkerCounter> requests;  ///< whose head has arrived and is well-formed
  std::shared_ptr<PerWorkerCounter> failures;  ///< of them: 5xx or a gRPC status like it, or cut off
  using ByCluster = std::map<std::string, std::shared_ptr<PerWorkerCounter>, std::less<>>;
  ByCluster to;         ///< by cluster that a route leads to
  ByCluster to_failed;  ///< of those that failed; so did gRPC calls with a status that says so
  ByCluster routes;     ///< that a route took, by its name; routes without one are not counted apart

  /// What `previous` (null: nothing) has is taken over; what it has not begins with 0.
  static ListenerCounters create(const std::vector<std::string>& clusters, const ListenerCounters* previous,
                                 size_t workers);
  void count_routes(const std::vector<model::RouteConfig>& configured, const ListenerCounters* previous,
                    size_t workers);
};

/// One worker's cells, where its requests find them.
struct ListenerCells {
  Counter* requests = nullptr;
  Counter* failures = nullptr;
};

}  // namespace weir::l7
