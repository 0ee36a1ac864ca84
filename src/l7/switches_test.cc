#include "l7/switches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::l7 {
namespace {

constexpr Instant kNow = Instant{} + Duration::s(5);

model::Config config_with(const std::vector<std::string>& switches) {
  model::Config config;
  auto& listener = config.listeners.emplace_back();
  listener.name = "web";
  listener.routes.emplace_back();  // one without a switch
  for (const auto& name : switches) listener.routes.emplace_back().degradation.name = name;
  return config;
}

/// "name:off name:on ..."
std::string text_of(const Switches& switches) {
  std::string text;
  for (const auto& each : switches.all()) {
    text += (text.empty() ? "" : " ") + each.name + (each.off ? "=off" : "=on");
  }
  return text;
}

TEST(Switches, RoutesShareOneAndEveryListenerHasItsOwn) {
  Switches switches;
  switches.follow(config_with({"reviews", "likes", "reviews"}));
  EXPECT_EQ(text_of(switches), "likes=on listener:web=on reviews=on");
}

TEST(Switches, WhoeverHoldsOneSeesItThrown) {
  Switches switches;
  switches.follow(config_with({"reviews"}));
  const auto held = switches.find("reviews");
  ASSERT_TRUE(held);
  EXPECT_FALSE(held->off());
  EXPECT_TRUE(switches.set("reviews", true, kNow));
  EXPECT_TRUE(held->off());
  EXPECT_EQ(switches.all()[1].thrown, kNow);
  EXPECT_TRUE(switches.set("reviews", false, kNow));
  EXPECT_FALSE(held->off());
}

TEST(Switches, UnknownNamesAreRefused) {
  Switches switches;
  switches.follow(config_with({"reviews"}));
  EXPECT_FALSE(switches.set("likes", true, kNow));
  EXPECT_EQ(switches.find("likes"), nullptr);
}

TEST(Switches, AReloadKeepsWhatWasThrown) {
  Switches switches;
  switches.follow(config_with({"reviews", "likes"}));
  const auto held = switches.find("reviews");
  switches.set("reviews", true, kNow);
  switches.follow(config_with({"reviews", "stars"}));
  EXPECT_EQ(text_of(switches), "listener:web=on reviews=off stars=on");
  EXPECT_EQ(switches.find("reviews"), held) << "the very same, for requests that began before";
}

TEST(Switches, AReloadWithoutTheNameDoesNotTurnItOn) {
  Switches switches;
  switches.follow(config_with({"reviews", "likes"}));
  switches.set("reviews", true, kNow);
  switches.follow(config_with({"likes"}));
  EXPECT_EQ(text_of(switches), "likes=on listener:web=on") << "it is not shown";
  EXPECT_FALSE(switches.set("reviews", false, kNow)) << "nor thrown";
  switches.follow(config_with({"reviews"}));
  EXPECT_EQ(text_of(switches), "listener:web=on reviews=off") << "but remembered";
  switches.follow(config_with({}));
  switches.follow(config_with({"reviews"}));
  EXPECT_EQ(text_of(switches), "listener:web=on reviews=off") << "more than once";
}

TEST(Switches, AnotherProcessKnowsWhatIsOff) {
  Switches before;
  before.follow(config_with({"reviews", "likes", "stars"}));
  before.set("reviews", true, kNow);
  before.set("likes", true, kNow);
  before.set("stars", true, kNow);
  before.set("stars", false, kNow);
  before.follow(config_with({"reviews", "stars"}));
  EXPECT_THAT(before.names_off(), ::testing::UnorderedElementsAre("likes", "reviews")) << "named at the moment or not";

  Switches after;
  after.follow(config_with({"reviews"}));
  EXPECT_TRUE(after.recall_off("reviews", kNow));
  EXPECT_FALSE(after.recall_off("likes", kNow));
  EXPECT_EQ(text_of(after), "listener:web=on reviews=off");
  after.follow(config_with({"reviews", "likes"}));
  EXPECT_EQ(text_of(after), "likes=off listener:web=on reviews=off");
  EXPECT_TRUE(after.set("likes", false, kNow));
  after.follow(config_with({}));
  EXPECT_THAT(after.names_off(), ::testing::ElementsAre("reviews"));
}

}  // namespace
}  // namespace weir::l7
