#pragma once
// A cluster for tests and benches: endpoint views with load cells of their own. Keys are well spread and stable by
// index.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "balance/endpoint.h"
#include "balance/hash_walk.h"
#include "base/time.h"

namespace weir::balance {

/// Any instant but Instant{}, which means "never" in a view.
inline constexpr Instant kStart = Instant::from_ns(1'000'000'000'000);

struct TestCluster {
  explicit TestCluster(size_t endpoints) : loads(std::make_unique<EndpointLoad[]>(endpoints)) {
    for (uint32_t i = 0; i < endpoints; ++i) {
      views.push_back({.index = i, .key = mix(i + 1), .slow_start_from = {}, .load = &loads[i]});
    }
  }
  static TestCluster weighted(const std::vector<uint32_t>& weights) {
    TestCluster cluster(weights.size());
    for (size_t i = 0; i < weights.size(); ++i) cluster.views[i].weight = weights[i];
    return cluster;
  }

  void set_in_flight(const std::vector<uint32_t>& counts) {
    for (size_t i = 0; i < counts.size(); ++i) loads[i].in_flight = counts[i];
  }
  void set_latency(size_t endpoint, Duration latency, Instant at) {
    loads[endpoint].latency_ns = latency.ns();
    loads[endpoint].latency_at_ns = at.ns();
  }

  std::unique_ptr<EndpointLoad[]> loads;
  std::vector<EndpointView> views;
};

}  // namespace weir::balance
