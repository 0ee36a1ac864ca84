#include "balance/retry_budget.h"

#include <algorithm>

namespace weir::balance {
namespace {

/// Amounts are in hundredths of a retry, so that a percentage is a whole number.
constexpr int64_t kRetry = 100;

// A cell: 24 bits of the bucket's epoch above 40 bits of a signed amount (offset by half their range).
constexpr unsigned kAmountBits = 40;
constexpr uint64_t kAmountMask = (uint64_t{1} << kAmountBits) - 1;
constexpr int64_t kZero = int64_t{1} << (kAmountBits - 1);
constexpr uint64_t kEpochMask = (uint64_t{1} << 24) - 1;

constexpr uint64_t epoch_in(uint64_t cell) { return cell >> kAmountBits; }
constexpr int64_t amount_in(uint64_t cell) { return static_cast<int64_t>(cell & kAmountMask) - kZero; }
constexpr uint64_t pack(uint64_t epoch, int64_t amount) {
  return (epoch & kEpochMask) << kAmountBits | static_cast<uint64_t>(amount + kZero);
}

}  // namespace

RetryBudget::RetryBudget(const model::RetryBudgetConfig& config)
    : deposit_(config.percent),
      reserve_(static_cast<int64_t>(config.window.seconds() * config.min_per_second * static_cast<double>(kRetry))),
      bucket_ns_(std::max<int64_t>(1, config.window.ns() / kBuckets)) {
  for (std::atomic<uint64_t>& cell : cells_) cell.store(pack(0, 0), std::memory_order_relaxed);
}

uint64_t RetryBudget::epoch_of(Instant now) const { return static_cast<uint64_t>(now.ns() / bucket_ns_); }

void RetryBudget::move(uint64_t epoch, int64_t amount) {
  std::atomic<uint64_t>& cell = cells_[epoch % kBuckets];
  uint64_t before = cell.load(std::memory_order_relaxed);
  int64_t expired = 0;
  uint64_t after = 0;
  do {
    const bool fresh = epoch_in(before) == (epoch & kEpochMask);
    expired = fresh ? 0 : amount_in(before);
    after = pack(epoch, fresh ? amount_in(before) + amount : amount);
  } while (!cell.compare_exchange_weak(before, after, std::memory_order_relaxed));
  // Whoever replaced the old amount is the one to take it out of the balance.
  if (expired != 0) balance_.fetch_sub(expired, std::memory_order_relaxed);
}

void RetryBudget::expire(uint64_t epoch) {
  if (expired_at_.load(std::memory_order_relaxed) == epoch) return;
  expired_at_.store(epoch, std::memory_order_relaxed);
  for (std::atomic<uint64_t>& cell : cells_) {
    uint64_t before = cell.load(std::memory_order_relaxed);
    const uint64_t age = (epoch - epoch_in(before)) & kEpochMask;
    // Ages from half the range on are cells of the future: another thread's clock reading is ahead of ours.
    if (age < kBuckets || age > kEpochMask / 2 || amount_in(before) == 0) continue;
    if (cell.compare_exchange_strong(before, pack(epoch_in(before), 0), std::memory_order_relaxed)) {
      balance_.fetch_sub(amount_in(before), std::memory_order_relaxed);
    }
  }
}

void RetryBudget::deposit(Instant now) {
  const uint64_t epoch = epoch_of(now);
  expire(epoch);
  balance_.fetch_add(deposit_, std::memory_order_relaxed);
  move(epoch, deposit_);
}

bool RetryBudget::try_withdraw(Instant now) {
  const uint64_t epoch = epoch_of(now);
  expire(epoch);
  int64_t balance = balance_.load(std::memory_order_relaxed);
  do {
    if (balance + reserve_ < kRetry) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
  } while (!balance_.compare_exchange_weak(balance, balance - kRetry, std::memory_order_relaxed));
  move(epoch, -kRetry);
  return true;
}

uint64_t RetryBudget::balance(Instant now) {
  expire(epoch_of(now));
  const int64_t balance = balance_.load(std::memory_order_relaxed) + reserve_;
  return balance < 0 ? 0 : static_cast<uint64_t>(balance / kRetry);
}

}  // namespace weir::balance
