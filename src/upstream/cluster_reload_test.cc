// What a reload must not lose or keep; each was once a defect.
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

TEST(ClusterReload, ChangedRiseAndFallTakeEffect) {
  const auto before = make(checked({1, 2}, 2, 3));
  before->on_probe(0, ProbeResult::ok, "", kStart);
  const auto after = make(checked({1, 2}, 1, 1), before.get());
  after->on_probe(0, ProbeResult::fail, "", kStart);
  EXPECT_EQ(health_of(*after)[0], Health::unhealthy) << "fall is 1 now";
}

TEST(ClusterReload, AProbationClaimedBeforeAReloadEnds) {
  for (const Outcome outcome : {Outcome::success, Outcome::gateway_failure}) {
    const auto before = make(config_of({1, 2}));
    const Instant later = to_probation(*before, 0);
    ASSERT_EQ(before->claim_probation(true), 0u);
    const auto after = make(config_of({1, 2}), before.get(), later);
    before->record(0, outcome, Duration::ms(1), later + Duration::s(1));
    Instant now = later;
    bool returned = false;
    for (int second = 0; second < 3000 && !returned; ++second) {
      now = now + Duration::s(1);
      after->sweep(now);
      if (after->claim_probation(true)) after->record(0, Outcome::success, kLatency, now + kLatency);
      returned = after->status()[0].outlier == OutlierState::serving;
    }
    EXPECT_TRUE(returned) << "still out after " << (now - later).seconds() << " s";
  }
}

TEST(ClusterReload, LateFailuresReachTheNewDetector) {
  const auto before = make(config_of({1, 2}));
  const auto after = make(config_of({1, 2}), before.get());
  fail(*before, 0, kStart, 5);
  fail(*after, 0, kStart, 50);
  EXPECT_EQ(after->status()[0].outlier, OutlierState::ejected);
}

TEST(ClusterReload, AChangedWindowKeepsTheAdministratorsWord) {
  const auto before = make(config_of({1, 2}));
  ASSERT_TRUE(before->set_draining("127.0.0.1:1", true, kStart));
  ASSERT_TRUE(before->set_weight("127.0.0.1:2", 9, kStart));
  model::ClusterConfig config = config_of({1, 2});
  config.outlier.window = Duration::s(20);
  const auto after = make(config, before.get());
  EXPECT_EQ(health_of(*after)[0], Health::draining);
  EXPECT_EQ(views_of(*after)[1].weight, 9u);
}

TEST(ClusterReload, DetectionTurnedOffBringsTheEjectedBack) {
  const auto before = make(config_of({1, 2}));
  fail(*before, 0, kStart);
  model::ClusterConfig config = config_of({1, 2});
  config.outlier.enabled = false;
  const auto after = make(config, before.get());
  after->sweep(kStart + Duration::s(1000));
  after->record(0, Outcome::success, kLatency, kStart + Duration::s(1000));
  EXPECT_EQ(health_of(*after)[0], Health::healthy);
}

TEST(ClusterReload, AnotherProcessRemembersWhatThisOneKnew) {
  const auto here = make(config_of({1, 2, 3, 4}));
  ASSERT_TRUE(here->set_draining("127.0.0.1:1", true, kStart));
  ASSERT_TRUE(here->set_weight("127.0.0.1:2", 9, kStart));
  fail(*here, 2, kStart);
  const auto memories = here->memories();
  ASSERT_EQ(3u, memories.size()) << "there is nothing to say of the fourth";
  const auto there = make(config_of({1, 2, 3, 4}));
  for (const EndpointMemory& each : memories) EXPECT_TRUE(there->recall(each, kStart));
  EXPECT_EQ(health_of(*there), (std::vector{Health::draining, Health::healthy, Health::unhealthy, Health::healthy}));
  EXPECT_EQ(views_of(*there)[1].weight, 9u);
  EXPECT_EQ(there->status()[2].last_ejection, here->status()[2].last_ejection);
  // The ejection ends there when it would have ended here.
  Instant now = kStart;
  while (here->status()[2].outlier == OutlierState::ejected) {
    now = now + Duration::s(1);
    here->sweep(now);
    there->sweep(now);
    ASSERT_EQ(here->status()[2].outlier, there->status()[2].outlier) << (now - kStart).seconds();
    ASSERT_LT(now - kStart, Duration::s(60));
  }
  EXPECT_FALSE(
      there->recall({.endpoint = "127.0.0.1:9", .weight_by_admin = {}, .ejection = {}, .why_ejected = {}}, now))
      << "nobody knows it";
}
}  // namespace
}  // namespace weir::upstream
