// What an arm says becomes a whole configuration, which Weir's own reader takes.
#include "drill/configuration.h"

#include <gtest/gtest.h>

#include "drill/drill_reader.h"
#include "drill/injector.h"
#include "model/config_reader.h"

namespace weir::drill {
namespace {

Drill drill_of(const std::string& arms, const std::string& faults = "{kind: kill}") {
  auto drill =
      load_drill_text("title: t\nhypothesis: [errors < 1%]\nblast_radius: {instances: all}\nfaults: " + faults +
                          "\narms: [" + arms + "]\nexpect: [a.during.errors < 1%]\n",
                      "d.yaml");
  EXPECT_TRUE(drill.has_value()) << drill.error()[0].text();
  return drill ? *drill : Drill{};
}

Stack stack_of(uint16_t instances) {
  Stack stack{.admin = {.host = "127.0.0.1", .port = 9901},
              .proxy = {.host = "127.0.0.1", .port = 8080},
              .config = "weir.yaml",
              .instances = {}};
  for (uint16_t i = 1; i <= instances; ++i) {
    const std::string name = "app-" + std::to_string(i);
    const model::Address fault{.host = "127.0.0.1", .port = static_cast<uint16_t>(3100 + i)};
    stack.instances.push_back(
        {.name = name, .address = {.host = "127.0.0.1", .port = static_cast<uint16_t>(3000 + i)}, .fault = fault});
  }
  return stack;
}

model::Config configuration_of(const std::string& arm) {
  const Stack stack = stack_of(2);
  const std::string text =
      configuration_text(stack, drill_of(arm).arms[0], {stack.instances[0].address, stack.instances[1].address});
  const auto loaded = model::load_config_text(text, "weir.yaml");
  EXPECT_TRUE(loaded.has_value()) << text;
  return loaded ? loaded->config : model::Config{};
}

TEST(Configuration, AnArmThatSaysNothingIsWhatWeirUpWrites) {
  const auto config = configuration_of("{name: a}");
  ASSERT_EQ(config.clusters.size(), 1u);
  ASSERT_EQ(config.listeners.size(), 1u);
  EXPECT_EQ(config.clusters[0].name, "app");
  EXPECT_EQ(config.clusters[0].policy, model::PolicyKind::p2c);
  ASSERT_TRUE(config.clusters[0].health_check.has_value());
  EXPECT_EQ(config.clusters[0].health_check->interval, Duration::s(1));
  ASSERT_EQ(config.clusters[0].endpoints.size(), 2u);
  EXPECT_EQ(config.clusters[0].endpoints[1].address.text(), "127.0.0.1:3002");
  EXPECT_EQ(config.listeners[0].http.text(), "127.0.0.1:8080");
  EXPECT_EQ(config.admin->text(), "127.0.0.1:9901");
}

TEST(Configuration, WhatAnArmSaysIsMergedOverThat) {
  const auto config = configuration_of(
      "{name: a, cluster: {policy: ring_hash, hash_on: path, health_check: off, outlier_detection: off}, "
      "route: {timeout: 2s, retry: {attempts: 4}}, listener: {limits: {connections: 300}}}");
  EXPECT_EQ(config.clusters[0].policy, model::PolicyKind::ring_hash);
  EXPECT_FALSE(config.clusters[0].health_check.has_value());
  EXPECT_FALSE(config.clusters[0].outlier.enabled);
  ASSERT_EQ(config.listeners[0].routes.size(), 1u);
  EXPECT_EQ(config.listeners[0].routes[0].timeout, Duration::s(2));
  EXPECT_EQ(config.listeners[0].routes[0].retry.attempts, 4u);
  EXPECT_EQ(config.listeners[0].routes[0].to[0].cluster, "app");
}

TEST(Configuration, TheHashIsOfTheSettingsAndTheNumberOfEndpoints) {
  const auto hash = [](const std::string& arm, size_t instances) {
    return configuration_hash(drill_of(arm).arms[0], instances);
  };
  const std::string plain = hash("{name: a}", 3);
  EXPECT_EQ(plain.size(), 16u);
  EXPECT_EQ(plain, hash("{name: a, about: text}", 3)) << "what people read changes nothing";
  EXPECT_NE(plain, hash("{name: a}", 4));
  EXPECT_EQ(hash("{name: a, endpoints: 2}", 3), hash("{name: a}", 2));
  EXPECT_NE(plain, hash("{name: a, cluster: {policy: round_robin}}", 3));
  EXPECT_NE(plain, hash("{name: a, route: {timeout: 9s}}", 3));
}

TEST(Injector, FaultsAreCountedFromTheLastInstance) {
  const struct {
    const char* message;
    const char* expected;
    std::vector<size_t> victims;
    const char* fault;
  } cases[] = {
      {"one", "kill app-3", {2}, "{kind: kill}"},
      {"two", "stop app-2, app-3", {1, 2}, "{kind: stop, instances: 2}"},
      {"all",
       "app-1, app-2, app-3: answers 600ms late, health checks see nothing of it",
       {0, 1, 2},
       "{kind: application, instances: all, delay: 600ms, spare_health: true}"},
      {"more than there are", "kill app-1, app-2, app-3", {0, 1, 2}, "{kind: kill, instances: 9}"},
      {"nobody's", "reload every 100ms", {}, "{kind: reload, every: 100ms}"},
      {"the cluster's", "use 2 instances", {}, "{kind: use, endpoints: 2}"},
      {"of a link",
       "network of app-3: downstream delay 5ms, limit_rate 150kB/s; at most 100 connections",
       {2},
       "{kind: network, downstream: {delay: 5ms, limit_rate: 150kB}, connection_limit: 100}"},
  };
  StackClient client(stack_of(3));
  for (const auto& c : cases) {
    const Drill drill = drill_of("{name: a}", c.fault);
    const auto injector = Injector::create(client, drill, 1);
    ASSERT_TRUE(injector.has_value()) << c.message;
    EXPECT_EQ((*injector)->victims_of(drill.faults[0]), c.victims) << c.message;
    EXPECT_EQ((*injector)->describe(drill.faults[0]), c.expected) << c.message;
  }
}

TEST(Injector, AProxyStandsBeforeEachInstanceWhereTheNetworkBreaks) {
  StackClient client(stack_of(3));
  const Drill plain = drill_of("{name: a}");
  EXPECT_EQ((*Injector::create(client, plain, 1))->address_of(0).text(), "127.0.0.1:3001");
  const Drill proxied = drill_of("{name: a}", "{kind: network, downstream: {drop: true}}");
  const auto injector = Injector::create(client, proxied, 1);
  ASSERT_TRUE(injector.has_value());
  for (size_t i = 0; i < 3; ++i)
    EXPECT_NE((*injector)->address_of(i).text(), client.stack().instances[i].address.text());
}

}  // namespace
}  // namespace weir::drill
