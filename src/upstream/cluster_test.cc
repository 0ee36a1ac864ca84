// Cluster: what workers, probes and the administrator report, and what balancers are given to see.
#include "upstream/cluster.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace weir::upstream {
namespace {

using balance::ActiveState;
using balance::Health;
using balance::Outcome;
using balance::OutlierState;
using balance::ProbeResult;

constexpr Duration kLatency = Duration::ms(1);
const Instant kStart = Instant::from_ns(1'000'000'000'000);

model::ClusterConfig config_of(std::initializer_list<uint16_t> ports) {
  model::ClusterConfig config;
  config.name = "web";
  for (const uint16_t port : ports) config.endpoints.push_back({.address = {"127.0.0.1", port}, .zone = {}});
  config.outlier.failure_percent = 0;  // runs only, so that counting them is all there is to it
  config.outlier.latency_factor = 0;
  return config;
}

model::ClusterConfig checked(std::initializer_list<uint16_t> ports, uint32_t rise = 2, uint32_t fall = 3) {
  model::ClusterConfig config = config_of(ports);
  model::HealthCheckConfig& check = config.health_check.emplace();
  check.rise = rise;
  check.fall = fall;
  return config;
}

std::shared_ptr<Cluster> make(const model::ClusterConfig& config, Cluster* previous = nullptr, Instant now = kStart) {
  return Cluster::create(config, previous, now, 1).value();
}

std::vector<balance::EndpointView> views_of(const Cluster& cluster) {
  std::vector<balance::EndpointView> views;
  EXPECT_EQ(cluster.views(views), cluster.generation());
  return views;
}

std::vector<Health> health_of(const Cluster& cluster) {
  std::vector<Health> all;
  for (const auto& view : views_of(cluster)) all.push_back(view.health);
  return all;
}

void fail(Cluster& cluster, uint32_t endpoint, Instant now, int times = 5) {
  for (int i = 0; i < times; ++i) cluster.record(endpoint, Outcome::gateway_failure, kLatency, now);
}

/// Ejects `endpoint` and lets its ejection run out. Returns the time of its probation.
Instant to_probation(Cluster& cluster, uint32_t endpoint) {
  fail(cluster, endpoint, kStart);
  EXPECT_EQ(cluster.status()[endpoint].outlier, OutlierState::ejected);
  const Instant later = kStart + Duration::s(6);  // the first ejection is of 5 s, give or take a tenth
  cluster.sweep(later);
  EXPECT_EQ(cluster.status()[endpoint].outlier, OutlierState::probation);
  return later;
}

TEST(Cluster, ViewsSayWhatTheConfigurationSays) {
  model::ClusterConfig config = config_of({1, 2});
  config.endpoints[1].weight = 7;
  config.endpoints[1].priority = 1;
  config.endpoints[1].zone = "b";
  const auto cluster = make(config);
  const auto views = views_of(*cluster);
  ASSERT_EQ(views.size(), 2u);
  EXPECT_EQ(views[0].index, 0u);
  EXPECT_EQ(views[1].index, 1u);
  EXPECT_NE(views[0].key, views[1].key);
  EXPECT_EQ(views[1].weight, 7u);
  EXPECT_EQ(views[1].priority, 1);
  EXPECT_EQ(views[0].zone, balance::ZoneId{});
  EXPECT_NE(views[1].zone, balance::ZoneId{});
  EXPECT_EQ(views[0].load, &cluster->endpoints()[0]->member.load);
  EXPECT_EQ(views[0].slow_start_from, Instant{}) << "at process start nobody starts slowly";
  EXPECT_EQ(cluster->balancer_options("b").local_zone, views[1].zone);
}

TEST(Cluster, TheGenerationChangesOnlyWithTheViews) {
  const auto cluster = make(config_of({1, 2}));
  const struct {
    const char* message;
    bool changes;
    std::function<void()> act;
  } cases[] = {
      {"a success", false, [&] { cluster->record(0, Outcome::success, kLatency, kStart); }},
      {"a failure", false, [&] { fail(*cluster, 0, kStart, 1); }},
      {"a sweep", false, [&] { cluster->sweep(kStart); }},
      {"a probe where none is asked for", false, [&] { cluster->on_probe(0, ProbeResult::fail, "no", kStart); }},
      {"a weight", true, [&] { EXPECT_TRUE(cluster->set_weight("127.0.0.1:1", 3, kStart)); }},
      {"the same weight", false, [&] { EXPECT_TRUE(cluster->set_weight("127.0.0.1:1", 3, kStart)); }},
      {"a drain", true, [&] { EXPECT_TRUE(cluster->set_draining("127.0.0.1:1", true, kStart)); }},
      {"the same drain", false, [&] { EXPECT_TRUE(cluster->set_draining("127.0.0.1:1", true, kStart)); }},
      {"an undrain", true, [&] { EXPECT_TRUE(cluster->set_draining("127.0.0.1:1", false, kStart)); }},
      {"an unknown endpoint", false,
       [&] {
         EXPECT_EQ(cluster->set_draining("127.0.0.1:9", true, kStart).error().code, Code::not_found);
         EXPECT_EQ(cluster->set_weight("127.0.0.1:9", 1, kStart).error().code, Code::not_found);
       }},
      {"an ejection", true, [&] { fail(*cluster, 0, kStart, 5); }},
  };
  for (const auto& c : cases) {
    const uint64_t before = cluster->generation();
    c.act();
    EXPECT_EQ(cluster->generation() != before, c.changes) << c.message;
  }
}

TEST(Cluster, TheAdministratorsWord) {
  const auto cluster = make(config_of({1, 2}));
  ASSERT_TRUE(cluster->set_draining("127.0.0.1:1", true, kStart));
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::draining, Health::healthy}));
  EXPECT_TRUE(cluster->status()[0].draining);
  const Instant later = kStart + Duration::s(1);
  ASSERT_TRUE(cluster->set_draining("127.0.0.1:1", false, later));
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::healthy, Health::healthy}));
  EXPECT_EQ(views_of(*cluster)[0].slow_start_from, later) << "its caches are cold";
  ASSERT_TRUE(cluster->set_weight("127.0.0.1:2", 0, later));
  EXPECT_EQ(views_of(*cluster)[1].weight, 0u);
}

