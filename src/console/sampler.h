#pragma once
// One second of the proxy, read from the counters that are there anyway: workers bump their own, and this takes
// differences. The proxy's work does not change by being watched.
//
// Thread rule: the control loop's thread.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "console/headroom.h"
#include "console/latency_window.h"
#include "l7/proxy.h"

namespace weir::console {

struct EndpointSecond {
  std::string_view name;
  std::string_view state;  ///< upstream::state_of
  double rate = 0;         ///< requests sent to it, per second
  double failed = 0;       ///< per second
  uint32_t in_flight = 0;
  LatencySecond latency{};  ///< to the first byte
};

struct ClusterSecond {
  std::string_view name;
  double rate = 0;
  double failed = 0;
  uint32_t in_flight = 0;  ///< requests that have a place
  uint32_t pending = 0;
  LatencySecond latency{};  ///< of all its endpoints
  std::vector<EndpointSecond> endpoints{};
};

struct ListenerSecond {
  std::string_view name;
  double rate = 0;                                        ///< requests that came by it, per second
  double failed = 0;                                      ///< per second
  std::vector<std::pair<std::string_view, double>> to{};  ///< by cluster
};

/// Views point into the snapshot that was looked at.
struct Second {
  int64_t unix_ms = 0;
  double rate = 0;     ///< responses to clients, per second
  double failed = 0;   ///< of them 5xx or none
  double refused = 0;  ///< of them Weir's own
  uint64_t clients = 0;
  LatencySecond latency{};  ///< whole requests
  std::vector<ListenerSecond> listeners{};
  std::vector<ClusterSecond> clusters{};
};

class Sampler {
 public:
  /// Since the last call; a short or a long second is scaled.
  Second take(const l7::Proxy& proxy, Instant now, int64_t unix_ms);
  /// Of a cluster that the last take() saw; null otherwise.
  [[nodiscard]] const HeadroomEstimator* headroom(std::string_view cluster) const;

 private:
  struct EndpointPast {
    std::shared_ptr<upstream::Endpoint> endpoint;  ///< so that no other takes its place in memory
    uint64_t requests = 0;
    uint64_t failures = 0;
    LatencyWindow latency;
    uint64_t look = 0;  ///< number of the last
  };
  struct CounterPast {
    std::shared_ptr<l7::PerWorkerCounter> counter;  ///< so that no other takes its place in memory
    uint64_t value = 0;
    uint64_t look = 0;
  };
  struct ClusterPast {
    HeadroomEstimator headroom;
    uint64_t look = 0;
  };
  struct Totals {
    uint64_t responses = 0, failed = 0, refused = 0;
  };

  void look_at_workers(const l7::Proxy& proxy, double seconds, Second& second);
  ListenerSecond look_at(const std::string& name, const l7::ListenerCounters& counters, double seconds);
  double rate_of(const std::shared_ptr<l7::PerWorkerCounter>& counter, double seconds);
  ClusterSecond look_at(const upstream::Cluster& cluster, double seconds);
  EndpointSecond look_at(const upstream::EndpointStatus& status, EndpointPast& past, double seconds);

  uint64_t looks_ = 0;
  Instant last_{};
  Totals totals_;
  std::vector<LatencyWindow> durations_;  ///< by worker
  std::map<const upstream::Endpoint*, EndpointPast> endpoints_;
  std::map<const l7::PerWorkerCounter*, CounterPast> counters_;
  std::map<std::string, ClusterPast, std::less<>> clusters_;
  Histogram scratch_;
  LatencyGain gain_, cluster_gain_;
};

/// Attempts that failed by the endpoint's fault or on the way to it.
uint64_t failures_of(const upstream::EndpointCounters& counters);

}  // namespace weir::console
