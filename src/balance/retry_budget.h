#pragma once
// A retry budget: retries may add at most `percent` to the requests of the last `window`, plus a small reserve so that
// a quiet cluster may retry at all. Deposit-based (Finagle RetryBudget.scala): every request deposits, every retry
// costs 100/percent deposits, and both are forgotten after the window. So an outage cannot multiply the load by the
// number of attempts, tier after tier: 3 layers of 3 attempts are 27x, three budgets of 20 % at most 1.73x. (A budget
// based on concurrency would shrink just when requests fail fast.)
//
//   budget.deposit(now);                       // once per request of a client, not per retry
//   if (budget.try_withdraw(now)) retry();
//
// Threads: any; lock-free. A withdrawal is one compare-and-swap on the balance, so the budget is never overdrawn.
// Amounts move in and out of the balance exactly once; their life ends between 0.9 and 1 window after the deposit, at a
// bucket's boundary.

#include <array>
#include <atomic>
#include <cstdint>

#include "base/time.h"
#include "model/config.h"

namespace weir::balance {

class RetryBudget {
 public:
  explicit RetryBudget(const model::RetryBudgetConfig& config);

  void deposit(Instant now);
  [[nodiscard]] bool try_withdraw(Instant now);
  /// Retries that could be made right now.
  [[nodiscard]] uint64_t balance(Instant now);
  [[nodiscard]] uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  static constexpr uint32_t kBuckets = 10;

  [[nodiscard]] uint64_t epoch_of(Instant now) const;
  void move(uint64_t epoch, int64_t amount);
  void expire(uint64_t epoch);

  int64_t deposit_;  ///< hundredths of a retry that a request earns
  int64_t reserve_;  ///< in hundredths of a retry
  int64_t bucket_ns_;
  std::atomic<uint64_t> expired_at_{0};                  ///< epoch up to which old buckets have been emptied
  std::atomic<int64_t> balance_{0};                      ///< sum of all buckets, without the reserve
  std::array<std::atomic<uint64_t>, kBuckets> cells_{};  ///< epoch and net amount of a bucket in one word
  std::atomic<uint64_t> refused_{0};
};

}  // namespace weir::balance
