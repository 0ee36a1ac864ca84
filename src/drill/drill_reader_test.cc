#include "drill/drill_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "drill/drill_docs.h"
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

TEST(DrillReader, ALoadIsAPlan) {
  const auto drill = load_drill_text(kSmallest +
                                         "load: {rate: 7, arrivals: poisson, ids: {user: {count: 5, zipf: 120%}}, "
                                         "requests: [{path: /a}, {path: '/b/{user}', weight: 3}]}\n",
                                     "d.yaml");
  ASSERT_TRUE(drill.has_value()) << drill.error()[0].text();
  EXPECT_EQ(drill->load.rate, 7);
  EXPECT_EQ(drill->load.arrivals, load::Arrivals::poisson);
  EXPECT_EQ(drill->load.ids, (std::vector<load::IdSpec>{{.name = "user", .count = 5, .zipf_percent = 120}}));
  ASSERT_EQ(drill->load.requests.size(), 2u);
  EXPECT_EQ(drill->load.requests[1].path, "/b/{user}");
}

TEST(DrillReader, ALoadThatAsksForNothingReadsTimelines) {
  for (const std::string load :
       {"", "load: {rate: 50}\n", "load: {ids: {user: {count: 9}}}\n", "load: {ids: {x: {}}}\n"}) {
    const auto drill = load_drill_text(kSmallest + load, "d.yaml");
    ASSERT_TRUE(drill.has_value()) << load;
    ASSERT_EQ(drill->load.requests.size(), 1u) << load;
    EXPECT_EQ(drill->load.requests[0].path, "/timeline/user{user}");
    EXPECT_EQ(std::ranges::count(drill->load.ids, "user", &load::IdSpec::name), 1) << load;
  }
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
      {"a load's time, which is the phases'", "unknown setting", kSmallest + "load: {duration: 9s}\n"},
      {"a load that waits for answers", "load.arrivals: closed hides", kSmallest + "load: {arrivals: closed}\n"},
      {"no load", "load.rate: asks for nothing", kSmallest + "load: {rate: 0}\n"},
      {"a number that nobody explains", "load.requests[0]: {id} stands for nothing",
       kSmallest + "load: {requests: {path: '/{id}'}}\n"},
      {"a storm without pace", "every: is missing",
       "title: t\nhypothesis: [errors < 1%]\nfaults: {kind: reload}\narms: [{name: a}]\n"
       "expect: [a.during.errors < 1%]\n"},
  };
  for (const auto& c : cases) {
    const std::string said = mistakes_of(c.text);
    EXPECT_NE(said.find(c.expected), std::string::npos) << c.message << ": " << said;
  }
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(DrillDocs, TheFileIsWhatTheSchemaSays) {
  const std::string page = drill_page();
  if (std::getenv("WEIR_REGENERATE_DOCS") != nullptr) std::ofstream(WEIR_DRILL_PAGE) << page;
  EXPECT_TRUE(text_of(WEIR_DRILL_PAGE) == page)
      << "docs/drill-reference.md differs from the schema; to write it anew:\n"
         "  WEIR_REGENERATE_DOCS=1 drill_test --gtest_filter='DrillDocs.*'";
}

TEST(DrillDocs, ItsExamplesAreRight) {
  const std::string page = drill_page();
  constexpr std::string_view kBegin = "```yaml\n";
  size_t examples = 0;
  for (size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at + 1), ++examples) {
    const size_t begin = at + kBegin.size();
    EXPECT_EQ(mistakes_of(page.substr(begin, page.find("```", begin) - begin)), "");
  }
  EXPECT_EQ(examples, 2u);
}

}  // namespace
}  // namespace weir::drill
