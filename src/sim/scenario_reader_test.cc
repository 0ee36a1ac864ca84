// What can be written in a scenario, and what variants make of it.
#include "sim/scenario_reader.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/prng.h"
#include "sim/scenario_docs.h"

namespace weir::sim {
namespace {

using Read = weir::Result<std::string, std::string>;

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Read two_durations(const std::string& path) {
  if (!path.ends_with("measured.txt")) return fail(std::string("cannot be opened"));
  return Read("# of last night\n3ms\n\n4.5ms\r\n");
}

LoadedScenario load(const std::string& yaml) {
  auto loaded = load_scenario_text(yaml, "folder/s.yaml", two_durations);
  EXPECT_TRUE(loaded) << yaml << (loaded ? "" : loaded.error()[0].text());
  return loaded ? std::move(*loaded) : LoadedScenario{.path = {}, .variants = std::vector<LoadedVariant>(4)};
}

Scenario load_one(const std::string& yaml) { return load(yaml).variants.at(0).variant.scenario; }

TEST(ScenarioReader, DefaultsDoMostOfTheWork) {
  const LoadedScenario loaded = load("clients: {rate: 100}\ntiers: {endpoints: {count: 3, service_time: 20ms}}");
  ASSERT_EQ(1u, loaded.variants.size());
  EXPECT_EQ(kAsWritten, loaded.variants[0].variant.name);
  Scenario expected;
  expected.clients = {{.rate = 100}};
  TierSpec& tier = expected.tiers.emplace_back();
  tier.cluster.name = "app";
  EndpointGroupSpec& group = tier.endpoints.emplace_back();
  group.count = 3;
  group.service_time = {.mean = Duration::ms(20)};
  EXPECT_TRUE(expected == loaded.variants[0].variant.scenario) << show(loaded, loaded.variants[0]);
}

TEST(ScenarioReader, ATierHasProductionsSettings) {
  const Scenario scenario = load_one(
      "clients: {}\n"
      "tiers:\n"
      "  - {name: web, gateway_zones: [a, b], endpoints: {}, calls: {share: 30%, times: 2, required: off},\n"
      "     cluster: {policy: maglev, hash_on: path, panic: off, health_check: {tcp: true, fall: 7}},\n"
      "     route: {timeout: 2s, retry: off}}\n"
      "  - {name: db, gateway_zones: c, endpoints: {max_connections: 90}}\n");
  const TierSpec& web = scenario.tiers.at(0);
  EXPECT_EQ(model::PolicyKind::maglev, web.cluster.policy);
  EXPECT_EQ(model::HashOn::path, web.cluster.hash_on);
  EXPECT_EQ(0u, web.cluster.panic_percent);
  ASSERT_TRUE(web.cluster.health_check);
  EXPECT_EQ(7u, web.cluster.health_check->fall);
  EXPECT_EQ(Duration::s(2), web.route.timeout);
  EXPECT_EQ(1u, web.route.retry.attempts);
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), web.gateway_zones);
  EXPECT_EQ(30u, web.calls_percent);
  EXPECT_EQ(2u, web.calls);
  EXPECT_FALSE(web.retries_on_failed_call);
  EXPECT_EQ(std::vector<std::string>{"c"}, scenario.tiers.at(1).gateway_zones);
  EXPECT_EQ(90u, scenario.tiers.at(1).endpoints.at(0).max_connections);
}

TEST(ScenarioReader, NamingASettingOfTheCacheOrAutoscalerSwitchesItOn) {
  const auto tier = [](const std::string& words) {
    return load_one("clients: {}\ntiers: {endpoints: {}" + words + "}").tiers.at(0);
  };
  EXPECT_EQ(CacheMode::none, tier("").cache.mode);
  EXPECT_EQ(CacheMode::plain, tier(", cache: {ttl: 5s}").cache.mode);
  EXPECT_EQ(CacheMode::both, tier(", cache: {ttl: 5s, mode: both}").cache.mode);
  EXPECT_EQ(CacheMode::none, tier(", cache: off").cache.mode);
  EXPECT_FALSE(tier("").autoscale.enabled);
  EXPECT_TRUE(tier(", autoscale: {max: 5}").autoscale.enabled);
  EXPECT_FALSE(tier(", autoscale: {max: 5, enabled: false}").autoscale.enabled);
}

