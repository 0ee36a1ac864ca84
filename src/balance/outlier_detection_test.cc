// What outlier detection finds, and leaves alone, in simulated traffic on clusters of 2 to 20 endpoints. Seeds are
// fixed.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "balance/outlier.h"
#include "balance/test_cluster.h"
#include "base/prng.h"

namespace weir::balance {
namespace {

/// How one endpoint behaves.
struct Behaviour {
  double failure = 0.01;
  Outcome failing = Outcome::server_error;
  Duration latency = Duration::ms(10);
};

/// Traffic spread evenly over the endpoints that serve; sweeps every second.
class Traffic {
 public:
  Traffic(std::vector<Behaviour> behaviours, uint64_t seed, const model::OutlierConfig& config = {})
      : behaviours_(std::move(behaviours)), inputs_(behaviours_.size()), prng_(seed) {
    std::vector<OutlierTally*> pointers;
    for (size_t i = 0; i < behaviours_.size(); ++i) {
      tallies_.push_back(std::make_unique<OutlierTally>(config.window));
      pointers.push_back(tallies_.back().get());
    }
    detector_ = std::make_unique<OutlierDetector>(config, pointers, seed);
  }

  /// `rate` requests a second for each endpoint, for `seconds`.
  void run(int seconds, int rate) {
    for (int second = 0; second < seconds; ++second) {
      for (int i = 0; i < rate; ++i) {
        for (size_t e = 0; e < behaviours_.size(); ++e) request(e, now_ + Duration::ms(i * 1000 / rate));
      }
      now_ = now_ + Duration::s(1);
      for (const Transition& t : detector_->sweep(now_, inputs_)) note(t);
    }
  }

  [[nodiscard]] const std::set<size_t>& ejected() const { return ejected_; }
  [[nodiscard]] std::optional<Duration> first_ejection() const { return first_; }
  [[nodiscard]] std::optional<OutlierReason> reason() const { return reason_; }
  SweepInput& input(size_t endpoint) { return inputs_[endpoint]; }
  [[nodiscard]] const OutlierDetector& detector() const { return *detector_; }

 private:
  void request(size_t endpoint, Instant at) {
    if (detector_->state(endpoint) == OutlierState::ejected) return;
    const Behaviour& behaviour = behaviours_[endpoint];
    const Outcome outcome = prng_.unit() < behaviour.failure ? behaviour.failing : Outcome::success;
    const auto latency = Duration::seconds(behaviour.latency.seconds() * (0.5 + prng_.exponential(0.5)));
    if (const auto t = detector_->on_result(endpoint, outcome, latency, at)) note(*t);
  }
  void note(const Transition& transition) {
    if (transition.to != OutlierState::ejected) return;
    ejected_.insert(transition.endpoint);
    if (!first_) first_ = now_ - kStart;
    if (!reason_) reason_ = transition.evidence.reason;
  }

  std::vector<Behaviour> behaviours_;
  std::vector<std::unique_ptr<OutlierTally>> tallies_;
  std::unique_ptr<OutlierDetector> detector_;
  std::vector<SweepInput> inputs_;
  Prng prng_;
  Instant now_ = kStart;
  std::set<size_t> ejected_;
  std::optional<Duration> first_;
  std::optional<OutlierReason> reason_;
};

std::vector<Behaviour> cluster(size_t endpoints, size_t bad, const Behaviour& behaviour) {
  std::vector<Behaviour> behaviours(endpoints);
  for (size_t i = 0; i < bad; ++i) behaviours[i] = behaviour;
  return behaviours;
}

TEST(OutlierDetection, FindsEndpointsThatFailHalfTheirRequests) {
  struct Case {
    size_t endpoints;
    size_t bad;
  };
  for (const Case& c : {Case{2, 1}, {3, 1}, {5, 1}, {5, 2}, {9, 1}, {9, 4}, {20, 1}, {20, 8}}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      Traffic traffic(cluster(c.endpoints, c.bad, {.failure = 0.5}), seed);
      traffic.run(10, 20);
      EXPECT_EQ(traffic.ejected().size(), c.bad) << c.endpoints << " endpoints, seed " << seed;
      ASSERT_TRUE(traffic.first_ejection().has_value());
      EXPECT_LT(*traffic.ejected().rbegin(), c.bad) << "only bad ones";
      EXPECT_LE(*traffic.first_ejection(), Duration::s(5)) << c.endpoints << " endpoints, seed " << seed;
    }
  }
}

TEST(OutlierDetection, FindsThemAtLowRatesToo) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Traffic traffic(cluster(3, 1, {.failure = 0.6}), seed);
    traffic.run(60, 2);
    EXPECT_EQ(traffic.ejected(), std::set<size_t>{0}) << "2 requests a second and endpoint, seed " << seed;
  }
}

TEST(OutlierDetection, LeavesHealthyClustersAlone) {
  // Each run is ten minutes of every endpoint failing 1 % (and, harder, 5 %) of its requests at random.
  int false_ejections = 0;
  for (const size_t endpoints : {2u, 3u, 5u, 9u, 20u}) {
    for (const double failure : {0.01, 0.05}) {
      for (uint64_t seed = 1; seed <= 4; ++seed) {
        Traffic traffic(cluster(endpoints, endpoints, {.failure = failure, .failing = Outcome::server_error}), seed);
        traffic.run(600, 5);
        false_ejections += static_cast<int>(traffic.ejected().size());
      }
    }
  }
  EXPECT_EQ(false_ejections, 0);
}

