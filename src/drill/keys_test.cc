#include "drill/keys.h"

#include <gtest/gtest.h>

#include "sim/recording.h"

namespace weir::drill {
namespace {

Visit visit(int64_t at_ms, uint64_t path, uint32_t endpoint) { return {Duration::ms(at_ms), path, endpoint}; }

TEST(Keys, OnlyWhatComesBackCanHaveMoved) {
  const std::vector<Visit> visits{visit(0, 1, 0),   visit(10, 2, 1),  visit(20, 1, 0), visit(30, 1, 1),
                                  visit(110, 1, 1), visit(120, 3, 0), visit(130, 2, 0)};
  EXPECT_EQ(moved_percent(visits, Duration{}, Duration::ms(100)), 50) << "one of two that came back";
  EXPECT_EQ(moved_percent(visits, Duration::ms(100), Duration::ms(130)), 0) << "path 3 is new, 130 is too late";
  EXPECT_EQ(moved_percent(visits, Duration::ms(100), Duration::ms(200)), 50) << "path 2 was at 1 in the phase before";
  EXPECT_EQ(moved_percent(visits, Duration::ms(200), Duration::ms(300)), std::nullopt);
}

TEST(Keys, AKeyHasMovedByItsFirstVisitSinceTheChange) {
  const std::vector<Visit> visits{
      visit(0, 1, 0),   visit(1, 1, 1),   visit(2, 2, 0),                      // before: path 1 is at 1, path 2 at 0
      visit(100, 1, 1), visit(101, 1, 2), visit(102, 2, 2), visit(103, 3, 0),  // since
      visit(200, 1, 0)};
  EXPECT_EQ(keys_moved_percent(visits, Duration::ms(100), Duration::ms(200)), 50) << "path 2 of paths 1 and 2";
  EXPECT_EQ(keys_moved_percent(visits, Duration::ms(200), Duration::ms(300)), 100) << "path 1, which was last at 2";
  EXPECT_EQ(keys_moved_percent(visits, Duration::ms(300), Duration::ms(400)), std::nullopt);
}

TEST(Keys, VisitsAreWhatEndpointsGotOnTheArmsClock) {
  sim::Recording recording{.version = "1", .started = "now", .length = Duration::s(1), .clusters = {}, .requests = {}};
  recording.clusters = {{.name = "app", .endpoints = {"10.0.0.1:80", "10.0.0.2:80"}}};
  recording.requests = {{.arrived = Duration::ms(5),
                         .attempt = Duration::us(1),
                         .latency = Duration::ms(1),
                         .path_hash = 7,
                         .endpoint = 1,
                         .tries = 1,
                         .status = 200},
                        {.arrived = Duration::ms(6), .path_hash = 8, .tries = 0, .status = 503}};
  const auto visits = read_visits(sim::write_recording(recording), Duration::s(2));
  ASSERT_TRUE(visits.has_value()) << visits.error();
  EXPECT_EQ(*visits, (std::vector<Visit>{visit(2005, 7, 1)}));
  EXPECT_FALSE(read_visits("no recording", Duration{}).has_value());
}

}  // namespace
}  // namespace weir::drill