TEST(Cluster, ARunOfFailuresEjectsButNeverTheLast) {
  const auto cluster = make(config_of({1, 2}));
  fail(*cluster, 0, kStart, 4);
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::healthy, Health::healthy}));
  fail(*cluster, 0, kStart, 1);
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::unhealthy, Health::healthy}));
  const EndpointStatus status = cluster->status()[0];
  EXPECT_EQ(status.outlier, OutlierState::ejected);
  EXPECT_NE(status.last_ejection, "");
  EXPECT_EQ(cluster->endpoints()[0]->counters.ejections.load(), 1u);
  EXPECT_EQ(cluster->endpoints()[0]->counters.outcomes[static_cast<size_t>(Outcome::gateway_failure)].load(), 5u);

  fail(*cluster, 1, kStart, 50);
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::unhealthy, Health::healthy}));
  EXPECT_EQ(cluster->status()[1].outlier, OutlierState::serving);
}

TEST(Cluster, AnEjectionIsSuspendedWhileNobodyElseCouldServe) {
  const auto cluster = make(config_of({1, 2}));
  fail(*cluster, 0, kStart);
  ASSERT_TRUE(cluster->set_draining("127.0.0.1:2", true, kStart));
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::healthy, Health::draining}));
  ASSERT_TRUE(cluster->set_draining("127.0.0.1:2", false, kStart));
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::unhealthy, Health::healthy}));
}

