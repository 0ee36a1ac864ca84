#pragma once
// Active health checks: probes every endpoint of the clusters that ask for it, each on its own timer and its own
// connection, so that a slow endpoint delays nobody else's probe. Intervals are jittered, so that many balancers do not
// probe in step; the first probe goes out at once, before any traffic. A probe has its own small timeout.
//
// Thread rule: the control loop's thread; judgements go through Cluster, which is thread-safe.

#include <memory>
#include <vector>

#include "base/prng.h"
#include "net/loop.h"
#include "upstream/cluster.h"

namespace weir::upstream {

class HealthChecker {
 public:
  HealthChecker(net::Loop& loop, uint64_t seed);
  ~HealthChecker();

  /// Probes these clusters from now on and no others. Endpoints that stay are probed on as before.
  void watch(const std::vector<std::shared_ptr<Cluster>>& clusters);

 private:
  class Probe;

  net::Loop& loop_;
  Prng prng_;
  std::vector<std::unique_ptr<Probe>> probes_;
};

}  // namespace weir::upstream
