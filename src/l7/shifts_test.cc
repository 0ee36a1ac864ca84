#include "l7/shifts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/config_reader.h"

namespace weir::l7 {
namespace {

using core::ShiftState;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Instant kStart = Instant::from_ns(1'000'000'000'000);

model::Config config_of(const std::string& to, const std::string& clusters = "blue, green, red") {
  std::string text = "listeners: [{http: \"127.0.0.1:0\", to: " + to + "}]\nclusters:\n";
  std::string name;
  for (const char c : clusters + ",") {
    if (c == ' ') continue;
    if (c != ',') {
      name += c;
      continue;
    }
    text += "  " + name + ": [\"127.0.0.1:1\"]\n";
    name.clear();
  }
  auto loaded = model::load_config_text(text, "weir.yaml");
  if (!loaded) ADD_FAILURE() << loaded.error().front().text();
  return loaded->config;
}

Shifts::Entry entry(std::string from, std::string to, Instant now = kStart) {
  return {.from = std::move(from), .to = std::move(to), .shift = core::Shift({.over = Duration::s(100)}, now)};
}

core::ShiftReading nothing(const Shifts::Entry& /*entry*/) { return {}; }

class ShiftsTest : public ::testing::Test {
 protected:
  ShiftsTest() {
    shifts_.on_change([this](const Shifts::Entry& each) {
      told_.push_back(each.from + "->" + each.to + " " + std::string(name_of(each.shift.state())));
    });
  }
  [[nodiscard]] uint32_t share(const model::Config& config) const {
    const auto all = shifts_.diversions(config);
    return all.size() == 1 ? all.front().share->load() : 0;
  }
  Shifts shifts_;
  std::vector<std::string> told_;
};

TEST_F(ShiftsTest, WhatCannotBegin) {
  const auto config = config_of("{blue: 1, red: 1}");
  ASSERT_TRUE(shifts_.begin(config, entry("blue", "green")));
  const struct {
    const char* expected;
    const char *from, *to;
  } cases[] = {
      {"there is no cluster bleu", "bleu", "green"},
      {"there is no cluster gren", "blue", "gren"},
      {"needs two", "red", "red"},
      {"no route leads to green", "green", "red"},
      {"blue->green is moving", "blue", "green"},
      {"blue->green is moving", "blue", "red"},
      {"blue->green is moving", "red", "green"},
      {"blue->green is moving", "red", "blue"},
  };
  for (const auto& row : cases) {
    const auto begun = shifts_.begin(config, entry(row.from, row.to));
    ASSERT_FALSE(begun.has_value()) << row.from << row.to;
    EXPECT_THAT(begun.error(), HasSubstr(row.expected));
  }
  EXPECT_THAT(told_, ElementsAre("blue->green moving"));
}

TEST_F(ShiftsTest, ItsShareFollowsTheTime) {
  const auto config = config_of("blue");
  ASSERT_TRUE(shifts_.begin(config, entry("blue", "green")));
  EXPECT_EQ(0u, share(config));
  EXPECT_FALSE(shifts_.observe(kStart + Duration::s(25), nothing));
  EXPECT_EQ(2500u, share(config));
  EXPECT_FALSE(shifts_.observe(kStart + Duration::s(100), nothing));
  EXPECT_FALSE(shifts_.observe(kStart + Duration::s(110), nothing));
  EXPECT_EQ(core::kWholeShare, share(config)) << "complete, it stays in force";
  EXPECT_THAT(told_, ElementsAre("blue->green moving", "blue->green settling", "blue->green complete"));
  EXPECT_TRUE(shifts_.cancel("blue", "green", kStart + Duration::s(120)));
  EXPECT_THAT(shifts_.diversions(config), IsEmpty());
  EXPECT_FALSE(shifts_.cancel("blue", "green", kStart + Duration::s(120)));
}

TEST_F(ShiftsTest, AnAbortedOneIsOutOfForceAtOnce) {
  const auto config = config_of("blue");
  ASSERT_TRUE(shifts_.begin(config, entry("blue", "green")));
  shifts_.observe(kStart + Duration::s(50), nothing);
  const auto held = shifts_.diversions(config).front().share;  // as the workers hold it
  EXPECT_TRUE(shifts_.observe(kStart + Duration::s(51), [](const auto&) {
    return core::ShiftReading{.from = {}, .to = {.requests = 100, .failures = 60}};
  }));
  EXPECT_EQ(0u, held->load());
  EXPECT_THAT(shifts_.diversions(config), IsEmpty());
  ASSERT_EQ(1u, shifts_.all().size()) << "why it was aborted can still be asked";
  EXPECT_THAT(shifts_.all().front().shift.evidence(), HasSubstr("60 of 100"));
  ASSERT_TRUE(shifts_.begin(config, entry("blue", "green"))) << "it may be tried again";
  EXPECT_EQ(1u, shifts_.all().size());
}

TEST_F(ShiftsTest, AReloadKeepsOrEndsIt) {
  const struct {
    const char* message;
    model::Config config;
    ShiftState becomes;
  } cases[] = {
      {"the same", config_of("blue"), ShiftState::moving},
      {"both are named", config_of("{blue: 90, green: 10}"), ShiftState::moving},
      {"the route leads to green now", config_of("green"), ShiftState::adopted},
      {"and to another", config_of("{green: 50, red: 50}"), ShiftState::adopted},
      {"blue is gone", config_of("green", "green, red"), ShiftState::adopted},
      {"green is gone", config_of("blue", "blue, red"), ShiftState::cancelled},
      {"neither gets anything", config_of("red"), ShiftState::cancelled},
  };
  for (const auto& row : cases) {
    Shifts shifts;
    ASSERT_TRUE(shifts.begin(config_of("blue"), entry("blue", "green")));
    EXPECT_EQ(row.becomes == ShiftState::moving, !shifts.diversions(row.config).empty()) << row.message;
    shifts.retain(row.config, kStart);
    EXPECT_EQ(row.becomes, shifts.all().front().shift.state()) << row.message;
  }
}

TEST_F(ShiftsTest, WhatHasEndedIsForgottenInTheEnd) {
  std::string names = "a";
  for (int i = 0; i < 30; ++i) names += ", c" + std::to_string(i);
  const auto config = config_of("a", names);
  for (int i = 0; i < 30; ++i) {
    const std::string to = "c" + std::to_string(i);
    ASSERT_TRUE(shifts_.begin(config, entry("a", to)));
    if (i < 29) {
      ASSERT_TRUE(shifts_.cancel("a", to, kStart));
    }
  }
  EXPECT_EQ(Shifts::kMost, shifts_.all().size());
  EXPECT_EQ("c29", shifts_.all().back().to);
  EXPECT_TRUE(shifts_.all().back().in_force());
}

}  // namespace
}  // namespace weir::l7
