// Queues are simulated forwards here, with demands that are known, and solved backwards by the code under test.
#include "sim/dequeue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/prng.h"

namespace weir::sim {
namespace {

constexpr Duration kMean = Duration::ms(20);

struct Truth {
  std::vector<Visit> visits;
  std::vector<Duration> demands;
};

enum class Demand { constant, uniform, exponential };

Duration draw(Demand kind, Prng& prng) {
  switch (kind) {
    case Demand::constant: return kMean;
    case Demand::uniform: return Duration::ms(10) + Duration::us(static_cast<int64_t>(prng.below(20'000)));
    case Demand::exponential: return Duration::ns(static_cast<int64_t>(prng.exponential(20e6)) + 1'000);
  }
  return kMean;
}

/// First come, first served at each of `endpoints` endpoints, which are chosen by chance; busy to `percent`.
Truth serve(uint32_t endpoints, uint32_t places, Demand kind, double percent, int count = 4'000) {
  Prng prng(11);
  Truth truth;
  const double gap_ns = static_cast<double>(kMean.ns()) / (endpoints * places) / (percent / 100);
  std::vector<std::vector<Duration>> free_at(endpoints, std::vector<Duration>(places));
  Duration now{};
  for (int i = 0; i < count; ++i) {
    now = now + Duration::ns(static_cast<int64_t>(prng.exponential(gap_ns)));
    const auto endpoint = static_cast<uint32_t>(prng.below(endpoints));
    const Duration demand = draw(kind, prng);
    Duration& place = *std::min_element(free_at[endpoint].begin(), free_at[endpoint].end());
    place = std::max(place, now) + demand;
    truth.visits.push_back({endpoint, now, place});
    truth.demands.push_back(demand);
  }
  return truth;
}

TEST(Dequeue, FindsWhatWasDemanded) {
  for (const Demand kind : {Demand::constant, Demand::uniform, Demand::exponential}) {
    for (const uint32_t places : {1u, 2u, 5u}) {
      const Truth truth = serve(3, places, kind, 80);
      const Demands found = demands_behind(truth.visits, places);
      EXPECT_EQ(found.demand, truth.demands) << static_cast<int>(kind) << " at " << places;
      EXPECT_EQ(found.impossible, 0u);
      EXPECT_EQ(found.places, places);
    }
  }
}

TEST(Dequeue, FindsHowManyPlacesThereAre) {
  for (const Demand kind : {Demand::constant, Demand::uniform, Demand::exponential}) {
    for (const double busy : {35, 70, 90}) {
      for (const uint32_t places : {1u, 2u, 3u}) {
        const Truth truth = serve(4, places, kind, busy);
        EXPECT_EQ(demands_behind(truth.visits).places, places)
            << static_cast<int>(kind) << " of " << places << " at " << busy;
      }
    }
    const Truth many = serve(4, 8, kind, 70);
    EXPECT_NEAR(demands_behind(many.visits).places, 8, 1) << static_cast<int>(kind);
  }
}

TEST(Dequeue, WithoutQueueingTheWholeTimeWasDemanded) {
  const Truth truth = serve(2, 1'000, Demand::constant, 1);
  const Demands found = demands_behind(truth.visits);
  EXPECT_GT(std::count(found.demand.begin(), found.demand.end(), kMean), 3'600);
}

TEST(Dequeue, TheOrderIsThatOfSendingAndNotOfTheList) {
  Truth truth = serve(1, 1, Demand::uniform, 90);
  std::reverse(truth.visits.begin(), truth.visits.end());
  std::reverse(truth.demands.begin(), truth.demands.end());
  EXPECT_EQ(demands_behind(truth.visits, 1).demand, truth.demands);
}

TEST(Dequeue, Corners) {
  EXPECT_EQ(demands_behind({}).places, 1u);
  const Duration ms = Duration::ms(1);
  const struct {
    const char* message;
    std::vector<Duration> expected;
    uint64_t impossible;
    std::vector<Visit> visits;
  } cases[] = {
      {"alone", {ms * 3}, 0, {{0, ms, ms * 4}}},
      {"behind another", {ms * 3, ms * 2}, 0, {{0, ms, ms * 4}, {0, ms * 2, ms * 6}}},
      {"beside another", {ms * 3, ms * 4}, 0, {{0, ms, ms * 4}, {1, ms * 2, ms * 6}}},
      {"no time at all", {kLeastDemand}, 0, {{0, ms, ms}}},
      {"it overtook", {ms * 9, kLeastDemand}, 1, {{0, ms, ms * 10}, {0, ms * 2, ms * 3}}},
      {"it overtook by a hair",
       {ms * 9, kLeastDemand},
       0,
       {{0, ms, ms * 10}, {0, ms * 2, ms * 10 - Duration::us(400)}}},
  };
  for (const auto& c : cases) {
    const Demands found = demands_behind(c.visits, 1);
    EXPECT_EQ(found.demand, c.expected) << c.message;
    EXPECT_EQ(found.impossible, c.impossible) << c.message;
  }
}

}  // namespace
}  // namespace weir::sim
