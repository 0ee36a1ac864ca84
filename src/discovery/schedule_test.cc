#include "discovery/schedule.h"

#include <gtest/gtest.h>

namespace weir::discovery {
namespace {

constexpr model::ResolveConfig kConfig{};  // from 1 s to 60 s

TEST(Schedule, FollowsTheTimeToLiveWithinBounds) {
  const struct {
    std::string_view message;
    int64_t ttl_s, least_s;
  } rows[] = {
      {"as the answer says", 30, 30},
      {"0 is not at once", 0, 1},
      {"a day is a minute", 86400, 60},
  };
  for (const auto& row : rows) {
    Prng prng(1);
    Schedule schedule(kConfig);
    Duration shortest = Duration::max(), longest{};
    for (int i = 0; i < 1000; ++i) {
      const Duration wait = schedule.next(Outcome::found, Duration::s(row.ttl_s), prng);
      shortest = std::min(shortest, wait);
      longest = std::max(longest, wait);
    }
    const Duration least = Duration::s(row.least_s);
    EXPECT_GE(shortest, least) << row.message << ": never early";
    EXPECT_LE(longest, least + least / 10) << row.message;
    EXPECT_GT(longest - shortest, least / 20) << row.message << ": spread, so that names drift apart";
  }
}

TEST(Schedule, BacksOffAndBegins) {
  Prng prng(1);
  Schedule schedule(kConfig);
  const auto whole_seconds = [&](Outcome outcome) { return schedule.next(outcome, Duration{}, prng).ms() / 1000; };
  for (const int expected : {1, 2, 4, 5, 5, 5}) EXPECT_EQ(whole_seconds(Outcome::failed), expected);
  EXPECT_EQ(whole_seconds(Outcome::empty), 5) << "an empty answer is looked at as often";
  EXPECT_EQ(whole_seconds(Outcome::found), 1);
  EXPECT_EQ(whole_seconds(Outcome::failed), 1) << "an answer ends the back-off";
}

TEST(Schedule, BacksOffWithinTheBounds) {
  Prng prng(1);
  model::ResolveConfig slow = kConfig;
  slow.min_ttl = Duration::s(20);
  EXPECT_GE(Schedule(slow).next(Outcome::failed, Duration{}, prng), Duration::s(20)) << "never below min_ttl";
  model::ResolveConfig quick = kConfig;
  quick.max_ttl = Duration::s(2);
  Schedule schedule(quick);
  for (int i = 0; i < 10; ++i) EXPECT_LE(schedule.next(Outcome::failed, Duration{}, prng), Duration::ms(2200));
}

TEST(Schedule, SpreadsTheFirstQuestions) {
  EXPECT_EQ(Schedule::first(0), Duration{});
  EXPECT_EQ(Schedule::first(100), Duration::ms(50));
  EXPECT_EQ(Schedule::first(1'000'000), Duration::s(1));
}

}  // namespace
}  // namespace weir::discovery
