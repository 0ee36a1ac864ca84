// The detector's state machine and limits, by small scripted cases. What it detects in traffic:
// outlier_detection_test.cc.
#include "balance/outlier.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

constexpr Duration kLatency = Duration::ms(10);

struct Fixture {
  explicit Fixture(size_t endpoints, const model::OutlierConfig& config = {}) {
    std::vector<OutlierTally*> pointers;
    for (size_t i = 0; i < endpoints; ++i) {
      tallies.push_back(std::make_unique<OutlierTally>(config.window));
      pointers.push_back(tallies.back().get());
    }
    detector = std::make_unique<OutlierDetector>(config, pointers, 1);
    inputs.resize(endpoints);
  }
  std::optional<Transition> result(size_t endpoint, Outcome outcome, Duration latency = kLatency) {
    return detector->on_result(endpoint, outcome, latency, now);
  }
  /// `count` times the same result; the last transition, if any.
  std::optional<Transition> results(size_t endpoint, Outcome outcome, int count) {
    std::optional<Transition> last;
    for (int i = 0; i < count; ++i) {
      if (auto transition = result(endpoint, outcome)) last = transition;
    }
    return last;
  }
  std::vector<Transition> sweep_at(Instant at) {
    now = at;
    const auto transitions = detector->sweep(now, inputs);
    return {transitions.begin(), transitions.end()};
  }
  OutlierState state(size_t endpoint) const { return detector->state(endpoint); }

  Instant now = kStart;
  std::vector<std::unique_ptr<OutlierTally>> tallies;
  std::unique_ptr<OutlierDetector> detector;
  std::vector<SweepInput> inputs;
};

TEST(Outlier, ConsecutiveGatewayFailuresEject) {
  Fixture f(2);
  EXPECT_FALSE(f.results(0, Outcome::gateway_failure, 4).has_value());
  const auto transition = f.result(0, Outcome::gateway_failure);
  ASSERT_TRUE(transition.has_value());
  EXPECT_EQ(transition->to, OutlierState::ejected);
  EXPECT_EQ(transition->evidence.reason, OutlierReason::gateway_run);
  EXPECT_EQ(transition->evidence.run, 5u);
  EXPECT_NEAR(transition->evidence.ejection.seconds(), 5.0, 0.51);
}

TEST(Outlier, ConsecutiveLocalFailuresEjectApart) {
  model::OutlierConfig config;
  config.consecutive_local_failures = 3;
  config.consecutive_gateway_failures = 0;
  Fixture f(3, config);
  EXPECT_FALSE(f.results(1, Outcome::gateway_failure, 9).has_value()) << "switched off";
  const auto transition = f.results(0, Outcome::local_failure, 3);
  ASSERT_TRUE(transition.has_value());
  EXPECT_EQ(transition->evidence.reason, OutlierReason::local_run);
}

TEST(Outlier, LimitsOfEjection) {
  struct Case {
    const char* message;
    size_t expected_ejected;
    size_t endpoints;
    uint32_t percent;
    size_t failing;
    size_t unavailable;  ///< by active checks, from the end
  };
  const Case cases[] = {
      {"the only endpoint", 0, 1, 50, 1, 0},
      {"one of two", 1, 2, 50, 1, 0},
      {"one of two when the other fails its checks", 0, 2, 50, 1, 1},
      {"one of three at 10 %: at least one may be", 1, 3, 10, 1, 0},
      {"two of three at 50 %: one is the limit", 1, 3, 50, 2, 0},
      {"two of four at 50 %", 2, 4, 50, 2, 0},
      {"three of four at 100 %", 3, 4, 100, 3, 0},
      {"three of four at 100 %, the fourth fails its checks", 2, 4, 100, 3, 1},
      {"five of ten at 20 %", 2, 10, 20, 5, 0},
  };
  for (const Case& c : cases) {
    model::OutlierConfig config;
    config.max_ejection_percent = c.percent;
    Fixture f(c.endpoints, config);
    for (size_t i = c.endpoints - c.unavailable; i < c.endpoints; ++i) f.detector->set_available(i, false);
    // One after the other, so that at each moment somebody else is clearly better off, if somebody is at all.
    for (size_t i = 0; i < c.failing; ++i) f.results(i, Outcome::gateway_failure, 10);
    size_t ejected = 0;
    for (size_t i = 0; i < c.endpoints; ++i) ejected += f.state(i) == OutlierState::ejected ? 1 : 0;
    EXPECT_EQ(ejected, c.expected_ejected) << c.message;
  }
}

