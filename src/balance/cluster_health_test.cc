// The health of a cluster, whole. What each judge decides for itself is in endpoint_health_test, outlier_test and
// active_health_test; what sockets and reloads add, in upstream/cluster_test.
#include "balance/cluster_health.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

constexpr Duration kLatency = Duration::ms(1);
constexpr Instant at(int64_t seconds) { return kStart + Duration::s(seconds); }

model::ClusterConfig runs_only() {
  model::ClusterConfig config;
  config.outlier.failure_percent = 0;  // so that counting them is all there is to it
  config.outlier.latency_factor = 0;
  return config;
}

model::ClusterConfig checked(uint32_t rise = 2, uint32_t fall = 3) {
  model::ClusterConfig config = runs_only();
  model::HealthCheckConfig& check = config.health_check.emplace();
  check.rise = rise;
  check.fall = fall;
  return config;
}

struct Members {
  explicit Members(size_t count, Duration window = runs_only().outlier.window) {
    for (size_t i = 0; i < count; ++i) {
      owned.push_back(std::make_unique<Member>("10.0.0." + std::to_string(i + 1) + ":80", window));
      pointers.push_back(owned.back().get());
    }
  }
  std::vector<std::unique_ptr<Member>> owned;
  std::vector<Member*> pointers;
};

struct Rig {
  explicit Rig(size_t count, model::ClusterConfig wanted = runs_only())
      : config(std::move(wanted)), members(count), health(config, members.pointers, 1) {}

  void fail(uint32_t endpoint, Instant now, int times = 5) {
    for (int i = 0; i < times; ++i) result(endpoint, Outcome::gateway_failure, now);
  }
  std::optional<Transition> result(uint32_t endpoint, Outcome outcome, Instant now) {
    if (!health.record(endpoint, outcome, kLatency, now)) return std::nullopt;
    return health.judge(endpoint, outcome, kLatency, now);
  }
  std::span<const Transition> sweep(Instant now) {
    return health.sweep(now, std::vector<Instant>(health.size(), Instant::max()));
  }
  [[nodiscard]] std::string letters() const { return letters_of(health); }
  /// A letter per endpoint: h(ealthy), u(nhealthy), d(raining).
  static std::string letters_of(const ClusterHealth& health) {
    std::vector<EndpointView> views;
    EXPECT_EQ(health.views(views), health.generation());
    std::string letters;
    for (const EndpointView& view : views) letters += name_of(view.health)[0];
    return letters;
  }

  const model::ClusterConfig config;
  Members members;
  ClusterHealth health;
};

TEST(Member, ItsKeyStaysTheSame) {
  // Ring and Maglev tables are made of keys: another hash would move most requests to other endpoints at an upgrade.
  EXPECT_EQ(Member("10.0.0.1:3000", Duration::s(10)).key, 0xc3903e7e925507fu);
  EXPECT_EQ(Member("10.0.0.2:3000", Duration::s(10)).key, 0xe17fb329acd3b1e1u);
}

TEST(ZoneId, TellsZonesApart) {
  EXPECT_EQ(zone_id(""), ZoneId{});
  EXPECT_NE(zone_id("a"), zone_id("b"));
  EXPECT_EQ(zone_id("a"), zone_id(std::string("a")));
  EXPECT_EQ(zone_id("zone33739").v, 1) << "its hash is 0, which means no zone";
  EXPECT_EQ(zone_id("eu-west-1a").v, 0x2108);
}

TEST(BalancerOptions, ComeFromTheConfiguration) {
  model::ClusterConfig config;
  config.policy = model::PolicyKind::maglev;
  config.choices = 5;
  config.bounded_load_percent = 150;
  config.panic_percent = 11;
  config.overprovisioning_percent = 222;
  config.slow_start = Duration::s(33);
  config.zone_preference = true;
  const BalancerOptions options = balancer_options(config, "a");
  EXPECT_EQ(options.policy, model::PolicyKind::maglev);
  EXPECT_EQ(options.choices, 5u);
  EXPECT_EQ(options.bounded_load_percent, 150u);
  EXPECT_EQ(options.panic_percent, 11u);
  EXPECT_EQ(options.overprovisioning_percent, 222u);
  EXPECT_EQ(options.slow_start, Duration::s(33));
  EXPECT_TRUE(options.zone_preference);
  EXPECT_EQ(options.local_zone, zone_id("a"));
  EXPECT_EQ(balancer_options(config, "").local_zone, ZoneId{});
}

