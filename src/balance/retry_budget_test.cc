#include "balance/retry_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

model::RetryBudgetConfig config(uint32_t percent, uint32_t min_per_second) {
  return {.percent = percent, .min_per_second = min_per_second, .window = Duration::s(10)};
}

TEST(RetryBudget, FiveRequestsPayForOneRetry) {
  RetryBudget budget(config(20, 0));
  for (int i = 0; i < 4; ++i) budget.deposit(kStart);
  EXPECT_FALSE(budget.try_withdraw(kStart));
  budget.deposit(kStart);
  EXPECT_EQ(budget.balance(kStart), 1u);
  EXPECT_TRUE(budget.try_withdraw(kStart));
  EXPECT_FALSE(budget.try_withdraw(kStart));
  EXPECT_EQ(budget.refused(), 2u);
}

TEST(RetryBudget, DepositsExpire) {
  RetryBudget budget(config(20, 0));
  for (int i = 0; i < 50; ++i) budget.deposit(kStart);
  EXPECT_EQ(budget.balance(kStart + Duration::ms(8'900)), 10u);
  EXPECT_EQ(budget.balance(kStart + Duration::s(10)), 0u);
  EXPECT_FALSE(budget.try_withdraw(kStart + Duration::s(10)));
}

TEST(RetryBudget, TheReserveComesBackAfterAWindow) {
  RetryBudget budget(config(20, 1));
  int granted = 0;
  while (budget.try_withdraw(kStart)) ++granted;
  EXPECT_EQ(granted, 10) << "1 per second for 10 s";
  EXPECT_FALSE(budget.try_withdraw(kStart + Duration::s(5)));
  EXPECT_EQ(budget.balance(kStart + Duration::s(10)), 10u);
}

TEST(RetryBudget, AmplificationOfATotalOutageIsBounded) {
  RetryBudget budget(config(20, 10));
  // 1,000 requests a second for a minute, all fail and all want to be retried for ever.
  uint64_t requests = 0;
  uint64_t retries = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    const Instant now = kStart + Duration::ms(ms);
    budget.deposit(now);
    ++requests;
    while (budget.try_withdraw(now)) ++retries;
  }
  const uint64_t reserve = 10 * 60 + 10 * 10;  // what the minute regenerates, and the initial fill
  EXPECT_LE(retries, requests / 5 + reserve);
  EXPECT_GE(retries, requests / 5) << "the budget must also be usable";
}

TEST(RetryBudget, NeverOverdrawnByManyThreads) {
  RetryBudget budget(config(20, 0));
  constexpr int kThreads = 4;
  constexpr int kRequests = 20'000;
  std::atomic<uint64_t> retries{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kRequests; ++i) {
          budget.deposit(kStart);
          if (budget.try_withdraw(kStart)) retries.fetch_add(1);
        }
      });
    }
  }
  while (budget.try_withdraw(kStart)) retries.fetch_add(1);
  EXPECT_EQ(retries.load(), uint64_t{kThreads} * kRequests / 5);
}

TEST(RetryBudget, NothingIsLostOrMadeWhenThreadsCrossBuckets) {
  RetryBudget budget(config(100, 0));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&budget, t] {
        for (int i = 0; i < 20'000; ++i) {
          const Instant now = kStart + Duration::ms(i * 5 + t);
          budget.deposit(now);
          (void)budget.try_withdraw(now);
        }
      });
    }
  }
  EXPECT_EQ(budget.balance(kStart + Duration::s(1'000)), 0u)
      << "long after, all deposits and withdrawals are forgotten";
}

}  // namespace
}  // namespace weir::balance