TEST(ScenarioReader, FaultsNameTheirTierAndCountItsEndpoints) {
  const std::string world =
      "clients: {}\ntiers: [{name: web, endpoints: {count: 2}}, {name: db, endpoints: [{count: 3}, {count: 2}]}]\n";
  struct Row {
    const char* message;
    uint32_t tier, first, last;
    const char* fault;
  };
  const Row rows[] = {
      {"the first of the first", 0, 0, 0, "{kind: die, at: 1s}"},
      {"another tier", 1, 0, 0, "{kind: die, at: 1s, tier: db}"},
      {"a number", 1, 4, 4, "{kind: die, at: 1s, tier: db, endpoints: 4}"},
      {"before its tier is named", 1, 4, 4, "{endpoints: 4, kind: die, at: 1s, tier: db}"},
      {"a range", 1, 2, 4, "{kind: die, at: 1s, tier: db, endpoints: 2-4}"},
      {"all", 1, 0, 4, "{kind: die, at: 1s, tier: db, endpoints: all}"},
  };
  for (const Row& row : rows) {
    const FaultSpec fault = load_one(world + "faults: " + row.fault).faults.at(0);
    EXPECT_EQ(row.tier, fault.tier) << row.message;
    EXPECT_EQ(row.first, fault.first) << row.message;
    EXPECT_EQ(row.last, fault.last) << row.message;
  }
}

TEST(ScenarioReader, MeasuredDurationsLieBesideTheScenario) {
  const std::string yaml =
      "clients: {}\ntiers: {endpoints: {service_time: {distribution: measured, file: measured.txt}}}";
  std::string asked;
  const auto loaded = load_scenario_text(yaml, "some/folder/s.yaml", [&](const std::string& path) {
    asked = path;
    return two_durations(path);
  });
  ASSERT_TRUE(loaded) << loaded.error()[0].text();
  EXPECT_EQ("some/folder/measured.txt", asked);
  const VariateSpec& variate = loaded->variants[0].variant.scenario.tiers[0].endpoints[0].service_time;
  EXPECT_EQ((std::vector<Duration>{Duration::ms(3), Duration::us(4500)}), variate.measured);
}

TEST(Variants, SetIsMergedOverTheFile) {
  const std::string world =
      "clients: [{name: people, rate: 10}, {name: robots, rate: 20}]\n"
      "tiers: {name: app, cluster: {policy: p2c, choices: 3}, endpoints: {count: 3, service_time: 20ms}}\n"
      "faults: [{kind: die, at: 1s}]\n";
  struct Row {
    const char* message;
    bool (*holds)(const Scenario&);
    const char* set;
  };
  const Row rows[] = {
      {"maps are merged",
       [](const Scenario& s) {
         return s.tiers[0].cluster.policy == model::PolicyKind::maglev && s.tiers[0].cluster.choices == 3;
       },
       "{tiers: {app: {cluster: {policy: maglev}}}}"},
      {"dots lead deeper", [](const Scenario& s) { return s.tiers[0].cluster.policy == model::PolicyKind::maglev; },
       "{tiers.app.cluster.policy: maglev}"},
      {"a list of one needs no name", [](const Scenario& s) { return s.tiers[0].endpoints[0].count == 9; },
       "{tiers.endpoints.count: 9}"},
      {"an item by its name", [](const Scenario& s) { return s.clients[0].rate == 10 && s.clients[1].rate == 99; },
       "{clients.robots.rate: 99}"},
      {"an item by its number", [](const Scenario& s) { return s.clients[0].rate == 10 && s.clients[1].rate == 99; },
       "{clients: {1: {rate: 99}}}"},
      {"a list replaces a list", [](const Scenario& s) { return s.clients.size() == 1 && s.clients[0].rate == 5; },
       "{clients: [{rate: 5}]}"},
      {"nothing goes wrong", [](const Scenario& s) { return s.faults.empty(); }, "{faults: []}"},
      {"what was not there", [](const Scenario& s) { return s.tiers[0].cache.mode == CacheMode::plain; },
       "{tiers.app.cache.ttl: 5s}"},
      {"the short form has a mean",
       [](const Scenario& s) {
         const VariateSpec& v = s.tiers[0].endpoints[0].service_time;
         return v.distribution == Distribution::exponential && v.mean == Duration::ms(20);
       },
       "{tiers.app.endpoints.service_time.distribution: exponential}"},
      {"dots inside of maps", [](const Scenario& s) { return s.tiers[0].route.retry.attempts == 4; },
       "{tiers.app: {route.retry.attempts: 4}}"},
      {"as it is", [](const Scenario& s) { return s.clients[0].rate == 10 && s.faults.size() == 1; }, "{}"},
  };
  for (const Row& row : rows) {
    const auto loaded = load(world + "variants: [{name: v, set: " + row.set + "}]");
    ASSERT_EQ(1u, loaded.variants.size()) << row.message;
    EXPECT_EQ("v", loaded.variants[0].variant.name) << row.message;
    EXPECT_TRUE(row.holds(loaded.variants[0].variant.scenario)) << row.message;
  }
}

