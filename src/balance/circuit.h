#pragma once
// Circuit breakers: hard limits on what may be under way at once, counted over all workers of the process. They bound
// memory and what a slow cluster can pin down; who meets a limit is refused at once and told which limit it was.
//
// Threads: any. Exact: taking a place is one compare-and-swap, so a limit of n never lets n + 1 in, whatever the number
// of workers (a check followed by an increment would, by one per worker). No RAII: the owner's state machine pairs
// try_acquire with release.

#include <atomic>
#include <cstdint>

#include "base/check.h"
#include "model/config.h"

namespace weir::balance {

/// One limit with the number of places taken. Own cache line: every request touches it.
class alignas(64) CircuitLimit {
 public:
  explicit CircuitLimit(uint32_t limit) : limit_(limit) {}

  /// False when the limit is reached; then nothing is taken.
  [[nodiscard]] bool try_acquire() {
    uint32_t used = used_.load(std::memory_order_relaxed);
    do {
      if (used >= limit_.load(std::memory_order_relaxed)) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        return false;
      }
    } while (!used_.compare_exchange_weak(used, used + 1, std::memory_order_relaxed));
    return true;
  }
  void release() {
    const uint32_t before = used_.fetch_sub(1, std::memory_order_relaxed);
    DCHECK(before > 0);
    (void)before;
  }

  /// On reload. What is under way beyond a lowered limit stays; nothing new is let in until it has drained.
  void set_limit(uint32_t limit) { limit_.store(limit, std::memory_order_relaxed); }

  [[nodiscard]] uint32_t limit() const { return limit_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint32_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint32_t> used_{0};
  std::atomic<uint32_t> limit_;
  std::atomic<uint64_t> refused_{0};
};

/// The limits of a cluster. Connections are limited per endpoint: each endpoint has a CircuitLimit of its own made with
/// `max_connections`.
struct CircuitBreaker {
  explicit CircuitBreaker(const model::CircuitConfig& config)
      : requests(config.max_requests), pending(config.max_pending), max_connections(config.max_connections) {}

  CircuitLimit requests;
  CircuitLimit pending;
  uint32_t max_connections;
};

}  // namespace weir::balance
