#pragma once
// One endpoint of one cluster for the life of the process: what all workers share about it. Its identity is the
// cluster's name and its address; a reload that still names it keeps the object, and with it load, latency, results,
// connections and health.
//
// Threads: the atomics and the histograms (one writer per worker) may be touched by their worker at any time and read
// by anyone. The members under "cluster's lock" belong to whoever holds Cluster's mutex.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "balance/circuit.h"
#include "balance/cluster_health.h"
#include "base/histogram.h"
#include "model/config.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/tls/failure.h"

namespace weir::upstream {

/// More workers than this is a configuration error (one per core is the rule).
inline constexpr size_t kMaxWorkers = 128;

/// Counters of one endpoint; relaxed, monotonic.
struct EndpointCounters {
  std::array<std::atomic<uint64_t>, 5> outcomes{};  ///< by balance::Outcome
  std::atomic<uint64_t> requests{0};                ///< attempts sent, retries included
  std::atomic<uint64_t> retries{0};                 ///< of those, second and later tries
  std::atomic<uint64_t> replays{0};                 ///< repeated because a kept-alive connection had died
  std::atomic<uint64_t> connects{0};
  std::atomic<uint64_t> connect_failures{0};
  std::atomic<uint64_t> ejections{0};
  std::atomic<uint64_t> tls_handshakes{0};   ///< whole ones
  std::atomic<uint64_t> tls_resumptions{0};  ///< those that resumed a session
  std::array<std::atomic<uint64_t>, net::tls::kFailures> tls_failures{};
};

/// A connected, idle socket that one worker's pool gave up and another's may take.
struct SpareConnection {
  net::Fd fd;
  Instant born{};
  Instant idle_since{};
  uint64_t served = 0;
};

/// Something that changed how an endpoint stands: what an active check met, a judgement of outlier detection with its
/// numbers, an act of the administrator.
struct StandingChange {
  Instant at{};
  std::string what;  ///< for people
};
/// The last few, oldest first. Replaced as a whole when one is added, so that whoever shows them copies nothing.
using StandingChanges = std::shared_ptr<const std::vector<StandingChange>>;

class Endpoint {
 public:
  Endpoint(const model::EndpointConfig& config, const net::SocketAddress& address, Duration window,
           uint32_t max_connections);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;
  ~Endpoint();

  /// The calling worker's histogram of times to first byte, in microseconds; made at first use.
  Histogram& latency(size_t worker);
  /// Adds all workers' histograms to `into`.
  void merge_latencies(Histogram& into) const;

  void give_spare(SpareConnection spare);
  void drop_spares(Instant idle_before);
  /// Invalid fd when there is none.
  SpareConnection take_spare();
  [[nodiscard]] size_t spares() const { return spare_count_.load(std::memory_order_relaxed); }

  /// Oldest unanswered request of a worker, as that worker last published it; Instant::max() for none.
  void publish_oldest(size_t worker, Instant started) {
    oldest_[worker].store(started.ns(), std::memory_order_relaxed);
  }
  [[nodiscard]] Instant oldest() const;

  const std::string name;  ///< "10.0.0.1:3000"
  const net::SocketAddress address;
  balance::Member member;  ///< health: its own header says what is under the cluster's lock
  balance::CircuitLimit connections;
  EndpointCounters counters;
  /// Set under the cluster's lock, read by anybody. That of the endpoint itself: a cluster that a reload has replaced
  /// still has requests under way, and its own views say nothing new.
  std::atomic<bool> drained_by_admin{false};

  // Cluster's lock.
  void remember(Instant at, std::string what);
  model::EndpointConfig config;
  StandingChanges changes;    ///< null: none yet
  std::string last_probe;     ///< what the last failed probe said, for people
  std::string last_ejection;  ///< the last transition of outlier detection, for people
  std::unique_ptr<uint32_t> weight_by_admin;

 private:
  static constexpr size_t kMaxSpares = 64;
  static constexpr size_t kRememberedChanges = 5;

  std::array<std::atomic<Histogram*>, kMaxWorkers> latencies_{};
  std::array<std::atomic<int64_t>, kMaxWorkers> oldest_;
  std::mutex spare_mutex_;
  std::vector<SpareConnection> spare_;
  std::atomic<size_t> spare_count_{0};
};

}  // namespace weir::upstream