TEST(Cluster, DetectionCanBeTurnedOff) {
  model::ClusterConfig config = config_of({1, 2});
  config.outlier.enabled = false;
  const auto cluster = make(config);
  fail(*cluster, 0, kStart, 50);
  cluster->sweep(kStart);
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::healthy, Health::healthy}));
}

TEST(Cluster, ProbationIsOneRequestForOne) {
  const struct {
    const char* message;
    Outcome outcome;
    OutlierState expected;
    bool claimable_again;
  } cases[] = {{"it passes", Outcome::success, OutlierState::serving, false},
               {"it fails", Outcome::gateway_failure, OutlierState::ejected, false},
               {"the client left: somebody else's turn", Outcome::cancelled, OutlierState::probation, true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    const auto cluster = make(config_of({1, 2}));
    EXPECT_EQ(cluster->claim_probation(true), std::nullopt);
    const Instant later = to_probation(*cluster, 0);
    EXPECT_EQ(health_of(*cluster)[0], Health::unhealthy);
    EXPECT_EQ(cluster->claim_probation(true), 0u);
    EXPECT_EQ(cluster->claim_probation(true), std::nullopt);
    cluster->record(0, c.outcome, kLatency, later + Duration::s(1));
    EXPECT_EQ(cluster->status()[0].outlier, c.expected);
    EXPECT_EQ(cluster->claim_probation(true).has_value(), c.claimable_again);
    if (c.expected != OutlierState::serving) continue;
    EXPECT_EQ(health_of(*cluster)[0], Health::healthy);
    EXPECT_EQ(views_of(*cluster)[0].slow_start_from, later + Duration::s(1));
  }
}

TEST(Cluster, ASweepDoesNotEndAnEjectionEarly) {
  const auto cluster = make(config_of({1, 2}));
  fail(*cluster, 0, kStart);
  cluster->sweep(kStart + Duration::s(4));
  EXPECT_EQ(cluster->status()[0].outlier, OutlierState::ejected);
  EXPECT_EQ(cluster->claim_probation(true), std::nullopt);
}

TEST(Cluster, ASweepSeesRequestsThatAreNotAnswered) {
  model::ClusterConfig config = config_of({1, 2});
  config.outlier.latency_factor = 5;
  const auto cluster = make(config);
  Endpoint& stuck = *cluster->endpoints()[0];
  stuck.member.load.in_flight = 2;
  stuck.publish_oldest(3, kStart);
  Instant now = kStart + Duration::s(5);
  for (uint32_t sweep = 1; sweep <= config.outlier.latency_windows; ++sweep) {
    EXPECT_EQ(cluster->status()[0].outlier, OutlierState::serving) << "before sweep " << sweep;
    for (int i = 0; i < 10; ++i) cluster->record(1, Outcome::success, kLatency, now);
    cluster->sweep(now);
    now = now + cluster->sweep_interval();
  }
  EXPECT_EQ(cluster->status()[0].outlier, OutlierState::ejected);
}

TEST(Cluster, RemembersTheLastChangesOfAnEndpoint) {
  const auto cluster = make(checked({1, 2}));
  const std::string first(cluster->endpoints()[0]->name);
  cluster->on_probe(0, ProbeResult::ok, "", kStart);
  EXPECT_EQ(cluster->status()[0].changes, nullptr) << "that it began well is no news";
  cluster->on_probe(1, ProbeResult::fail, "refused", kStart + Duration::s(1));
  ASSERT_NE(cluster->status()[1].changes, nullptr);
  EXPECT_EQ(cluster->status()[1].changes->back().what, "unhealthy by active check: refused");
  EXPECT_EQ(cluster->status()[1].changes->back().at, kStart + Duration::s(1));

  const auto shown = cluster->status()[1].changes;
  for (uint32_t i = 2; i < 9; ++i) {
    ASSERT_TRUE(cluster->set_weight(first, i, kStart + Duration::s(i)).has_value());
  }
  ASSERT_TRUE(cluster->set_draining(first, true, kStart + Duration::s(9)).has_value());
  ASSERT_TRUE(cluster->set_draining(first, true, kStart + Duration::s(10)).has_value());
  std::vector<std::string> texts;
  for (const StandingChange& each : *cluster->status()[0].changes) texts.push_back(each.what);
  const std::vector<std::string> expected{"weight 5 by the administrator", "weight 6 by the administrator",
                                          "weight 7 by the administrator", "weight 8 by the administrator",
                                          "drained by the administrator"};
  EXPECT_EQ(texts, expected) << "the last five, and what changed nothing is none";
  EXPECT_EQ(shown->size(), 1u) << "what somebody shows does not change under them";
}

TEST(Cluster, ProbesRiseAndFall) {
  const auto cluster = make(checked({1, 2}));
  EXPECT_FALSE(cluster->probed());
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::unhealthy, Health::unhealthy})) << "nothing is known yet";
  cluster->on_probe(0, ProbeResult::ok, "", kStart);
  EXPECT_FALSE(cluster->probed());
  cluster->on_probe(1, ProbeResult::fail, "refused", kStart);
  EXPECT_TRUE(cluster->probed());
  EXPECT_EQ(health_of(*cluster), (std::vector{Health::healthy, Health::unhealthy})) << "the first probe decides";
  EXPECT_EQ(views_of(*cluster)[0].slow_start_from, Instant{}) << "what was always healthy need not start slowly";
  EXPECT_EQ(cluster->status()[1].last_probe, "refused");

  const struct {
    const char* message;
    Health expected;
    uint32_t endpoint;
    ProbeResult result;
  } steps[] = {
      {"fall: one", Health::healthy, 0, ProbeResult::fail},
      {"fall: two", Health::healthy, 0, ProbeResult::fail},
      {"a success between", Health::healthy, 0, ProbeResult::ok},
      {"fall: one", Health::healthy, 0, ProbeResult::fail},
      {"fall: two", Health::healthy, 0, ProbeResult::fail},
      {"fall: three", Health::unhealthy, 0, ProbeResult::fail},
      {"rise: one", Health::unhealthy, 0, ProbeResult::ok},
      {"rise: two", Health::healthy, 0, ProbeResult::ok},
  };
  const Instant later = kStart + Duration::s(1);
  for (const auto& step : steps) {
    cluster->on_probe(step.endpoint, step.result, "", later);
    EXPECT_EQ(health_of(*cluster)[step.endpoint], step.expected) << step.message;
  }
  EXPECT_EQ(views_of(*cluster)[0].slow_start_from, later) << "what comes back starts slowly";
}