TEST(ClusterHealth, ViewsShowTheMembers) {
  Rig rig(2);
  rig.members.owned[1]->zone = zone_id("b");
  rig.members.owned[1]->priority = 3;
  rig.members.owned[1]->inputs.weight = 7;
  rig.members.owned[1]->inputs.joined_at = at(1);
  rig.health.recombine();
  std::vector<EndpointView> views(9);
  rig.health.views(views);
  ASSERT_EQ(views.size(), 2u);
  for (uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(views[i].index, i);
    EXPECT_EQ(views[i].key, rig.members.owned[i]->key);
    EXPECT_EQ(views[i].load, &rig.members.owned[i]->load);
    EXPECT_EQ(&rig.health.member(i), rig.members.pointers[i]);
    EXPECT_EQ(views[i].weight, rig.health.effective(i).weight);
  }
  EXPECT_EQ(views[1].zone, zone_id("b"));
  EXPECT_EQ(views[1].priority, 3);
  EXPECT_EQ(views[1].weight, 7u);
  EXPECT_EQ(views[1].slow_start_from, at(1));
  EXPECT_EQ(views[0].slow_start_from, Instant{}) << "at the start nobody starts slowly";
}

TEST(ClusterHealth, TheGenerationChangesOnlyWithTheViews) {
  Rig rig(2, checked(1, 1));
  for (const uint32_t i : {0, 1}) EXPECT_TRUE(rig.health.on_probe(i, ProbeResult::ok, kStart));
  const struct {
    const char* message;
    bool changes;
    std::function<void()> act;
  } cases[] = {
      {"a success", false, [&] { rig.result(0, Outcome::success, kStart); }},
      {"a failure", false, [&] { rig.fail(0, kStart, 1); }},
      {"a sweep that finds nothing", false, [&] { rig.sweep(kStart); }},
      {"a probe that says the same", false, [&] { rig.health.on_probe(0, ProbeResult::ok, kStart); }},
      {"a probe that says otherwise", true, [&] { rig.health.on_probe(0, ProbeResult::fail, kStart); }},
      {"and back", true, [&] { rig.health.on_probe(0, ProbeResult::ok, kStart); }},
      {"a weight", true, [&] { rig.health.set_weight(0, 3); }},
      {"the same weight", false, [&] { rig.health.set_weight(0, 3); }},
      {"a drain", true, [&] { rig.health.set_draining(0, true, kStart); }},
      {"the same drain", false, [&] { rig.health.set_draining(0, true, kStart); }},
      {"an undrain", true, [&] { rig.health.set_draining(0, false, kStart); }},
      {"nothing new", false, [&] { rig.health.recombine(); }},
      {"an ejection", true, [&] { rig.fail(0, kStart); }},
      {"its probation", false, [&] { EXPECT_EQ(rig.sweep(at(6)).size(), 1u); }},
  };
  for (const auto& c : cases) {
    const uint64_t before = rig.health.generation();
    c.act();
    EXPECT_EQ(rig.health.generation() != before, c.changes) << c.message;
  }
}

TEST(ClusterHealth, AnEjectionEndsWithOneGoodRequest) {
  Rig rig(2);
  rig.fail(0, kStart, 4);
  const auto ejected = rig.result(0, Outcome::gateway_failure, kStart);
  ASSERT_TRUE(ejected.has_value());
  EXPECT_EQ(ejected->endpoint, 0u);
  EXPECT_EQ(ejected->to, OutlierState::ejected);
  EXPECT_EQ(rig.letters(), "uh");
  EXPECT_EQ(rig.health.claim_probation(true), std::nullopt);

  const auto transitions = rig.sweep(at(6));  // the first ejection is of 5 s, give or take a tenth
  ASSERT_EQ(transitions.size(), 1u);
  EXPECT_EQ(transitions[0].to, OutlierState::probation);
  EXPECT_EQ(rig.health.outlier(0), OutlierState::probation);
  EXPECT_EQ(rig.letters(), "uh");
  EXPECT_EQ(rig.health.claim_probation(true), 0u);
  EXPECT_EQ(rig.health.claim_probation(true), std::nullopt);

  ASSERT_TRUE(rig.result(0, Outcome::success, at(7)).has_value());
  EXPECT_EQ(rig.letters(), "hh");
  EXPECT_EQ(rig.health.effective(0).slow_start_from, at(7));
  EXPECT_EQ(rig.health.effective(1).slow_start_from, Instant{});
}

TEST(ClusterHealth, AnEjectionIsSuspendedWhileNobodyElseCouldServe) {
  Rig rig(2);
  rig.fail(0, kStart);
  EXPECT_EQ(rig.letters(), "uh");
  rig.health.set_draining(1, true, kStart);
  EXPECT_EQ(rig.letters(), "hd");
  rig.health.set_draining(1, false, kStart);
  EXPECT_EQ(rig.letters(), "uh");
}