TEST(Variants, ATiersNameMayHaveADot) {
  const auto loaded = load(
      "clients: {}\ntiers: [{name: a, endpoints: {}}, {name: a.b, endpoints: {}}]\n"
      "variants: [{name: v, set: {tiers: {a.b: {gateways: 5}}}}]");
  EXPECT_EQ(1u, loaded.variants[0].variant.scenario.tiers.at(0).gateways);
  EXPECT_EQ(5u, loaded.variants[0].variant.scenario.tiers.at(1).gateways);
}

TEST(ScenarioShow, SaysWhereEachValueComesFrom) {
  const LoadedScenario loaded = load(
      "clients:\n  rate: 70\ntiers: {endpoints: {}}\n"
      "variants: [{name: v,\n  set: {clients.rate: 80}}]\n");
  const std::string text = show(loaded, loaded.variants.at(0));
  EXPECT_NE(std::string::npos, text.find("    rate: 80                                    # folder/s.yaml:5\n"))
      << text;
  EXPECT_NE(std::string::npos, text.find("\nduration: 1m                                    # default: ")) << text;
}

TEST(ScenarioShow, ReadsBackAsTheSameScenario) {
  size_t variants = 0;
  for (const auto& file : std::filesystem::directory_iterator(WEIR_SCENARIO_CORPUS)) {
    const auto loaded = load_scenario_text(text_of(file.path()), "s.yaml", two_durations);
    if (!loaded) continue;
    for (const LoadedVariant& each : loaded->variants) {
      const std::string shown = show(*loaded, each);
      const auto again = load_scenario_text(shown, "s.yaml", two_durations);
      ASSERT_TRUE(again) << file.path() << again.error()[0].text() << "\n" << shown;
      EXPECT_TRUE(each.variant.scenario == again->variants[0].variant.scenario) << file.path() << "\n" << shown;
      ++variants;
    }
  }
  EXPECT_GE(variants, 8u);
}

/// The fuzz target's promise with a fixed seed.
TEST(ScenarioMutation, AnyTextEndsWithVariantsOrWithMistakes) {
  std::vector<std::string> texts;
  for (const auto& file : std::filesystem::directory_iterator(WEIR_SCENARIO_CORPUS))
    texts.push_back(text_of(file.path()));
  std::sort(texts.begin(), texts.end());
  constexpr std::string_view kBytes = "{}[]:,#&*.-\n 059smab";
  Prng prng(20);
  size_t good = 0, bad = 0;
  for (int i = 0; i < 500; ++i) {
    std::string text = texts[prng.below(texts.size())];
    const std::string& other = texts[prng.below(texts.size())];
    for (uint64_t edits = 1 + prng.below(2); edits > 0; --edits) {
      const size_t at = prng.below(text.size());
      const size_t digit = text.find_first_of("0123456789", at);
      switch (prng.below(5)) {
        case 0: text[at] = kBytes[prng.below(kBytes.size())]; break;
        case 1: text.insert(at, other.substr(prng.below(other.size()), 1 + prng.below(20))); break;
        default:
          if (digit != std::string::npos) text.insert(digit, 1, static_cast<char>('0' + prng.below(10)));
      }
    }
    const auto loaded = load_scenario_text(text, "s.yaml", two_durations);
    ++(loaded ? good : bad);
    if (!loaded) {
      EXPECT_FALSE(loaded.error().empty()) << text;
      continue;
    }
    const auto again = load_scenario_text(show(*loaded, loaded->variants[0]), "s.yaml", two_durations);
    ASSERT_TRUE(again) << text << "\n" << again.error()[0].text();
    EXPECT_TRUE(again->variants[0].variant.scenario == loaded->variants[0].variant.scenario) << text;
  }
  EXPECT_GT(good, 100u) << "mutations so wild that nothing valid is left test little";
  EXPECT_GT(bad, 100u);
}

TEST(ScenarioDocs, TheFileIsWhatTheSchemaSays) {
  const std::string page = scenarios_page();
  if (std::getenv("WEIR_REGENERATE_DOCS") != nullptr) std::ofstream(WEIR_SCENARIOS_PAGE) << page;
  EXPECT_TRUE(text_of(WEIR_SCENARIOS_PAGE) == page)
      << "docs/scenarios-reference.md differs from the schema; to write it anew:\n"
         "  WEIR_REGENERATE_DOCS=1 sim_test --gtest_filter='ScenarioDocs.*'";
}

TEST(ScenarioDocs, ItsExamplesAreRight) {
  const std::string page = scenarios_page();
  constexpr std::string_view kBegin = "```yaml\n";
  size_t examples = 0;
  for (size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at + 1), ++examples) {
    const size_t begin = at + kBegin.size();
    load(page.substr(begin, page.find("```", begin) - begin));
  }
  EXPECT_EQ(2u, examples);
}

}  // namespace
}  // namespace weir::sim