TEST(OutlierDetection, WhatAllShareEjectsNobodyByRatio) {
  int false_ejections = 0;
  for (const size_t endpoints : {2u, 3u, 9u}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      Traffic traffic(cluster(endpoints, endpoints, {.failure = 0.5}), seed);
      traffic.run(60, 20);
      false_ejections += static_cast<int>(traffic.ejected().size());
    }
  }
  EXPECT_EQ(false_ejections, 0) << "both of two equally bad: no ratio tells them apart";
}

TEST(OutlierDetection, OfTwoBadOnesTheClearlyWorseGoes) {
  std::vector<Behaviour> behaviours(2);
  behaviours[0].failure = 0.9;
  behaviours[1].failure = 0.3;
  Traffic traffic(behaviours, 1);
  traffic.run(20, 50);
  EXPECT_EQ(traffic.ejected(), std::set<size_t>{0});
}

TEST(OutlierDetection, FindsSlowEndpoints) {
  for (const size_t endpoints : {2u, 3u, 5u, 20u}) {
    Traffic traffic(cluster(endpoints, 1, {.failure = 0.01, .latency = Duration::ms(100)}), 1);
    traffic.run(5, 20);
    EXPECT_EQ(traffic.ejected(), std::set<size_t>{0}) << endpoints;
    EXPECT_EQ(traffic.reason(), OutlierReason::latency);
    EXPECT_EQ(traffic.first_ejection(), Duration::s(3)) << "three sweeps in a row";
  }
}

TEST(OutlierDetection, SlownessThatIsNoOutlier) {
  struct Case {
    const char* message;
    Behaviour one;
    Behaviour others;
  };
  const Case cases[] = {
      {"three times as slow", {.latency = Duration::ms(30)}, {.latency = Duration::ms(10)}},
      {"ten times, but of microseconds", {.latency = Duration::us(400)}, {.latency = Duration::us(40)}},
      {"its peer fails fast: errors are no measure of speed",
       {.failure = 0, .latency = Duration::ms(50)},
       {.failure = 0.25, .latency = Duration::ms(50)}},
  };
  for (const Case& c : cases) {
    for (const size_t endpoints : {2u, 5u}) {
      std::vector<Behaviour> behaviours(endpoints, c.others);
      behaviours[0] = c.one;
      Traffic traffic(behaviours, 1);
      traffic.run(30, 20);
      EXPECT_EQ(traffic.ejected().count(0), 0u) << c.message << ", " << endpoints;
    }
  }
}

TEST(OutlierDetection, ColdCachesOfANewcomerAreNoOutlier) {
  Traffic traffic(cluster(3, 1, {.failure = 0, .latency = Duration::ms(100)}), 1);
  traffic.input(0).warming = true;
  traffic.run(10, 20);
  EXPECT_TRUE(traffic.ejected().empty());
  traffic.input(0).warming = false;
  traffic.run(2, 20);
  EXPECT_TRUE(traffic.ejected().empty()) << "what was slow before does not count";
  traffic.run(1, 20);
  EXPECT_EQ(traffic.ejected(), std::set<size_t>{0}) << "it is warm, and still slow";
}

TEST(OutlierDetection, AQuietMinuteDoesNotEndSlowness) {
  // Too few answers to judge: the verdict so far stands, and the samples add up over the sweeps.
  Traffic traffic(cluster(3, 1, {.latency = Duration::ms(200)}), 1);
  traffic.run(30, 2);
  EXPECT_EQ(traffic.ejected(), std::set<size_t>{0});
}

TEST(OutlierDetection, AnEndpointThatAnswersNothing) {
  struct Case {
    const char* message;
    bool expected;
    uint32_t in_flight;
    Duration oldest;
    bool warming = false;
  };
  const Case cases[] = {
      {"several requests, none answered", true, 3, Duration::s(2)},
      {"a single long request proves nothing", false, 1, Duration::s(30)},
      {"young ones prove nothing", false, 8, Duration::ms(12)},
      {"a newcomer that answers nothing is not cold, it is stuck", true, 3, Duration::s(2), true},
  };
  for (const Case& c : cases) {
    std::vector<std::unique_ptr<OutlierTally>> tallies;
    std::vector<OutlierTally*> pointers;
    for (int i = 0; i < 2; ++i) {
      tallies.push_back(std::make_unique<OutlierTally>(Duration::s(10)));
      pointers.push_back(tallies.back().get());
    }
    OutlierDetector detector({}, pointers, 1);
    std::vector<SweepInput> inputs(2);
    inputs[0].in_flight = c.in_flight;
    inputs[0].oldest_in_flight = c.oldest;
    inputs[0].warming = c.warming;
    std::span<const Transition> transitions;
    for (int second = 1; second <= 3; ++second) {
      for (int i = 0; i < 10; ++i) tallies[1]->record(Outcome::success, Duration::ms(10), kStart + Duration::s(second));
      transitions = detector.sweep(kStart + Duration::s(second), inputs);
    }
    ASSERT_EQ(transitions.size(), c.expected ? 1u : 0u) << c.message;
    for (const Transition& t : transitions) EXPECT_EQ(t.evidence.reason, OutlierReason::stuck) << c.message;
  }
}

TEST(OutlierDetection, ARepairedEndpointComesBackAndStays) {
  Traffic traffic(cluster(3, 1, {.failure = 0.01, .latency = Duration::ms(100)}), 1);
  traffic.run(4, 20);
  ASSERT_EQ(traffic.detector().state(0), OutlierState::ejected);
  // Six seconds on it is on probation and the next success takes it back.
  traffic.run(6, 20);
  EXPECT_EQ(traffic.detector().state(0), OutlierState::serving);
}

}  // namespace
}  // namespace weir::balance