TEST(ClusterHealth, JudgesKnowBetweenSweepsWhoCouldServe) {
  Rig rig(2);
  rig.health.set_weight(1, 0);
  rig.fail(0, kStart, 50);
  EXPECT_EQ(rig.health.outlier(0), OutlierState::serving) << "never the last one that could serve";
}

TEST(ClusterHealth, ASweepSeesTheAgeOfWhatIsNotAnswered) {
  struct Case {
    const char* message;
    OutlierState expected;
    uint32_t in_flight;
    Instant oldest;
  };
  const Case cases[] = {
      {"two wait since the start", OutlierState::ejected, 2, kStart},
      {"two upgraded connections: nothing is unanswered", OutlierState::serving, 2, Instant::max()},
      {"a single one may be a long one", OutlierState::serving, 1, kStart},
  };
  for (const Case& c : cases) {
    model::ClusterConfig config = runs_only();
    config.outlier.latency_factor = 5;
    Rig rig(2, config);
    rig.members.owned[0]->load.in_flight = c.in_flight;
    Instant now = at(5);
    for (uint32_t sweep = 0; sweep < config.outlier.latency_windows; ++sweep) {
      for (int i = 0; i < 10; ++i) rig.result(1, Outcome::success, now);
      rig.health.sweep(now, std::vector{c.oldest, Instant::max()});
      now = now + rig.health.sweep_interval();
    }
    EXPECT_EQ(rig.health.outlier(0), c.expected) << c.message;
  }
}

TEST(ClusterHealth, SlownessIsExcusedInTheSlowStartOfANewcomerOnly) {
  struct Case {
    const char* message;
    OutlierState expected;
    Instant joined;
    Instant active_since;
    Instant serving_since;
    Duration slow_start;
  };
  const Duration window = Duration::s(10);
  const Case cases[] = {
      {"here since the process began", OutlierState::ejected, {}, {}, {}, window},
      {"undrained", OutlierState::serving, at(4), {}, {}, window},
      {"found healthy again", OutlierState::serving, {}, at(4), {}, window},
      {"its slow start is over", OutlierState::ejected, at(4) - window, {}, {}, window},
      {"without slow start", OutlierState::ejected, at(4), {}, {}, Duration{}},
      {"it was ejected since: slow again is slow still", OutlierState::ejected, at(3), {}, at(4), window},
  };
  for (const Case& c : cases) {
    model::ClusterConfig config = runs_only();
    config.outlier.latency_factor = 5;
    config.slow_start = c.slow_start;
    Rig rig(2, config);
    HealthInputs& inputs = rig.members.owned[0]->inputs;
    inputs.joined_at = c.joined;
    inputs.active_since = c.active_since;
    inputs.serving_since = c.serving_since;
    Instant now = at(5);
    for (uint32_t sweep = 0; sweep < config.outlier.latency_windows; ++sweep) {
      for (int i = 0; i < 10; ++i) {
        rig.result(1, Outcome::success, now);
        rig.health.record(0, Outcome::success, kLatency * 20, now);
      }
      rig.sweep(now);
      now = now + rig.health.sweep_interval();
    }
    EXPECT_EQ(rig.health.outlier(0), c.expected) << c.message;
  }
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)  // whose allocator tells
// Of <sanitizer/allocator_interface.h>, which g++ 12 does not install. Returns 0 when there are too many hooks.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, size_t),
                                                         void (*on_free)(const volatile void*));

thread_local uint64_t allocations = 0;

TEST(ClusterHealth, ASweepDoesNotAllocate) {
  ASSERT_NE(__sanitizer_install_malloc_and_free_hooks([](const volatile void*, size_t) { ++allocations; },
                                                      [](const volatile void*) {}),
            0);
  Rig rig(200, model::ClusterConfig{});
  const std::vector<Instant> oldest(200, kStart);
  const auto allocated_by_sweep = [&](int64_t second) {
    for (uint32_t i = 0; i < 200; ++i) {
      for (int n = 0; n < 20; ++n) rig.result(i, Outcome::success, at(second));
    }
    const uint64_t before = allocations;
    EXPECT_TRUE(rig.health.sweep(at(second), oldest).empty());
    return allocations - before;
  };
  EXPECT_GT(allocated_by_sweep(1), 0u) << "the first takes what the others use";
  for (int64_t second = 2; second <= 4; ++second) EXPECT_EQ(allocated_by_sweep(second), 0u) << "second " << second;
}
#endif