TEST(Outlier, WhenAllFailTogetherNobodyIsEjected) {
  for (const size_t endpoints : {2u, 5u}) {
    Fixture f(endpoints);
    for (int i = 0; i < 100; ++i) {
      for (size_t e = 0; e < endpoints; ++e) EXPECT_FALSE(f.result(e, Outcome::gateway_failure).has_value()) << i;
    }
    EXPECT_TRUE(f.sweep_at(kStart + Duration::s(1)).empty());
  }
}

TEST(Outlier, ServesAgainAfterProbation) {
  Fixture f(2);
  f.results(0, Outcome::gateway_failure, 5);
  EXPECT_FALSE(f.detector->claim_probation(true).has_value());
  EXPECT_TRUE(f.sweep_at(kStart + Duration::s(4)).empty()) << "5 s, less 10 % at most";
  const auto transitions = f.sweep_at(kStart + Duration::s(6));
  ASSERT_EQ(transitions.size(), 1u);
  EXPECT_EQ(transitions[0].to, OutlierState::probation);

  EXPECT_EQ(f.detector->claim_probation(true), std::optional<size_t>(0));
  EXPECT_FALSE(f.detector->claim_probation(true).has_value()) << "exactly one request";
  f.now = kStart + Duration::s(7);
  const auto passed = f.result(0, Outcome::success);
  ASSERT_TRUE(passed.has_value());
  EXPECT_EQ(passed->to, OutlierState::serving);
  EXPECT_EQ(f.tallies[0]->counts(f.now), OutlierTally::Counts{}) << "its window starts empty";
  EXPECT_FALSE(f.result(0, Outcome::gateway_failure).has_value()) << "and so does its run";
}

TEST(Outlier, WhereNothingMayBeRepeatedAnyRequestEndsAProbation) {
  Fixture f(2);
  f.results(0, Outcome::gateway_failure, 5);
  f.sweep_at(kStart + Duration::s(6));
  EXPECT_FALSE(f.detector->claim_probation(false).has_value()) << "one that may be repeated is better";
  f.sweep_at(kStart + Duration::s(10));
  EXPECT_FALSE(f.detector->claim_probation(false).has_value());
  f.sweep_at(kStart + Duration::s(11));
  EXPECT_EQ(f.detector->claim_probation(false), std::optional<size_t>(0)) << "none came for 5 s";
  EXPECT_FALSE(f.detector->claim_probation(false).has_value()) << "exactly one request";
  f.now = kStart + Duration::s(12);
  ASSERT_TRUE(f.result(0, Outcome::gateway_failure).has_value());
  f.sweep_at(kStart + Duration::s(24));
  ASSERT_EQ(f.state(0), OutlierState::probation);
  EXPECT_FALSE(f.detector->claim_probation(false).has_value()) << "the next probation waits anew";
}

TEST(Outlier, FailedProbationsLastLongerUpToTheMaximum) {
  model::OutlierConfig config;
  config.max_ejection = Duration::s(60);
  Fixture f(2, config);
  Duration ejection = f.results(0, Outcome::gateway_failure, 5)->evidence.ejection;
  for (const double expected : {5.0, 10.0, 20.0, 40.0, 60.0, 60.0}) {
    EXPECT_NEAR(ejection.seconds(), expected, expected * 0.101);
    ASSERT_EQ(f.sweep_at(f.now + ejection).size(), 1u);
    ASSERT_TRUE(f.detector->claim_probation(true).has_value());
    f.now = f.now + Duration::ms(20);
    const auto failed = f.result(0, Outcome::gateway_failure);
    ASSERT_TRUE(failed.has_value());
    EXPECT_EQ(failed->evidence.reason, OutlierReason::probation_failed);
    ejection = failed->evidence.ejection;
  }
}

