#include "app/shift_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/config_reader.h"

namespace weir::app {
namespace {

using ::testing::HasSubstr;

TEST(ShiftWords, TwoClusters) {
  const struct {
    const char* text;
    const char *from, *to;  ///< null: refused
  } cases[] = {
      {"blue->green", "blue", "green"},   {"blue→green", "blue", "green"}, {"blue:green", "blue", "green"},
      {"app-1->app-2", "app-1", "app-2"}, {"blue", nullptr, nullptr},      {"->green", nullptr, nullptr},
      {"blue->", nullptr, nullptr},       {"", nullptr, nullptr},          {"blue-green", nullptr, nullptr},
  };
  for (const auto& row : cases) {
    const auto pair = parse_pair(row.text);
    ASSERT_EQ(row.from != nullptr, pair.has_value()) << row.text;
    if (!pair) continue;
    EXPECT_EQ(row.from, pair->first) << row.text;
    EXPECT_EQ(row.to, pair->second) << row.text;
  }
}

TEST(ShiftWords, Percentages) {
  const struct {
    const char* text;
    int expected;  ///< -1: refused
  } cases[] = {
      {"2%", 200}, {"2", 200},  {"0.5%", 50}, {"0", 0},    {"100%", 10'000}, {"2 %", 200}, {"", -1},
      {"%", -1},   {"-1%", -1}, {"101", -1},  {"nan", -1}, {"2%%", -1},      {"two", -1},  {"1e1%", 1000},
  };
  for (const auto& row : cases) {
    const auto share = parse_percent(row.text);
    EXPECT_EQ(row.expected, share ? static_cast<int>(*share) : -1) << row.text;
  }
  EXPECT_EQ("0.5%", format_percent(50));
  EXPECT_EQ("2%", format_percent(200));
}

TEST(ShiftWords, Plans) {
  const auto entry = read_shift({{"from", "blue"},
                                 {"to", "green"},
                                 {"over", "90s"},
                                 {"steps", "4"},
                                 {"abort_on", "0.5%"},
                                 {"min_requests", "20"}},
                                Instant::from_ns(1));
  ASSERT_TRUE(entry.has_value()) << entry.error();
  EXPECT_EQ("blue", entry->from);
  EXPECT_EQ("green", entry->to);
  EXPECT_EQ((l7::core::ShiftPlan{.over = Duration::s(90), .steps = 4, .abort_on = 50, .min_requests = 20}),
            entry->shift.plan());
  const Query two{{"from", "blue"}, {"to", "green"}};
  ASSERT_TRUE(read_shift(two, {}).has_value()) << "the rest has defaults";
  const struct {
    const char *name, *value;
  } wrong[] = {{"over", "long"},     {"over", "25h"},       {"steps", "1001"},    {"steps", "-1"},
               {"abort_on", "200%"}, {"min_requests", "0"}, {"min_requests", "x"}};
  for (const auto& row : wrong) {
    Query query = two;
    query[row.name] = row.value;
    const auto refused = read_shift(query, {});
    ASSERT_FALSE(refused.has_value()) << row.name << row.value;
    EXPECT_THAT(refused.error(), HasSubstr(row.name));
  }
  EXPECT_FALSE(read_shift({{"from", "blue"}}, {}).has_value());
}

TEST(ShiftWords, HowTheyStand) {
  const auto config = model::load_config_text(
      "listeners: [{http: \"127.0.0.1:0\", to: blue}]\nclusters: {blue: [\"127.0.0.1:1\"], green: [\"127.0.0.1:2\"]}\n",
      "weir.yaml");
  ASSERT_TRUE(config.has_value());
  l7::Shifts shifts;
  const Instant start = Instant::from_ns(1'000'000'000'000);
  EXPECT_EQ("there is no shift\n", shifts_table(shifts_json(shifts, start)).value());
  ASSERT_TRUE(shifts.begin(config->config, *read_shift({{"from", "blue"}, {"to", "green"}, {"over", "100s"}}, start)));
  shifts.observe(start, [](const auto&) { return l7::core::ShiftReading{}; });
  shifts.observe(start + Duration::s(5), [](const auto&) {
    return l7::core::ShiftReading{.from = {1000, 3}, .to = {52, 1}};
  });
  EXPECT_EQ("blue->green  moving  5.0 %  7 s of 100 s  failed lately: blue 3 of 1000, green 1 of 52\n",
            shifts_table(shifts_json(shifts, start + Duration::s(7))).value());
  shifts.observe(start + Duration::s(8), [](const auto&) {
    return l7::core::ShiftReading{.from = {1000, 3}, .to = {100, 60}};
  });
  const auto table = shifts_table(shifts_json(shifts, start + Duration::s(70))).value();
  EXPECT_THAT(table, HasSubstr("blue->green  aborted  0.0 %  8 s of 100 s\n    60 of 100 requests failed"));
  EXPECT_FALSE(shifts_table("[]").has_value());
}

}  // namespace
}  // namespace weir::app
