#include "drill/drill_reader.h"

#include <gtest/gtest.h>

#include "drill/embedded.h"

namespace weir::drill {
namespace {

const std::string kSmallest =
    "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kill}\narms: [{name: a}]\nexpect: [a.during.errors < 1%]\n";

std::string mistakes_of(const std::string& text) {
  const auto drill = load_drill_text(text, "d.yaml");
  std::string all;
  if (drill) return all;
  for (const auto& each : drill.error()) all += each.text() + "\n";
  return all;
}

TEST(DrillReader, TheSmallestIsEnough) {
  const auto drill = load_drill_text(kSmallest, "d.yaml");
  ASSERT_TRUE(drill.has_value()) << mistakes_of(kSmallest);
  EXPECT_EQ(drill->faults[0].kind, FaultKind::kill);
  EXPECT_EQ(drill->arms[0].cluster.health_check->http_path, "/healthz");
  EXPECT_FALSE(drill->proxied);
}

TEST(DrillReader, EveryShippedDrillIsRight) {
  EXPECT_GE(embedded_drills().size(), 10u);
  for (const auto& each : embedded_drills()) EXPECT_EQ(mistakes_of(std::string(each.text)), "") << each.name;
}

TEST(DrillReader, MistakesHaveTheirPlace) {
  const struct {
    const char* message;
    const char* expected;
    std::string text;
  } cases[] = {
      {"not YAML", "d.yaml:2:1: not valid YAML", "title: [\n"},
      {"nothing there", "hypothesis: is missing", "title: t\n"},
      {"an unknown word", "did you mean \"seed\"", kSmallest + "sed: 1\n"},
      {"an unknown kind", "unknown kind \"kil\"",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kil}\narms: [{name: a}]\nexpect: [a.during.errors < 1%]\n"},
      {"a setting of another kind", "d.yaml:6:3: faults[0].delay: means nothing with kind: kill",
       "title: t\nhypothesis: [errors < 1%]\narms: [{name: a}]\nexpect: [a.during.errors < 1%]\nfaults:\n  delay: 1s\n"
       "  kind: kill\n"},
      {"an arm that is not there", "there is no arm \"b\"",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kill}\narms: [{name: a}]\nexpect: [b.during.errors < "
       "1%]\n"},
      {"an arm twice", "a is there twice",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kill}\narms: [{name: a}, {name: a}]\n"
       "expect: [a.during.errors < 1%]\n"},
      {"beyond the blast radius", "touch 3 instances",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kill, instances: all}\narms: [{name: a}]\n"
       "expect: [a.during.errors < 1%]\n"},
      {"no end before it begins again", "begins again before it has ended",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: stop, every: 1s}\narms: [{name: a}]\n"
       "expect: [a.during.errors < 1%]\n"},
      {"a wrong setting of a cluster", "arms[0].cluster.policy: unknown policy",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kill}\narms: [{name: a, cluster: {policy: p3}}]\n"
       "expect: [a.during.errors < 1%]\n"},
      {"an address, which is the stack's", "unknown setting",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: kill}\narms: [{name: a, cluster: {endpoints: []}}]\n"
       "expect: [a.during.errors < 1%]\n"},
      {"a storm without pace", "every: is missing",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: reload}\narms: [{name: a}]\n"
       "expect: [a.during.errors < 1%]\n"},
  };
  for (const auto& c : cases) {
    const std::string said = mistakes_of(c.text);
    EXPECT_NE(said.find(c.expected), std::string::npos) << c.message << ": " << said;
  }
}

}  // namespace
}  // namespace weir::drill