TEST(Outlier, StragglersAndCancellationsDoNotDecideAProbation) {
  Fixture f(2);
  f.results(0, Outcome::gateway_failure, 5);
  f.sweep_at(kStart + Duration::s(6));
  ASSERT_TRUE(f.detector->claim_probation(true).has_value());
  f.now = kStart + Duration::s(7);
  EXPECT_FALSE(f.result(0, Outcome::success, Duration::s(5)).has_value()) << "sent before the probation";
  EXPECT_FALSE(f.result(0, Outcome::cancelled, Duration::ms(500)).has_value());
  EXPECT_EQ(f.state(0), OutlierState::probation);
  EXPECT_TRUE(f.detector->claim_probation(true).has_value()) << "the cancelled request gave its place back";
}

TEST(Outlier, AnUnreportedProbationIsOpenedAgain) {
  Fixture f(2);
  f.results(0, Outcome::gateway_failure, 5);
  f.sweep_at(kStart + Duration::s(6));
  ASSERT_TRUE(f.detector->claim_probation(true).has_value());
  f.sweep_at(kStart + Duration::s(200));
  EXPECT_FALSE(f.detector->claim_probation(true).has_value());
  f.sweep_at(kStart + Duration::s(306));
  EXPECT_TRUE(f.detector->claim_probation(true).has_value());
}

TEST(Outlier, ActiveChecksNeitherEndNorShortenAnEjection) {
  Fixture f(2);
  f.results(0, Outcome::gateway_failure, 5);
  f.detector->set_available(0, true);
  EXPECT_EQ(f.state(0), OutlierState::ejected);
  f.inputs[0].available = false;
  EXPECT_TRUE(f.sweep_at(kStart + Duration::s(60)).empty()) << "no probation while it fails its checks";
  f.inputs[0].available = true;
  EXPECT_EQ(f.sweep_at(kStart + Duration::s(61)).size(), 1u);
}

TEST(Outlier, NobodyIsSentToAnEndpointInProbationThatIsNotAvailable) {
  Fixture f(2);
  f.results(0, Outcome::gateway_failure, 5);
  f.sweep_at(kStart + Duration::s(6));
  ASSERT_EQ(f.state(0), OutlierState::probation);
  f.detector->set_available(0, false);
  EXPECT_FALSE(f.detector->claim_probation(true).has_value()) << "drained before anybody was sent";
  f.inputs[0].available = false;
  f.sweep_at(kStart + Duration::s(400));
  EXPECT_FALSE(f.detector->claim_probation(true).has_value()) << "nor is it offered anew, however long it takes";
  f.detector->set_available(0, true);
  EXPECT_EQ(f.detector->claim_probation(true), std::optional<size_t>(0)) << "undrained";
  f.detector->set_available(0, false);
  EXPECT_FALSE(f.result(0, Outcome::cancelled, Duration{}).has_value());
  EXPECT_FALSE(f.detector->claim_probation(true).has_value()) << "what is given back while it drains stays with us";
  f.detector->set_available(0, true);
  EXPECT_EQ(f.detector->claim_probation(true), std::optional<size_t>(0));
  EXPECT_FALSE(f.detector->claim_probation(true).has_value()) << "exactly one request";
}

TEST(Outlier, AnImportedProbationOfADrainingEndpointWaits) {
  Fixture f(2);
  f.detector->set_available(1, false);
  f.detector->import_state(1, {.state = OutlierState::probation, .ejections = 1, .since = kStart});
  EXPECT_FALSE(f.detector->claim_probation(true).has_value());
  f.detector->set_available(1, true);
  EXPECT_EQ(f.detector->claim_probation(true), std::optional<size_t>(1));
}