TEST(Cluster, AnEndpointThatFailsItsProbesGetsNoProbation) {
  const auto cluster = make(checked({1, 2}, 1, 1));
  for (const uint32_t i : {0, 1}) cluster->on_probe(i, ProbeResult::ok, "", kStart);
  fail(*cluster, 0, kStart);
  cluster->on_probe(0, ProbeResult::fail, "", kStart);
  cluster->sweep(kStart + Duration::s(60));
  EXPECT_EQ(cluster->status()[0].outlier, OutlierState::ejected);
  cluster->on_probe(0, ProbeResult::ok, "", kStart);
  EXPECT_EQ(health_of(*cluster)[0], Health::unhealthy) << "a probe that passes ends no ejection";
  cluster->sweep(kStart + Duration::s(60));
  EXPECT_EQ(cluster->status()[0].outlier, OutlierState::probation);
}

// ---- reload
// ----------------------------------------------------------------------------------------------------------

TEST(ClusterReload, EndpointsKeepTheirState) {
  const auto before = make(config_of({1, 2, 3}));
  const auto kept = before->endpoints();
  kept[0]->member.load.in_flight = 4;
  fail(*before, 1, kStart);
  ASSERT_TRUE(before->set_draining("127.0.0.1:3", true, kStart));
  ASSERT_TRUE(before->set_weight("127.0.0.1:1", 9, kStart));

  model::ClusterConfig config = config_of({3, 2, 1, 4});
  config.endpoints[1].weight = 5;
  config.circuit.max_connections = 17;
  const Instant later = kStart + Duration::s(1);
  const auto after = make(config, before.get(), later);
  EXPECT_EQ(after->endpoints()[0], kept[2]);
  EXPECT_EQ(after->endpoints()[1], kept[1]);
  EXPECT_EQ(after->endpoints()[2], kept[0]);
  const auto views = views_of(*after);
  EXPECT_EQ(health_of(*after), (std::vector{Health::draining, Health::unhealthy, Health::healthy, Health::healthy}));
  EXPECT_EQ(views[1].weight, 5u) << "the new configuration's";
  EXPECT_EQ(views[2].weight, 9u) << "the administrator's";
  EXPECT_EQ(views[2].load->in_flight.load(), 4u);
  EXPECT_EQ(kept[0]->connections.limit(), 17u);
  EXPECT_EQ(after->status()[1].outlier, OutlierState::ejected);
  EXPECT_EQ(views[3].slow_start_from, later) << "what is added to a running cluster starts slowly";
  EXPECT_EQ(views[2].slow_start_from, Instant{});

  after->sweep(kStart + Duration::s(6));
  EXPECT_EQ(after->claim_probation(true), 1u) << "the ejection ends as it would have without the reload";
}

