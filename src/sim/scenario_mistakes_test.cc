// Every mistake in a scenario is one line with its place, what was expected, and the nearest name.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/scenario_reader.h"

namespace weir::sim {
namespace {

std::vector<std::string> mistakes_in(const std::string& yaml) {
  const auto files = [](const std::string& path) -> weir::Result<std::string, std::string> {
    if (path == "bad.txt") return weir::Result<std::string, std::string>("3ms\n4\n");
    if (path == "empty.txt") return weir::Result<std::string, std::string>("# nothing\n");
    return fail(std::string("cannot be opened: No such file or directory"));
  };
  const auto loaded = load_scenario_text(yaml, "s.yaml", files);
  std::vector<std::string> lines;
  if (!loaded) {
    for (const auto& each : loaded.error()) lines.push_back(each.text());
  }
  return lines;
}

struct Row {
  const char* message;
  const char* expected;  ///< the line begins so
  const char* yaml;
};

void expect_single(const Row& row) {
  const auto lines = mistakes_in(row.yaml);
  ASSERT_EQ(1u, lines.size()) << row.message << ": " << (lines.size() > 1 ? lines[1] : "");
  EXPECT_TRUE(lines[0].starts_with(row.expected)) << row.message << ": " << lines[0];
}

TEST(ScenarioMistakes, OfTheFile) {
  const Row rows[] = {
      {"nothing at all", "s.yaml:1:1: the file says nothing; expected at least clients:", ""},
      {"no YAML", "s.yaml:2:1: not valid YAML", "clients: [\n"},
      {"no clients", "s.yaml:1:1: clients: is missing; expected a list of clients, or one", "tiers: {endpoints: {}}"},
      {"no tiers", "s.yaml:1:1: tiers: is missing", "clients: {}"},
      {"empty tiers", "s.yaml:2:8: tiers: is empty; expected at least one tier", "clients: {}\ntiers: []"},
      {"a slip", "s.yaml:3:1: duraton: unknown setting \"duraton\"; expected one of title, about, duration,",
       "clients: {}\ntiers: {endpoints: {}}\nduraton: 3s"},
      {"too long", "s.yaml:3:11: duration: 1000h is out of range; expected a duration from 1s to 720h",
       "clients: {}\ntiers: {endpoints: {}}\nduration: 1000h"},
      {"nothing is left to measure", "s.yaml:3:11: warm_up: of 10s leaves nothing of a duration of 5s",
       "clients: {}\ntiers: {endpoints: {}}\nduration: 5s"},
      {"a busy loop", "s.yaml:1:10: clients[0]: would ask again at the instant",
       "clients: {arrivals: closed}\ntiers: {endpoints: {}}"},
  };
  for (const Row& row : rows) expect_single(row);
}

TEST(ScenarioMistakes, OfClientsAndTiers) {
  const Row rows[] = {
      {"a rate with a unit", "s.yaml:1:17: clients[0].rate: \"5s\" is not a whole number",
       "clients: {rate: 5s}\ntiers: {endpoints: {}}"},
      {"the same name", "s.yaml:1:22: clients[1].name: \"a\" is already the name of what stands in line 1",
       "clients: [{name: a}, {name: a}]\ntiers: {endpoints: {}}"},
      {"no endpoints", "s.yaml:2:8: tiers[0].endpoints: is missing", "clients: {}\ntiers: {name: app}"},
      {"a policy's slip", "s.yaml:2:36: tiers[0].cluster.policy: unknown policy \"p2\"; expected one of round_robin,",
       "clients: {}\ntiers: {cluster: {         policy: p2}, endpoints: {}}"},
      {"addresses are not simulated", "s.yaml:2:19: tiers[0].cluster.endpoints: unknown setting \"endpoints\"",
       "clients: {}\ntiers: {cluster: {endpoints: [\"127.0.0.1:80\"]}, endpoints: {}}"},
      {"a match neither", "s.yaml:2:17: tiers[0].route.match: unknown setting \"match\"",
       "clients: {}\ntiers: {route: {match: {path: /}}, endpoints: {}}"},
      {"a rate of a closed loop", "s.yaml:1:29: clients[0].rate: means nothing in a closed loop; expected connections",
       "clients: {arrivals: closed, rate: 5, think: 1s}\ntiers: {endpoints: {}}"},
      {"connections of an open loop", "s.yaml:1:11: clients[0].connections: means nothing in an open loop",
       "clients: {connections: 5}\ntiers: {endpoints: {}}"},
      {"nothing but pauses", "s.yaml:2:28: tiers[0].endpoints[0].pause: a length of 100ms leaves no time to work in",
       "clients: {}\ntiers: {endpoints: {pause: {every: 50ms}}}"},
      {"min above max", "s.yaml:2:20: tiers[0].autoscale: min 5 is above max 3",
       "clients: {}\ntiers: {autoscale: {min: 5, max: 3}, endpoints: {}}"},
      {"too many endpoints", "s.yaml:2:1: tiers: 150000 endpoints in all; expected at most 100000",
       "clients: {}\ntiers: {endpoints: [{count: 75000}, {count: 75000}]}"},
      {"too many pairs", "s.yaml:2:1: tiers: 2000000 gateways times endpoints in all; expected at most 1000000",
       "clients: {}\ntiers: {gateways: 100, endpoints: {count: 20000}}"},
  };
  for (const Row& row : rows) expect_single(row);
}

TEST(ScenarioMistakes, OfDurationsThatVary) {
  const auto at = [](const std::string& value) {
    return "clients: {}\ntiers: {endpoints: {service_time: " + value + "}}";
  };
  const std::pair<const char*, const char*> rows[] = {
      {"5", "s.yaml:2:35: tiers[0].endpoints[0].service_time: a duration needs a unit: 5s or 5ms?"},
      {"none", "s.yaml:2:35: tiers[0].endpoints[0].service_time: takes no time at all"},
      {"{cv: 50%}", "s.yaml:2:36: tiers[0].endpoints[0].service_time.cv: means nothing with distribution constant"},
      {"{distribution: lognorml}",
       "s.yaml:2:50: tiers[0].endpoints[0].service_time.distribution: unknown distribution \"lognorml\""},
      {"{distribution: bimodal}", "s.yaml:2:35: tiers[0].endpoints[0].service_time: bimodal without slow"},
      {"{distribution: measured}", "s.yaml:2:35: tiers[0].endpoints[0].service_time: measured without its file"},
      {"{distribution: measured, file: no.txt}",
       "s.yaml:2:35: tiers[0].endpoints[0].service_time.file: no.txt cannot be opened: No such file"},
      {"{distribution: measured, file: bad.txt}",
       "s.yaml:2:35: tiers[0].endpoints[0].service_time.file: bad.txt line 2: a duration needs a unit: 4s or 4ms?"},
      {"{distribution: measured, file: empty.txt}",
       "s.yaml:2:35: tiers[0].endpoints[0].service_time.file: empty.txt holds no durations"},
  };
  for (const auto& [value, expected] : rows) {
    const std::string yaml = at(value);
    expect_single({value, expected, yaml.c_str()});
  }
}

TEST(ScenarioMistakes, OfFaults) {
  const auto with = [](const std::string& fault) {
    return "clients: {}\ntiers: {name: app, endpoints: {count: 3}}\nfaults: {at: 1s, " + fault + "}";
  };
  const std::pair<const char*, const char*> rows[] = {
      {"for: 3s", "s.yaml:3:9: faults[0].kind: is missing; expected one of die, half_dead, slow,"},
      {"kind: dye",
       "s.yaml:3:24: faults[0].kind: unknown kind \"dye\"; expected one of die, half_dead, slow, errors, "
       "partition, cold_cache, drain; did you mean \"die\"?"},
      {"kind: die, tier: ap", "s.yaml:3:35: faults[0].tier: unknown tier \"ap\"; expected one of app; did you mean"},
      {"kind: die, endpoints: 3", "s.yaml:3:40: faults[0].endpoints: \"3\" is not there; expected a number up to 2,"},
      {"kind: die, endpoints: 2-1", "s.yaml:3:40: faults[0].endpoints: \"2-1\" is not there"},
      {"kind: slow", "s.yaml:3:9: faults[0]: slow, and does not say how slow"},
      {"kind: die, every: 5s", "s.yaml:3:9: faults[0]: begins again before it has ended"},
      {"kind: die, for: 6s, every: 5s", "s.yaml:3:9: faults[0]: begins again before it has ended"},
  };
  for (const auto& [fault, expected] : rows) {
    const std::string yaml = with(fault);
    expect_single({fault, expected, yaml.c_str()});
  }
}

TEST(ScenarioMistakes, OfVariants) {
  const auto with = [](const std::string& variant) {
    return "clients: {}\ntiers: [{name: web, endpoints: {}}, {name: db, endpoints: {}}]\nvariants:\n  - " + variant;
  };
  const std::pair<const char*, const char*> rows[] = {
      {"{set: {}}", "s.yaml:4:5: variants[0].name: is missing"},
      {"{name: v, set: 3}", "s.yaml:4:20: variants[0].set: is a single value; expected a map such as"},
      {"{name: v, set: {tiers.wbe.gateways: 3}}",
       "s.yaml:4:21: variant v: tiers.wbe: no item \"wbe\"; expected a name or a number from 0: web, db; did you mean "
       "\"web\"?"},
      {"{name: v, set: {tiers.web.gatewys: 3}}",
       "s.yaml:4:21: variant v: tiers[0].gatewys: unknown setting \"gatewys\""},
      {"{name: v, set: {tiers.web.gateways: x}}", "s.yaml:4:41: variant v: tiers[0].gateways: \"x\" is not a whole"},
      {"{name: v, set: {variants: []}}", "s.yaml:4:21: variant v: variants: a variant has no variants"},
      {"{name: v}\n  - {name: v}", "s.yaml:5:5: variants[1].name: \"v\" is already the name"},
  };
  for (const auto& [variant, expected] : rows) {
    const std::string yaml = with(variant);
    expect_single({variant, expected, yaml.c_str()});
  }
}

TEST(ScenarioMistakes, WhatIsWrongInTheFileIsToldOnce) {
  const auto lines = mistakes_in("clients: {rate: x}\ntiers: {endpoints: {}}\nvariants: [{name: a}, {name: b}]");
  ASSERT_EQ(1u, lines.size());
  EXPECT_TRUE(lines[0].starts_with("s.yaml:1:17: clients[0].rate: ")) << lines[0];
}

TEST(ScenarioMistakes, AreToldAllAtOnceInTheFilesOrder) {
  const auto lines = mistakes_in("clients: {rate: x}\nduration: 5\ntiers: {endpoints: {count: 0}}");
  ASSERT_EQ(3u, lines.size());
  EXPECT_TRUE(lines[0].starts_with("s.yaml:1:")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("s.yaml:2:")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("s.yaml:3:")) << lines[2];
}

TEST(ScenarioMistakes, DotsWithoutEndAreNoWay) {
  std::string dots = "a";
  for (int i = 0; i < 400; ++i) dots += ".a";
  const auto lines =
      mistakes_in("clients: {}\ntiers: {endpoints: {}}\nvariants: [{name: v, set: {\"" + dots + "\": 1}}]");
  ASSERT_EQ(1u, lines.size());
  EXPECT_NE(std::string::npos, lines[0].find("leads too deep")) << lines[0].substr(0, 200);
}

}  // namespace
}  // namespace weir::sim
