// What a threshold says, and what it says of one that cannot be read; percentiles that have too few samples.
#include "load/threshold.h"

#include <gtest/gtest.h>

#include "load/find_max.h"

namespace weir::load {
namespace {

Summary summary_of(uint64_t count, uint64_t failed = 0) {
  Summary summary;
  summary.total = std::make_unique<Interval>();
  summary.measured = Duration::s(10);
  for (uint64_t i = 1; i <= count; ++i) summary.total->response.record(i * 100'000'000 / count);
  summary.total->offered = count;
  summary.total->completed = summary.total->good = count - failed;
  summary.total->failures[0] = failed;
  return summary;
}

TEST(Percentile, IsRefusedWithFewerThanTenSamplesBeyondIt) {
  struct Row {
    uint64_t samples;
    double percent;
    bool known;
  };
  const Row rows[] = {{0, 50, false},       {19, 50, false},        {20, 50, true},
                      {999, 99, false},     {1000, 99, true},       {9'999, 99.9, false},
                      {10'000, 99.9, true}, {99'999, 99.99, false}, {100'000, 99.99, true}};
  for (const Row& row : rows) {
    Histogram histogram;
    for (uint64_t i = 0; i < row.samples; ++i) histogram.record(i);
    EXPECT_EQ(row.known, percentile_of(histogram, row.percent).has_value()) << row.samples << " " << row.percent;
  }
}

TEST(Threshold, HoldsOrNot) {
  struct Row {
    const char* text;
    bool held;
  };
  // 1,000 samples up to 100 ms, evenly; 5 of 1,000 failed; 99.5 good per second.
  const Row rows[] = {{"p50<51ms", true},        {"p50<49ms", false},    {"p99 < 100ms", true}, {"p99<98ms", false},
                      {"max<=100ms", true},      {"max<99ms", false},    {"mean>49ms", true},   {"errors<0.6%", true},
                      {"errors<0.5%", false},    {"errors<=0.5%", true}, {"rate>=99.5", true},  {"rate>99.5", false},
                      {"service.p50<1s", false}, {"p99.9<10s", false}};
  const Summary summary = summary_of(1000, 5);
  for (const Row& row : rows) {
    const auto threshold = parse_threshold(row.text);
    ASSERT_TRUE(threshold.has_value()) << row.text << ": " << threshold.error().message;
    const Held held = check(*threshold, summary);
    EXPECT_EQ(row.held, held.held) << row.text << ": " << held.actual;
  }
  EXPECT_FALSE(check(*parse_threshold("p99.9<10s"), summary).known);
  EXPECT_EQ("p99.9 is not known: 1000 samples are too few", check(*parse_threshold("p99.9<10s"), summary).actual);
}

TEST(Threshold, SaysWhatIsWrong) {
  struct Row {
    const char* text;
    const char* message;
  };
  const Row rows[] = {
      {"", "\"\" compares nothing"},           {"p99", "\"p99\" compares nothing"},
      {"q99<1ms", "unknown metric \"q99\""},   {"p<1ms", "unknown metric \"p\""},
      {"p100<1ms", "unknown metric \"p100\""}, {"p-1<1ms", "unknown metric \"p-1\""},
      {"pnan<1ms", "unknown metric \"pnan\""}, {"service.errors<1%", "unknown metric \"service.errors\""},
      {"errors<1", "\"1\" is no share"},       {"errors<101%", "\"101%\" is no share"},
      {"rate>fast", "\"fast\" is no rate"},
  };
  for (const Row& row : rows) {
    const auto threshold = parse_threshold(row.text);
    ASSERT_FALSE(threshold.has_value()) << row.text;
    EXPECT_EQ(row.message, threshold.error().message);
    EXPECT_NE("", threshold.error().expected) << row.text;
  }
  EXPECT_FALSE(parse_threshold("p99<50").has_value()) << "a duration without unit";
}

TEST(Verdict, NamesTheRuleThatWasBroken) {
  Histogram late, punctual, response;
  for (int i = 0; i < 1000; ++i) {
    late.record(2'000'000);
    punctual.record(50'000);
    response.record(10'000'000);
  }
  EXPECT_FALSE(judge(punctual, response, 79).limited);
  EXPECT_TRUE(judge(punctual, response, 81).limited);
  EXPECT_NE(std::string::npos, judge(punctual, response, 81).reason.find("81 %"));
  EXPECT_TRUE(judge(late, response, 10).limited);
  EXPECT_NE(std::string::npos, judge(late, response, 10).reason.find("p99 of lateness is 20"));
  EXPECT_NE(std::string::npos, judge(late, response, 10).reason.find("a tenth"));
}

TEST(Verdict, AFewLateOnesOfAHundredAreNoPercentile) {
  Histogram few, most, response, nothing;
  for (int i = 0; i < 100; ++i) {
    few.record(i < 5 ? 5'000'000 : 50'000);
    most.record(i < 5 ? 50'000 : 5'000'000);
    response.record(10'000'000);
  }
  EXPECT_FALSE(judge(few, response, 1).limited) << judge(few, response, 1).reason;
  EXPECT_NE(std::string::npos, judge(few, response, 1).reason.find("p90 of lateness"));
  EXPECT_TRUE(judge(most, response, 1).limited);
  EXPECT_FALSE(judge(most, nothing, 1).limited) << "nothing to hold it against";
  EXPECT_EQ("0 requests are too few to know lateness, the generator used 1 % of its cores",
            judge(nothing, nothing, 1).reason);
}

TEST(RateSearch, FindsTheCapacityOfAServer) {
  for (const double capacity : {3.0, 120.0, 4'321.0, 800'000.0}) {
    for (const double from : {1.0, 100.0, 100'000.0}) {
      RateSearch search(from);
      int tries = 0, held_last = 0;
      while (const auto rate = search.next()) {
        ++tries;
        held_last = *rate <= capacity ? held_last + 1 : 0;
        search.tell(*rate <= capacity);
      }
      ASSERT_TRUE(search.found().has_value()) << capacity << " from " << from;
      EXPECT_LE(*search.found(), capacity);
      EXPECT_GE(*search.found(), 0.94 * capacity) << "from " << from;
      EXPECT_GE(held_last, RateSearch::kRepeats);
      EXPECT_LE(tries, 40);
    }
  }
}

TEST(RateSearch, NothingHoldsOrEverythingDoes) {
  RateSearch none(100);
  while (none.next()) none.tell(false);
  EXPECT_FALSE(none.found().has_value());
  RateSearch all(100, 1000);
  while (all.next()) all.tell(true);
  EXPECT_EQ(1000, all.found());
}

TEST(RateSearch, WhatHoldsOnlyOnceIsNotFound) {
  RateSearch search(100);
  int of_100 = 0;
  while (const auto rate = search.next()) search.tell(*rate <= 90 || (*rate <= 100 && ++of_100 == 1));
  ASSERT_TRUE(search.found().has_value());
  EXPECT_LE(*search.found(), 96);
}

TEST(Verdict, WhatTheGeneratorSpoiledIsNotTheServersFailure) {
  struct Row {
    const char* message;
    bool expected;
    bool limited;
    std::vector<const char*> missed;
    std::array<uint64_t, kFailures> failures;  // connect, reset, early_close, malformed, timeout, not_sent, 4xx, 5xx
  };
  const Row rows[] = {
      {"on schedule: the server was slow", false, false, {"p99<10ms"}, {}},
      {"late, and so the times were long", true, true, {"p99<10ms", "service.p50<1ms"}, {}},
      {"late, and so too few were answered", true, true, {"rate>100"}, {}},
      {"late, and so most failed by time", true, true, {"errors<1%"}, {0, 0, 0, 0, 6, 3, 0, 8}},
      {"late, but it was the server that said no", false, true, {"errors<1%"}, {0, 0, 0, 0, 1, 0, 0, 8}},
      {"late, and slow, but it was the server that said no", false, true, {"p99<1ms", "errors<1%"}, {9}},
  };
  for (const Row& row : rows) {
    Figures figures;
    figures.completed = 100;
    figures.verdict.limited = row.limited;
    figures.failures = row.failures;
    figures.thresholds.push_back({.threshold = *parse_threshold("errors<90%"), .held = true, .actual = {}});
    for (const char* each : row.missed)
      figures.thresholds.push_back({.threshold = *parse_threshold(each), .actual = {}});
    EXPECT_EQ(row.expected, is_generators_failure(figures)) << row.message;
    EXPECT_FALSE(all_held(figures)) << row.message;
  }
}

}  // namespace
}  // namespace weir::load
