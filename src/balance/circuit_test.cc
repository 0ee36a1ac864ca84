#include "balance/circuit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace weir::balance {
namespace {

TEST(CircuitLimit, RefusesBeyondTheLimitAndCountsIt) {
  CircuitLimit limit(2);
  EXPECT_TRUE(limit.try_acquire());
  EXPECT_TRUE(limit.try_acquire());
  EXPECT_FALSE(limit.try_acquire());
  EXPECT_EQ(limit.used(), 2u);
  EXPECT_EQ(limit.refused(), 1u);
  limit.release();
  EXPECT_TRUE(limit.try_acquire());
}

TEST(CircuitLimit, ALoweredLimitDrains) {
  CircuitLimit limit(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(limit.try_acquire());
  limit.set_limit(1);
  limit.release();
  EXPECT_FALSE(limit.try_acquire()) << "two are still under way";
  limit.release();
  limit.release();
  EXPECT_TRUE(limit.try_acquire());
}

TEST(CircuitLimit, NeverExceededByManyThreads) {
  constexpr uint32_t kLimit = 5;
  CircuitLimit limit(kLimit);
  std::atomic<uint32_t> inside{0};
  std::atomic<uint32_t> most{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20'000; ++i) {
          if (!limit.try_acquire()) continue;
          const uint32_t now_inside = inside.fetch_add(1) + 1;
          uint32_t seen = most.load();
          while (seen < now_inside && !most.compare_exchange_weak(seen, now_inside)) {
          }
          inside.fetch_sub(1);
          limit.release();
        }
      });
    }
  }
  EXPECT_LE(most.load(), kLimit);
  EXPECT_EQ(limit.used(), 0u);
}

TEST(CircuitBreaker, TakesItsLimitsFromTheConfiguration) {
  const CircuitBreaker breaker(model::CircuitConfig{.max_connections = 1, .max_requests = 2, .max_pending = 3});
  EXPECT_EQ(breaker.max_connections, 1u);
  EXPECT_EQ(breaker.requests.limit(), 2u);
  EXPECT_EQ(breaker.pending.limit(), 3u);
}

}  // namespace
}  // namespace weir::balance
