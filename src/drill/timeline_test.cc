// Phases, figures, events and abort conditions, from intervals and samples that are made up.
#include "drill/timeline.h"

#include <gtest/gtest.h>

#include <cmath>

#include "drill/schedule.h"

namespace weir::drill {
namespace {

const PhaseSpec kPhases{
    .warm_up = Duration::s(1), .before = Duration::s(2), .during = Duration::s(3), .after = Duration::s(3)};

std::unique_ptr<load::Interval> second(int64_t at, uint64_t good, uint64_t failed, int64_t ms = 10) {
  auto made = std::make_unique<load::Interval>();
  made->at = Duration::s(at);
  made->length = Duration::s(1);
  made->offered = good + failed;
  made->completed = made->good = good;
  made->failures[static_cast<size_t>(load::Failure::reset)] = failed;
  for (uint64_t i = 0; i < good; ++i) made->response.record(static_cast<uint64_t>(Duration::ms(ms).ns()));
  return made;
}

EndpointSample endpoint(std::string name, uint64_t requests, uint64_t failures = 0, std::string state = "healthy") {
  return {.name = std::move(name), .state = std::move(state), .why = {}, .requests = requests, .failures = failures};
}

std::vector<Expectation> hypothesis() { return {*parse_hypothesis("errors < 1%")}; }

TEST(Timeline, PhasesFollowEachOther) {
  EXPECT_EQ(phase_at(kPhases, Duration::ms(999)), std::nullopt);
  EXPECT_EQ(phase_at(kPhases, Duration::s(1)), Phase::before);
  EXPECT_EQ(phase_at(kPhases, Duration::ms(2999)), Phase::before);
  EXPECT_EQ(phase_at(kPhases, Duration::s(3)), Phase::during);
  EXPECT_EQ(phase_at(kPhases, Duration::s(6)), Phase::after);
  EXPECT_EQ(phase_at(kPhases, Duration::s(9)), std::nullopt);
}

TEST(Timeline, FiguresAreThoseOfTheirPhase) {
  Timeline timeline(kPhases, {"c"});
  timeline.add(*second(0, 0, 100));
  timeline.add(*second(1, 100, 0));
  timeline.add(*second(2, 100, 0));
  timeline.add(*second(3, 60, 40, 200));
  timeline.add({.at = Duration::s(3), .endpoints = {endpoint("a", 100), endpoint("c", 100)}});
  timeline.add({.at = Duration::s(4), .endpoints = {endpoint("a", 190), endpoint("c", 110)}});
  const auto figure = [&](Figure which, Phase phase) { return timeline.figure(which, phase, hypothesis()).value(); };
  EXPECT_DOUBLE_EQ(figure(Figure::errors, Phase::before), 0);
  EXPECT_DOUBLE_EQ(figure(Figure::good, Phase::before), 100);
  EXPECT_DOUBLE_EQ(figure(Figure::errors, Phase::during), 40);
  EXPECT_NEAR(figure(Figure::p50, Phase::during), 200, 2);
  EXPECT_DOUBLE_EQ(figure(Figure::share, Phase::during), 10);
  EXPECT_DOUBLE_EQ(figure(Figure::imbalance, Phase::during), 1.8);
  EXPECT_DOUBLE_EQ(figure(Figure::tries, Phase::during), 1);
  EXPECT_EQ(timeline.figure(Figure::p99, Phase::after, hypothesis()), std::nullopt);
}

TEST(Timeline, EventsAreTimedFromTheFaultAndFromItsEnd) {
  Timeline timeline(kPhases, {"c"});
  timeline.fault_began(Duration::ms(3'000));
  timeline.add({.at = Duration::ms(2'900), .endpoints = {endpoint("a", 1), endpoint("c", 1)}});
  timeline.add({.at = Duration::ms(3'100), .endpoints = {endpoint("a", 1, 9), endpoint("c", 1)}});
  timeline.add({.at = Duration::ms(3'400), .endpoints = {endpoint("a", 1, 9), endpoint("c", 1, 1)}});
  timeline.add({.at = Duration::ms(4'000), .endpoints = {endpoint("a", 1, 9), endpoint("c", 1, 5, "ejected")}});
  timeline.rolled_back(Duration::ms(6'000));
  timeline.add({.at = Duration::ms(7'500), .endpoints = {endpoint("a", 1, 9), endpoint("c", 1, 5)}});
  timeline.add(*second(6, 90, 10));
  timeline.add(*second(7, 100, 0));
  timeline.add(*second(8, 100, 0));
  const auto event = [&](Figure which) { return timeline.figure(which, Phase::during, hypothesis()).value(); };
  EXPECT_DOUBLE_EQ(event(Figure::detect), 400) << "what fails at another endpoint is not this fault";
  EXPECT_DOUBLE_EQ(event(Figure::eject), 1'000);
  EXPECT_DOUBLE_EQ(event(Figure::recover), 1'500);
  timeline.add(*second(8, 0, 100));
  EXPECT_TRUE(std::isinf(event(Figure::recover))) << "the last second is bad";
}

TEST(Timeline, ReloadsAreCountedByTheConfigurationsNumber) {
  Timeline timeline(kPhases, {});
  timeline.add({.at = Duration::ms(2'900), .config = 5, .endpoints = {}});
  timeline.reload_asked(Duration::ms(3'000));
  timeline.reload_asked(Duration::ms(3'100));
  timeline.add({.at = Duration::ms(3'250), .config = 7, .endpoints = {}});
  timeline.reload_asked(Duration::ms(3'400));
  timeline.add({.at = Duration::ms(3'500), .config = 7, .endpoints = {}});
  timeline.add({.at = Duration::ms(6'100), .config = 8, .endpoints = {}});
  const auto figure = [&](Figure which, Phase phase) { return timeline.figure(which, phase, hypothesis()).value(); };
  EXPECT_DOUBLE_EQ(figure(Figure::asked, Phase::during), 3);
  EXPECT_DOUBLE_EQ(figure(Figure::reloads, Phase::during), 2) << "the third was refused";
  EXPECT_DOUBLE_EQ(figure(Figure::reloads, Phase::before), 0) << "the first sample counts from nothing";
  EXPECT_DOUBLE_EQ(figure(Figure::reloads, Phase::after), 1);
}

TEST(Timeline, PathsMoveWhenTheEndpointsChange) {
  Timeline timeline(kPhases, {});
  timeline.endpoints_changed(Duration::s(4));
  timeline.add(std::vector<Visit>{{Duration::s(1), 1, 0},
                                  {Duration::s(2), 1, 0},
                                  {Duration::s(5), 1, 1},
                                  {Duration::ms(5'500), 1, 1},
                                  {Duration::s(7), 1, 0}});
  const auto figure = [&](Figure which, Phase phase) { return timeline.figure(which, phase, hypothesis()).value(); };
  EXPECT_DOUBLE_EQ(figure(Figure::moved, Phase::before), 0);
  EXPECT_DOUBLE_EQ(figure(Figure::moved, Phase::during), 50);
  EXPECT_DOUBLE_EQ(figure(Figure::moved, Phase::after), 100);
  EXPECT_DOUBLE_EQ(figure(Figure::keys_moved, Phase::during), 100);
}

TEST(Schedule, AFlappingFaultComesAgainAndAgain) {
  Drill drill;
  drill.phases.during = Duration::s(5);
  FaultSpec fault;
  fault.at = Duration::s(1);
  fault.length = Duration::s(1);
  fault.every = Duration::s(2);
  drill.faults = {fault};
  const std::vector<Step> expected{
      {Duration::s(1), true, 0}, {Duration::s(2), false, 0}, {Duration::s(3), true, 0}, {Duration::s(4), false, 0}};
  EXPECT_EQ(schedule_of(drill), expected);
}

TEST(Schedule, TheLastFaultIsEndedByTakingAllBack) {
  Drill drill;
  drill.faults.resize(2);
  drill.faults[0].at = Duration::s(3);
  const std::vector<Step> expected{{Duration{}, true, 1}, {Duration::s(3), true, 0}};
  EXPECT_EQ(schedule_of(drill), expected);
}

TEST(Watch, GivesUpAfterBadSecondsInARow) {
  Watch watch({.instances = 1, .failed_percent = 100, .abort_percent = 20, .abort_after = Duration::s(2)}, 100,
              Duration::s(100));
  EXPECT_EQ(watch.on_interval(*second(0, 70, 30)), std::nullopt);
  EXPECT_EQ(watch.on_interval(*second(1, 90, 10)), std::nullopt);
  EXPECT_EQ(watch.on_interval(*second(2, 70, 30)), std::nullopt);
  EXPECT_EQ(watch.on_interval(*second(3, 70, 30)).value_or(""), "errors above 20 % for 2s (last 30.0 %)");
}

TEST(Watch, TheBlastRadiusIsOfThePhaseAsPlanned) {
  Watch watch({.instances = 1, .failed_percent = 10, .abort_percent = 99, .abort_after = Duration::s(9)}, 100,
              Duration::s(10));
  EXPECT_EQ(watch.on_interval(*second(0, 0, 100)), std::nullopt);
  EXPECT_NE(watch.on_interval(*second(1, 99, 1)), std::nullopt);
}

}  // namespace
}  // namespace weir::drill
