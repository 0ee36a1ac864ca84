#include "model/config_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "model/schema.h"

namespace weir::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> mistakes_of(std::string_view yaml) {
  const auto loaded = load_config_text(yaml, "weir.yaml");
  std::vector<std::string> texts;
  if (loaded) return texts;
  for (const Mistake& each : loaded.error()) texts.push_back(each.text());
  return texts;
}

Config read_good(std::string_view yaml) {
  const auto loaded = load_config_text(yaml, "weir.yaml");
  if (loaded) return loaded->config;
  for (const Mistake& each : loaded.error()) ADD_FAILURE() << each.text();
  return {};
}

TEST(ConfigReader, TellsAllMistakesInOneGoInTheOrderOfTheFile) {
  EXPECT_THAT(mistakes_of("workers: many\n"
                          "listeners: [{http: \"0.0.0.0:80\", to: ap}]\n"
                          "clusters: {app: {policy: p2x, endpoints: [\"1.2.3.4\"]}}\n"),
              ElementsAre(HasSubstr(":1:10: workers: "), HasSubstr(":2:38: listeners[0].to: unknown cluster"),
                          HasSubstr(":3:26: clusters.app.policy: "), HasSubstr(":3:43: clusters.app.endpoints[0]: ")));
}

TEST(ConfigReader, StopsListingMistakesAfterAHundred) {
  std::string yaml;
  for (int i = 0; i < 300; ++i) yaml += fmt::format("x{}: 1\n", i);
  const auto mistakes = mistakes_of(yaml);
  ASSERT_EQ(mistakes.size(), 100U);
  EXPECT_THAT(mistakes.back(), HasSubstr("there are more mistakes"));
}

TEST(ConfigReader, AliasesAreFollowedAndBounded) {
  const Config config = read_good(
      "listeners: [{http: \"0.0.0.0:80\", to: a}]\n"
      "clusters:\n  a: &app {policy: maglev, endpoints: [\"127.0.0.1:80\"]}\n  b: *app\n");
  ASSERT_EQ(config.clusters.size(), 2U);
  EXPECT_EQ(config.clusters[1].policy, PolicyKind::maglev);

  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(mistakes_of(bomb), ElementsAre(HasSubstr("more than 200000 values, once aliases are followed")));
  EXPECT_THAT(mistakes_of("a: &a [*a]\n"), ElementsAre(HasSubstr("nested more than 32 deep")));
}

TEST(ConfigReader, HostileNamesCannotSteerTheTerminal) {
  const auto mistakes = mistakes_of("\"\\x1b[2J\": 1\n");
  ASSERT_FALSE(mistakes.empty());
  for (const std::string& each : mistakes) EXPECT_EQ(each.find('\x1b'), std::string::npos) << each;
}

TEST(ConfigReader, ReadsFilesAndSaysWhenItCannot) {
  const auto missing = load_config("/nonexistent/weir.yaml");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().at(0).text(), "/nonexistent/weir.yaml: cannot be opened: No such file or directory");

  const std::string path = ::testing::TempDir() + "weir_config_reader_test.yaml";
  std::ofstream(path) << "listeners: [{http: \"0.0.0.0:80\", to: a}]\nclusters: {a: [\"127.0.0.1:80\"]}\n";
  const auto loaded = load_config(path);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.path, path);
}

}  // namespace
}  // namespace weir::model
