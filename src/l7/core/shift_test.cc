#include "l7/core/shift.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace weir::l7::core {
namespace {

using ::testing::HasSubstr;

const Instant kStart = Instant::from_ns(7'000'000'000'000);

Instant at(double seconds) { return kStart + Duration::seconds(seconds); }

TEST(Shift, TheShareGrowsWithTime) {
  struct Step {
    double at;
    uint32_t share;
  };
  const struct {
    const char* message;
    Duration over;
    uint32_t steps;
    std::vector<Step> expected;
  } cases[] = {
      {"all the time",
       Duration::s(100),
       0,
       {{0, 0}, {1, 100}, {25, 2500}, {50, 5000}, {99, 9900}, {100, 10'000}, {105, 10'000}, {500, 10'000}}},
      {"in four steps, of which the first comes at once",
       Duration::s(100),
       4,
       {{0, 2500}, {24, 2500}, {25, 5000}, {50, 7500}, {74, 7500}, {75, 10'000}, {100, 10'000}}},
      {"at once", Duration{}, 0, {{0, 10'000}}},
      {"one step is at once, too", Duration::s(100), 1, {{0, 10'000}, {50, 10'000}}},
      {"a whole day", Duration::s(86'400), 0, {{0, 0}, {43'200, 5000}, {86'399, 9999}, {86'400, 10'000}}},
  };
  for (const auto& row : cases) {
    Shift shift({.over = row.over, .steps = row.steps}, kStart);
    for (const Step& each : row.expected) {
      shift.observe(at(each.at), {});
      EXPECT_EQ(each.share, shift.share()) << row.message << " at " << each.at << " s";
    }
  }
}

TEST(Shift, ItSettlesForAWindowAndIsComplete) {
  Shift shift({.over = Duration::s(60), .window = Duration::s(10)}, kStart);
  const struct {
    double at;
    ShiftState state;
    bool news;
  } cases[] = {
      {0, ShiftState::moving, false},      {59.9, ShiftState::moving, true},    {60, ShiftState::settling, true},
      {60.1, ShiftState::settling, false}, {69.9, ShiftState::settling, false}, {70, ShiftState::complete, true},
      {80, ShiftState::complete, false},
  };
  for (const auto& row : cases) {
    EXPECT_EQ(row.news, shift.observe(at(row.at), {})) << row.at;
    EXPECT_EQ(row.state, shift.state()) << row.at;
  }
  EXPECT_EQ(kWholeShare, shift.share()) << "what is complete stays moved";
  EXPECT_EQ(Duration::s(70), shift.elapsed(at(1000)));
}

TEST(Shift, WhatIsNotTolerated) {
  const struct {
    const char* message;
    ShiftReading window;
    bool aborts;
  } cases[] = {
      {"nothing came yet", {{0, 0}, {0, 0}}, false},
      {"all is well", {{1000, 0}, {1000, 0}}, false},
      {"just as many as tolerated: 2 %", {{1000, 0}, {1000, 20}}, false},
      {"one more", {{1000, 0}, {1000, 21}}, true},
      {"one of the first two is no 50 %", {{500, 0}, {2, 1}}, false},
      {"nor are two: 2 % of 100", {{500, 0}, {2, 2}}, false},
      {"but nothing answers at all", {{500, 0}, {3, 3}}, true},
      {"the origin fails as much", {{1000, 100}, {1000, 110}}, false},
      {"that is allowed for, no more", {{1000, 100}, {1000, 121}}, true},
      {"the origin failed, but with too few to say so", {{99, 99}, {1000, 21}}, true},
      {"the origin fails alone", {{1000, 900}, {1000, 0}}, false},
  };
  for (const auto& row : cases) {
    Shift shift({.abort_on = 200, .min_requests = 100}, kStart);
    shift.observe(at(0), {.from = {5000, 4000}, .to = {300, 200}});  // what was before does not count
    const ShiftReading totals{.from = {5000 + row.window.from.requests, 4000 + row.window.from.failures},
                              .to = {300 + row.window.to.requests, 200 + row.window.to.failures}};
    shift.observe(at(5), totals);
    EXPECT_EQ(row.aborts, shift.state() == ShiftState::aborted) << row.message << ": " << shift.evidence();
    if (!row.aborts) continue;
    EXPECT_EQ(0u, shift.share()) << row.message;
    EXPECT_THAT(shift.evidence(),
                HasSubstr(std::to_string(row.window.to.failures) + " of " + std::to_string(row.window.to.requests)))
        << row.message;
  }
}

TEST(Shift, OnlyTheWindowCounts) {
  Shift shift({.over = Duration::s(600), .abort_on = 200, .min_requests = 100, .window = Duration::s(10)}, kStart);
  ShiftReading totals;
  // A failure each four seconds never is three in a window of ten.
  for (int second = 0; second < 300; ++second) {
    totals.to.requests += 5;
    totals.to.failures += second % 5 == 0 ? 1 : 0;
    shift.observe(at(second), totals);
    ASSERT_EQ(ShiftState::moving, shift.state()) << second << ": " << shift.evidence();
    ASSERT_LE(shift.recent().to.requests, 55u) << second;
  }
  // Three at once are.
  totals.to.failures += 3;
  EXPECT_TRUE(shift.observe(at(300), totals));
  EXPECT_EQ(ShiftState::aborted, shift.state());
}

TEST(Shift, WhatWasCountedByAListenerThatIsGoneIsNoFailureOfToday) {
  const struct {
    const char* message;
    ShiftReading totals;
  } cases[] = {
      {"both have fallen", {{40'000, 4'000}, {50'000, 2'500}}},
      {"the destination's", {{90'000, 9'000}, {50'000, 2'500}}},
      {"the origin's", {{40'000, 4'000}, {100'500, 5'010}}},
      {"failures only", {{90'000, 9'000}, {100'500, 4'999}}},
      {"not below the window's beginning, but below what was there last", {{90'000, 9'000}, {100'300, 5'005}}},
  };
  for (const auto& row : cases) {
    Shift shift({.over = Duration::s(600), .abort_on = 200, .window = Duration::s(10)}, kStart);
    shift.observe(at(0), {.from = {80'000, 8'000}, .to = {100'000, 5'000}});
    shift.observe(at(4), {.from = {85'000, 8'500}, .to = {100'400, 5'008}});
    ASSERT_EQ(ShiftState::moving, shift.state()) << row.message;
    shift.observe(at(5), row.totals);
    EXPECT_EQ(ShiftState::moving, shift.state()) << row.message << ": " << shift.evidence();
    EXPECT_EQ(0u, shift.recent().to.requests) << row.message << ": the window begins anew";
    ShiftReading totals = row.totals;
    totals.to.requests += 1000;
    totals.to.failures += 900;
    EXPECT_TRUE(shift.observe(at(6), totals)) << row.message;
    EXPECT_EQ(ShiftState::aborted, shift.state()) << row.message << ": what fails from now on does count";
    EXPECT_THAT(shift.evidence(), HasSubstr("900 of 1000")) << row.message;
  }
}

TEST(Shift, HoweverOftenItIsAskedTheWindowIsItsLength) {
  Shift shift({.over = Duration::s(600), .window = Duration::s(10)}, kStart);
  ShiftReading totals;
  for (int ms = 0; ms < 60'000; ++ms) {
    ++totals.from.requests;
    shift.observe(kStart + Duration::ms(ms), totals);
    ASSERT_LE(shift.recent().from.requests, 10'101u);
  }
  EXPECT_GE(shift.recent().from.requests, 9'999u);
}

TEST(Shift, CancelledIsAllBack) {
  for (const double when : {0.0, 30.0, 65.0, 500.0}) {
    Shift shift({.over = Duration::s(60), .window = Duration::s(10)}, kStart);
    shift.observe(at(when), {});
    shift.cancel(at(when));
    EXPECT_EQ(ShiftState::cancelled, shift.state()) << when << ": also when it was complete";
    EXPECT_EQ(0u, shift.share());
    EXPECT_FALSE(shift.observe(at(when + 1), {}));
    EXPECT_EQ(0u, shift.share());
  }
  Shift aborted({.abort_on = 0, .min_requests = 1}, kStart);
  aborted.observe(at(0), {});
  aborted.observe(at(1), {.from = {}, .to = {2, 1}});
  ASSERT_EQ(ShiftState::aborted, aborted.state());
  aborted.cancel(at(2));
  EXPECT_EQ(ShiftState::aborted, aborted.state()) << "why it ended is not forgotten";
}

TEST(Shift, AdoptedIsWhatMovedUntilThen) {
  for (const double when : {0.0, 30.0, 65.0, 500.0}) {
    Shift shift({.over = Duration::s(60), .window = Duration::s(10)}, kStart);
    shift.observe(at(when), {});
    shift.adopt(at(when));
    EXPECT_EQ(ShiftState::adopted, shift.state()) << when;
    EXPECT_EQ("adopted", name_of(shift.state()));
    EXPECT_EQ(kWholeShare, shift.share()) << "the configuration sends everything there";
    EXPECT_FALSE(shift.in_force());
    shift.cancel(at(when + 1));
    EXPECT_EQ(ShiftState::adopted, shift.state()) << "there is nothing to take back";
  }
  Shift cancelled({}, kStart);
  cancelled.cancel(at(1));
  cancelled.adopt(at(2));
  EXPECT_EQ(ShiftState::cancelled, cancelled.state());
}

TEST(Shift, AnotherProcessGoesOn) {
  const struct {
    const char* message;
    ShiftState state;
    Duration elapsed;
    uint32_t share, share_later;
    ShiftState state_later;  ///< half a minute later
  } cases[] = {
      {"in the middle", ShiftState::moving, Duration::s(30), 3000, 6000, ShiftState::moving},
      {"settling", ShiftState::settling, Duration::s(101), 10'000, 10'000, ShiftState::complete},
      {"complete", ShiftState::complete, Duration::s(110), 10'000, 10'000, ShiftState::complete},
  };
  for (const auto& row : cases) {
    Shift shift({.over = Duration::s(100), .window = Duration::s(10)}, kStart);
    shift.resume(row.state, row.elapsed);
    EXPECT_EQ(row.share, shift.share()) << row.message << ": from its first request on";
    EXPECT_EQ(row.elapsed, shift.elapsed(kStart)) << row.message;
    shift.observe(at(30), {});
    EXPECT_EQ(row.share_later, shift.share()) << row.message;
    EXPECT_EQ(row.state_later, shift.state()) << row.message;
  }
}

}  // namespace
}  // namespace weir::l7::core
