// The cache in front of a tier: lives, the least recently used, flights, and refreshing ahead as XFetch prescribes.
#include "sim/cache.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::sim {
namespace {

using Look = Cache::Look;

Instant at(int64_t ms) { return Instant{} + Duration::ms(ms); }

TEST(Cache, AnEntryLivesForItsTimeAndNoLonger) {
  const CacheSpec spec{.mode = CacheMode::plain, .ttl = Duration::ms(100)};
  Cache cache(spec);
  Prng prng(1);
  EXPECT_EQ(Look::miss, cache.look(7, at(0), prng));
  cache.put(7, Duration::ms(5), at(0));
  EXPECT_EQ(Look::hit, cache.look(7, at(99), prng));
  EXPECT_EQ(Look::miss, cache.look(7, at(100), prng));
  EXPECT_EQ(0u, cache.size()) << "what is over is gone";
}

TEST(Cache, TheLeastRecentlyUsedGoes) {
  const CacheSpec spec{.mode = CacheMode::plain, .ttl = Duration::s(100), .entries = 2};
  Cache cache(spec);
  Prng prng(1);
  cache.put(1, {}, at(0));
  cache.put(2, {}, at(0));
  EXPECT_EQ(Look::hit, cache.look(1, at(1), prng));
  cache.put(3, {}, at(2));
  EXPECT_EQ(Look::miss, cache.look(2, at(3), prng));
  EXPECT_EQ(Look::hit, cache.look(1, at(3), prng));
  EXPECT_EQ(Look::hit, cache.look(3, at(3), prng));
  EXPECT_EQ(2u, cache.size());
}

/// P(-delta beta ln u >= left) = exp(-left / (delta beta)).
TEST(Cache, RefreshesAheadWithTheProbabilityOfXFetch) {
  const CacheSpec spec{.mode = CacheMode::early, .ttl = Duration::s(10), .early_percent = 200};
  Cache cache(spec);
  Prng prng(1);
  cache.put(1, Duration::ms(50), at(0));
  for (const int64_t left_ms : {50, 100, 300}) {
    int refreshes = 0;
    constexpr int kLooks = 100'000;
    for (int i = 0; i < kLooks; ++i) refreshes += cache.look(1, at(10'000 - left_ms), prng) == Look::hit_and_refresh;
    EXPECT_NEAR(std::exp(-static_cast<double>(left_ms) / 100), refreshes / double{kLooks}, 0.006) << left_ms;
  }
}

TEST(Cache, OneFlightForEachKey) {
  const CacheSpec spec{.mode = CacheMode::singleflight};
  Cache cache(spec);
  EXPECT_EQ(nullptr, cache.flight_of(5));
  Flight* flight = cache.begin_flight(5);
  EXPECT_EQ(flight, cache.flight_of(5));
  EXPECT_EQ(nullptr, cache.flight_of(6));
  cache.end_flight(flight);
  EXPECT_EQ(nullptr, cache.flight_of(5));
}

}  // namespace
}  // namespace weir::sim