TEST(ClusterReload, WhatWasRemovedComesBackAsNew) {
  const auto first = make(config_of({1, 2}));
  ASSERT_TRUE(first->set_draining("127.0.0.1:2", true, kStart));
  const auto second = make(config_of({1}), first.get());
  EXPECT_EQ(second->endpoints().size(), 1u);
  EXPECT_EQ(second->set_weight("127.0.0.1:2", 1, kStart).error().code, Code::not_found);
  const auto third = make(config_of({1, 2}), second.get());
  EXPECT_EQ(health_of(*third), (std::vector{Health::healthy, Health::healthy}));
  EXPECT_NE(third->endpoints()[1], first->endpoints()[1]);
}

TEST(ClusterReload, HealthChecksComeAndGo) {
  const auto before = make(checked({1, 2}));
  before->on_probe(0, ProbeResult::ok, "", kStart);
  before->on_probe(1, ProbeResult::fail, "", kStart);
  const auto same = make(checked({1, 2, 3}), before.get());
  EXPECT_EQ(health_of(*same), (std::vector{Health::healthy, Health::unhealthy, Health::unhealthy}));
  EXPECT_EQ(same->status()[2].active, ActiveState::unknown);
  EXPECT_FALSE(same->probed());
  const auto without = make(config_of({1, 2}), same.get());
  EXPECT_EQ(health_of(*without), (std::vector{Health::healthy, Health::healthy}));
  EXPECT_EQ(without->status()[0].active, std::nullopt);
  EXPECT_TRUE(without->probed());
}

TEST(ClusterReload, AProbationThatNobodyClaimedIsStillOwed) {
  const auto before = make(config_of({1, 2}));
  const Instant later = to_probation(*before, 0);
  const auto after = make(config_of({1, 2}), before.get(), later);
  EXPECT_EQ(after->claim_probation(true), 0u);
  EXPECT_EQ(after->claim_probation(true), std::nullopt);
  after->record(0, Outcome::success, kLatency, later + Duration::s(1));
  EXPECT_EQ(after->status()[0].outlier, OutlierState::serving);
}

TEST(Cluster, ANameIsNotAnAddress) {
  model::ClusterConfig config = config_of({1});
  config.endpoints[0].address.host = "service.internal";
  const auto cluster = Cluster::create(config, nullptr, kStart, 1);
  ASSERT_FALSE(cluster.has_value());
  EXPECT_EQ(cluster.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace weir::upstream