TEST(ClusterHealth, ProbesDecideAndWhatComesBackStartsSlowly) {
  Rig rig(2, checked(2, 2));
  EXPECT_EQ(rig.letters(), "uu") << "nothing is known yet";
  EXPECT_FALSE(rig.health.probed());
  const struct {
    const char* message;
    ProbeResult result;
    bool changed;
    const char* expected;
    Instant slow_start_from;
  } steps[] = {
      {"the first decides, and it was always healthy", ProbeResult::ok, true, "hu", Instant{}},
      {"fall: one", ProbeResult::fail, false, "hu", Instant{}},
      {"fall: two", ProbeResult::fail, true, "uu", Instant{}},
      {"rise: one", ProbeResult::ok, false, "uu", Instant{}},
      {"rise: two", ProbeResult::ok, true, "hu", at(4)},
  };
  int64_t second = 0;
  for (const auto& step : steps) {
    EXPECT_EQ(rig.health.on_probe(0, step.result, at(second++)), step.changed) << step.message;
    EXPECT_EQ(rig.letters(), step.expected) << step.message;
    EXPECT_EQ(rig.health.effective(0).slow_start_from, step.slow_start_from) << step.message;
  }
  EXPECT_FALSE(rig.health.probed()) << "nobody has looked at the other one";
  rig.health.on_probe(1, ProbeResult::fail, kStart);
  EXPECT_TRUE(rig.health.probed());
}

TEST(ClusterHealth, WithoutChecksAProbeMeansNothing) {
  Rig rig(1);
  EXPECT_TRUE(rig.health.probed());
  EXPECT_FALSE(rig.health.on_probe(0, ProbeResult::fail, kStart));
  EXPECT_EQ(rig.letters(), "h");
}

TEST(ClusterHealth, OnlyTheEndOfADrainStartsSlowly) {
  Rig rig(2);
  rig.health.set_draining(0, false, at(1));
  EXPECT_EQ(rig.health.effective(0).slow_start_from, Instant{}) << "it was not draining";
  rig.health.set_draining(0, true, at(2));
  EXPECT_EQ(rig.letters(), "dh");
  EXPECT_EQ(rig.health.effective(0).slow_start_from, Instant{});
  rig.health.set_draining(0, false, at(3));
  EXPECT_EQ(rig.health.effective(0).slow_start_from, at(3));
}

// ---- the next configuration, with the same members

TEST(ClusterHealthReload, EjectionsGoOnWithTheirMembers) {
  Rig rig(3);
  rig.fail(1, kStart);
  Members added(1);
  const std::vector<Member*> members{added.pointers[0], rig.members.pointers[1], rig.members.pointers[0]};
  ClusterHealth after(rig.config, members, 1);
  EXPECT_EQ(Rig::letters_of(after), "hhh");
  after.take_over(rig.health);
  EXPECT_EQ(Rig::letters_of(after), "huh");
  EXPECT_EQ(after.sweep(at(6), std::vector(3, Instant::max())).size(), 1u) << "it ends as it would have";
  EXPECT_EQ(after.claim_probation(true), 1u);
}

TEST(ClusterHealthReload, DetectionTurnedOffJudgesNobody) {
  Rig rig(2);
  rig.fail(0, kStart);
  model::ClusterConfig config = runs_only();
  config.outlier.enabled = false;
  ClusterHealth after(config, rig.members.pointers, 1);
  after.take_over(rig.health);
  EXPECT_EQ(Rig::letters_of(after), "hh");
  EXPECT_EQ(rig.members.owned[0]->tally.state(), OutlierState::serving);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(after.record(0, Outcome::gateway_failure, kLatency, kStart));
  EXPECT_FALSE(after.judge(0, Outcome::gateway_failure, kLatency, kStart).has_value());
  EXPECT_TRUE(after.sweep(at(60), std::vector(2, kStart)).empty());
  EXPECT_EQ(Rig::letters_of(after), "hh");
}

TEST(ClusterHealthReload, ChecksComeGoAndChange) {
  Rig rig(2, checked(2, 2));
  rig.health.on_probe(0, ProbeResult::ok, kStart);
  rig.health.on_probe(0, ProbeResult::fail, kStart);

  const model::ClusterConfig other = checked(1, 3);
  ClusterHealth changed(other, rig.members.pointers, 1);
  EXPECT_EQ(Rig::letters_of(changed), "hu") << "what was found stays";
  EXPECT_FALSE(changed.on_probe(0, ProbeResult::fail, kStart)) << "two failures: fall is 3 now";
  EXPECT_TRUE(changed.on_probe(0, ProbeResult::fail, kStart)) << "what was counted stays";

  const model::ClusterConfig unchecked = runs_only();
  EXPECT_EQ(Rig::letters_of(ClusterHealth(unchecked, rig.members.pointers, 1)), "hh");
  EXPECT_FALSE(rig.members.owned[0]->active.has_value());
  EXPECT_EQ(rig.members.owned[0]->inputs.active, std::nullopt);
  EXPECT_EQ(Rig::letters_of(ClusterHealth(other, rig.members.pointers, 1)), "uu") << "they begin anew";
}

}  // namespace
}  // namespace weir::balance