TEST(Outlier, EjectionsAreForgottenInService) {
  Fixture f(2);
  f.detector->import_state(0, {.ejections = 3, .since = kStart, .decayed_at = kStart});
  // 20 s, then 10 s, then 5 s of service.
  struct Case {
    uint32_t expected;
    int second;
  };
  for (const Case& c : {Case{3, 19}, {2, 20}, {2, 29}, {1, 30}, {1, 34}, {0, 35}}) {
    f.sweep_at(kStart + Duration::s(c.second));
    EXPECT_EQ(f.detector->export_state(0).ejections, c.expected) << c.second << " s";
  }
}

TEST(Outlier, StateSurvivesAReload) {
  Fixture old(2);
  old.results(0, Outcome::gateway_failure, 5);
  const EjectionState state = old.detector->export_state(0);
  // The same endpoint is number 2 of three now, and keeps its tally.
  OutlierTally first(Duration::s(10));
  OutlierTally second(Duration::s(10));
  OutlierDetector detector({}, {&first, &second, old.tallies[0].get()}, 2);
  detector.import_state(2, state);
  EXPECT_EQ(detector.state(2), OutlierState::ejected);
  const std::vector<SweepInput> inputs(3);
  const auto transitions = detector.sweep(kStart + Duration::s(6), inputs);
  ASSERT_EQ(transitions.size(), 1u);
  EXPECT_EQ(transitions[0].endpoint, 2u);
  EXPECT_EQ(detector.claim_probation(true), std::optional<size_t>(2));
}

TEST(Outlier, AnImportedProbationCanBeClaimed) {
  Fixture f(2);
  f.detector->import_state(1, {.state = OutlierState::probation, .ejections = 1, .since = kStart});
  EXPECT_EQ(f.detector->claim_probation(true), std::optional<size_t>(1));
}

TEST(Outlier, SwitchedOffItDoesNothing) {
  model::OutlierConfig config;
  config.enabled = false;
  Fixture f(2, config);
  EXPECT_FALSE(f.results(0, Outcome::gateway_failure, 100).has_value());
  EXPECT_TRUE(f.sweep_at(kStart + Duration::s(1)).empty());
}

TEST(Outlier, OnlyOneOfManyThreadsClaims) {
  Fixture f(2);
  f.detector->import_state(1, {.state = OutlierState::probation, .ejections = 1, .since = kStart});
  std::atomic<int> claims{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        if (f.detector->claim_probation(true)) claims.fetch_add(1);
      });
    }
  }
  EXPECT_EQ(claims.load(), 1);
}

TEST(Outlier, DescribesItsReasons) {
  using S = OutlierState;
  struct Case {
    const char* expected;
    Transition transition;
  };
  Evidence ratio{.reason = OutlierReason::failure_ratio};
  ratio.own = {24, 12};
  ratio.peers = {240, 1};
  ratio.p_value = 3e-12;
  ratio.ejection = Duration::ms(5'200);
  ratio.ejections = 1;
  Evidence slow{.reason = OutlierReason::latency, .run = 3};
  slow.median = Duration::ms(120);
  slow.peers_median = Duration::us(10'500);
  slow.ejection = Duration::s(10);
  slow.ejections = 2;
  const Case cases[] = {
      {"serving -> ejected for 5.2 s (ejection 1): 12 of 24 (50.0 %) of its requests failed, 1 of 240 (0.4 %) of its "
       "peers' (p = 3e-12)",
       {0, S::serving, S::ejected, ratio}},
      {"serving -> ejected for 10.0 s (ejection 2): median latency 120.0 ms against its peers' 10.5 ms for 3 sweeps",
       {0, S::serving, S::ejected, slow}},
      {"probation -> serving: its one request succeeded",
       {0, S::probation, S::serving, Evidence{.reason = OutlierReason::probation_passed}}},
  };
  for (const Case& c : cases) EXPECT_EQ(describe(c.transition), c.expected);
}

}  // namespace
}  // namespace weir::balance
