// What becomes of a recording: the scenario, what is said about it, and that replaying it unchanged gives back what was
// recorded.
#include "sim/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/prng.h"
#include "sim/world.h"

namespace weir::sim {
namespace {

using model::PolicyKind;

/// A live run as a proxy would have recorded it: round robin over endpoints of one place each.
Recording live_run(uint32_t endpoints, double percent, int count = 4'000) {
  Prng prng(3);
  Recording recording;
  RecordedCluster app{.name = "app", .policy = PolicyKind::round_robin};
  for (uint32_t i = 0; i < endpoints; ++i) app.endpoints.push_back("10.0.0.1:" + std::to_string(i));
  recording.clusters = {app};
  const double gap_ns = 25e6 / endpoints / (percent / 100);
  std::vector<Duration> free_at(endpoints);
  Duration now{};
  for (int i = 0; i < count; ++i) {
    now = now + Duration::ns(static_cast<int64_t>(prng.exponential(gap_ns)));
    RecordedRequest request{.arrived = now, .attempt = Duration::us(40)};
    request.endpoint = static_cast<uint32_t>(i) % endpoints;
    const Duration demand = Duration::ms(15) + Duration::us(static_cast<int64_t>(prng.below(20'000)));
    Duration& free = free_at[request.endpoint];
    free = std::max(free, now + request.attempt) + demand;
    request.latency = free - now;
    request.first_byte = request.latency;
    request.status = 200;
    request.tries = 1;
    request.path_hash = static_cast<uint64_t>(i);
    recording.requests.push_back(request);
  }
  recording.length = now;
  return recording;
}

std::unique_ptr<Replay> replay_of(const Recording& recording, const ReplayOptions& options = {}) {
  auto made = make_replay(recording, options);
  if (!made) {
    ADD_FAILURE() << made.error();
    return nullptr;
  }
  return std::move(*made);
}

void expect_within(double percent, uint64_t expected, uint64_t actual, const char* what) {
  const double off = (static_cast<double>(actual) / static_cast<double>(expected) - 1) * 100;
  EXPECT_LE(std::abs(off), percent) << what << ": " << actual << " for " << expected;
}

TEST(Replay, UnchangedItGivesWhatWasRecorded) {
  const auto replay = replay_of(live_run(4, 65));
  ASSERT_NE(replay, nullptr);
  EXPECT_EQ(replay->concurrency, 1u);
  EXPECT_TRUE(replay->concurrency_inferred);
  EXPECT_EQ(replay->impossible, 0u);
  EXPECT_EQ(replay->requests, 4'000u);
  const auto result = run(replay->as_recorded, "as recorded", 1);
  EXPECT_TRUE(result->laws.broken.empty()) << result->laws.broken.front();
  EXPECT_EQ(result->answered, 4'000u) << "none is lost at the end of the run";
  for (const double percent : {50.0, 90.0, 99.0}) {
    expect_within(1, replay->recorded.percentile(percent), result->latency.percentile(percent), "percentile");
  }
  EXPECT_NEAR(result->mean_ns, replay->recorded_mean_ns, replay->recorded_mean_ns * 0.005);
}

TEST(Replay, ChangesShow) {
  const Recording recording = live_run(4, 65);
  const auto p99 = [&](const ReplayOptions& options) {
    return run(replay_of(recording, options)->changed, "changed", 1)->latency.percentile(99);
  };
  const uint64_t unchanged = p99({});
  EXPECT_LT(p99({.policy = PolicyKind::least_request}), unchanged) << "round robin queues where others are idle";
  EXPECT_GT(p99({.endpoints = 3}), unchanged * 5 / 4);
  EXPECT_LT(p99({.endpoints = 8}), unchanged);
  EXPECT_LT(p99({.speed_percent = 200}), unchanged / 2 + unchanged / 10);
}

TEST(Replay, TheScenario) {
  const Recording recording = live_run(4, 50);
  const auto replay =
      replay_of(recording, {.policy = PolicyKind::maglev, .endpoints = 7, .speed_percent = 150, .concurrency = 2});
  ASSERT_NE(replay, nullptr);
  EXPECT_FALSE(replay->concurrency_inferred);
  const TierSpec& before = replay->as_recorded.tiers.front();
  const TierSpec& after = replay->changed.tiers.front();
  EXPECT_EQ(before.cluster.policy, PolicyKind::round_robin);
  EXPECT_EQ(after.cluster.policy, PolicyKind::maglev);
  EXPECT_EQ(before.endpoints.front().count, 4u);
  EXPECT_EQ(after.endpoints.front().count, 7u);
  EXPECT_EQ(before.endpoints.front().speed_percent, 100u);
  EXPECT_EQ(after.endpoints.front().speed_percent, 150u);
  EXPECT_EQ(after.endpoints.front().concurrency, 2u);
  EXPECT_EQ(replay->changed.network.same_zone, Duration::us(10)) << "a fourth of what the proxy took to send it on";
  const ClientSpec& clients = replay->changed.clients.front();
  EXPECT_EQ(clients.arrivals, Arrivals::trace);
  ASSERT_EQ(clients.trace.size(), recording.requests.size());
  EXPECT_EQ(clients.trace[9].at, recording.requests[9].arrived);
  EXPECT_EQ(clients.trace[9].key, 9u);
}

TEST(Replay, WhatWasUnderWayBecomesTheWarmUp) {
  Recording recording = live_run(2, 40);
  for (RecordedRequest& each : recording.requests) each.arrived = each.arrived - Duration::ms(500);
  const auto early = static_cast<uint64_t>(std::count_if(recording.requests.begin(), recording.requests.end(),
                                                         [](const auto& each) { return each.arrived < Duration{}; }));
  const auto replay = replay_of(recording);
  ASSERT_NE(replay, nullptr);
  ASSERT_GT(early, 0u);
  EXPECT_EQ(replay->requests, 4'000 - early);
  EXPECT_EQ(replay->recorded.count(), 4'000 - early);
  EXPECT_EQ(replay->changed.clients.front().trace.front().at, Duration{});
  EXPECT_EQ(replay->changed.warm_up, Duration{} - recording.requests.front().arrived);
  EXPECT_EQ(run(replay->changed, "", 1)->arrived, 4'000 - early);
}

TEST(Replay, WhatNobodyAnsweredIsReplayedWithTheMedianDemand) {
  Recording recording = live_run(2, 40, 1'001);
  RecordedRequest& refused = recording.requests[100];
  refused.endpoint = RecordedRequest::kNoEndpoint;
  refused.attempt = refused.first_byte = Duration{};
  refused.latency = Duration::us(1);
  refused.status = 503;
  const auto replay = replay_of(recording);
  ASSERT_NE(replay, nullptr);
  EXPECT_EQ(replay->unanswered, 1u);
  EXPECT_EQ(replay->recorded.count(), 1'000u);
  const auto& trace = replay->changed.clients.front().trace;
  ASSERT_EQ(trace.size(), 1'001u);
  EXPECT_NEAR(trace[100].service.seconds(), 0.025, 0.002);
}

TEST(Replay, TellsHowEqualTheEndpointsWere) {
  Recording recording = live_run(2, 20);
  EXPECT_LT(replay_of(recording)->demand_spread, 1.1);
  for (RecordedRequest& each : recording.requests) {
    if (each.endpoint == 1) each.first_byte = each.latency = each.latency * 3;
  }
  EXPECT_GT(replay_of(recording)->demand_spread, 2.0);
}

TEST(Replay, TellsHowBusyTheEndpointsWouldBe) {
  const auto replay = replay_of(live_run(4, 60), {.endpoints = 2, .speed_percent = 200});
  ASSERT_NE(replay, nullptr);
  EXPECT_NEAR(offered_percent(replay->as_recorded, replay->length), 60, 2);
  EXPECT_NEAR(offered_percent(replay->changed, replay->length), 60, 2) << "half as many, twice as fast";
}

TEST(Replay, Refuses) {
  Recording two = live_run(2, 40, 10);
  two.clusters.push_back({.name = "api", .endpoints = {"b:1"}});
  Recording silent = live_run(2, 40, 10);
  for (RecordedRequest& each : silent.requests) each.first_byte = Duration{};
  Recording endless = live_run(2, 40, 10);
  endless.length = Duration{};
  const Recording empty;
  const struct {
    const char* expected;
    const Recording& recording;
    ReplayOptions options;
  } cases[] = {
      {"the recording names no cluster", empty, {}},
      {"several clusters were recorded, choose one of app, api", two, {}},
      {"cluster web was not recorded, expected app, api", two, {.cluster = "web"}},
      {"no request to cluster api was answered while it was recorded", two, {.cluster = "api"}},
      {"no request to cluster app was answered while it was recorded", silent, {}},
      {"the recording has no length", endless, {}},
  };
  for (const auto& c : cases) {
    const auto made = make_replay(c.recording, c.options);
    ASSERT_FALSE(made.has_value()) << c.expected;
    EXPECT_EQ(made.error(), c.expected);
  }
  EXPECT_TRUE(make_replay(two, {.cluster = "app"}).has_value());
}

}  // namespace
}  // namespace weir::sim
