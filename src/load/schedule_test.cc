// What is planned: counts that are the integral of the rate, moments of Poisson's law, and the same arrivals whatever
// the number of workers and whenever the rate is changed.
#include "load/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace weir::load {
namespace {

Plan plan_of(Arrivals arrivals, double rate, Duration duration, std::vector<StageSpec> stages = {}) {
  Plan plan;
  plan.arrivals = arrivals;
  plan.rate = rate;
  plan.duration = duration;
  plan.stages = std::move(stages);
  return plan;
}

std::vector<Arrival> all_of(Schedule& schedule) {
  std::vector<Arrival> out;
  while (const Arrival* next = schedule.peek()) {
    out.push_back(*next);
    schedule.pop();
  }
  return out;
}

TEST(Schedule, EvenArrivalsAreAsManyAsTheIntegralOfTheRate) {
  struct Row {
    const char* message;
    uint64_t expected;
    Plan plan;
  };
  const Row rows[] = {
      {"constant", 1000, plan_of(Arrivals::constant, 100, Duration::s(10))},
      {"slow", 1, plan_of(Arrivals::constant, 0.1, Duration::s(10))},
      {"nothing", 0, plan_of(Arrivals::constant, 0, Duration::s(10))},
      {"a ramp from 0 to 200", 1000,
       plan_of(Arrivals::constant, 0, Duration::s(10), {{Duration{}, 200, Duration::s(10)}})},
      {"a step", 600, plan_of(Arrivals::constant, 100, Duration::s(10), {{Duration::s(5), 20, {}}})},
      {"silence between", 400,
       plan_of(Arrivals::constant, 100, Duration::s(10), {{Duration::s(2), 0, {}}, {Duration::s(8), 100, {}}})},
      {"a ramp that another stage ends", 125 + 250,
       plan_of(Arrivals::constant, 0, Duration::s(10), {{Duration{}, 100, Duration::s(10)}, {Duration::s(5), 50, {}}})},
      {"a closed loop has none", 0, plan_of(Arrivals::closed, 100, Duration::s(10))},
  };
  for (const Row& row : rows) {
    Schedule schedule(row.plan);
    EXPECT_EQ(row.expected, all_of(schedule).size()) << row.message;
  }
}

TEST(Schedule, EvenArrivalsAreEvenlySpaced) {
  const Plan plan = plan_of(Arrivals::constant, 1000, Duration::s(3600));
  Schedule schedule(plan);
  Arrival last;
  for (uint64_t k = 0; k < 100'000; ++k) {
    last = *schedule.peek();
    ASSERT_NEAR(static_cast<double>(last.at.ns()), 1e6 * (static_cast<double>(k) + 0.5), 10) << k;
    schedule.pop();
  }
}

TEST(Schedule, PoissonHasItsMoments) {
  const Plan plan = plan_of(Arrivals::poisson, 1000, Duration::s(100));
  Schedule schedule(plan);
  const auto arrivals = all_of(schedule);
  EXPECT_NEAR(100'000, static_cast<double>(arrivals.size()), 4 * std::sqrt(100'000));
  double sum = 0, squares = 0;
  for (size_t i = 1; i < arrivals.size(); ++i) {
    const double gap = (arrivals[i].at - arrivals[i - 1].at).seconds();
    sum += gap;
    squares += gap * gap;
  }
  const auto n = static_cast<double>(arrivals.size() - 1);
  const double mean = sum / n, variance = squares / n - mean * mean;
  EXPECT_NEAR(1e-3, mean, 2e-5);
  EXPECT_NEAR(1, variance / (mean * mean), 0.03) << "the squared coefficient of variation of an exponential is one";
}

TEST(Schedule, WorkersShareOneSchedule) {
  const Plan plan = plan_of(Arrivals::poisson, 500, Duration::s(4), {{Duration::s(1), 900, Duration::s(2)}});
  Schedule whole(plan);
  const auto expected = all_of(whole);
  std::vector<std::pair<uint64_t, int64_t>> seen;
  for (uint32_t worker = 0; worker < 3; ++worker) {
    Schedule part(plan, worker, 3);
    for (const Arrival& each : all_of(part)) seen.emplace_back(each.number, each.at.ns());
  }
  std::ranges::sort(seen);
  ASSERT_EQ(expected.size(), seen.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(expected[i].number, seen[i].first);
    EXPECT_EQ(expected[i].at.ns(), seen[i].second);
  }
}

TEST(Schedule, AChangedRateIsTheSameForAllWorkers) {
  const Plan plan = plan_of(Arrivals::poisson, 2, Duration::s(60));
  size_t parts = 0;
  Schedule whole(plan);
  ASSERT_NE(nullptr, whole.peek());
  whole.set_rate(Duration::s(1), 1000);
  const auto expected = all_of(whole);
  for (uint32_t worker = 0; worker < 3; ++worker) {
    Schedule part(plan, worker, 3);
    ASSERT_NE(nullptr, part.peek());  // may lie far behind the change, and others' arrivals before it
    part.set_rate(Duration::s(1), 1000);
    parts += all_of(part).size();
  }
  EXPECT_EQ(expected.size(), parts);
  EXPECT_NEAR(59'000, static_cast<double>(expected.size()), 4 * std::sqrt(59'000));
}

TEST(Schedule, CountsWhatIsDueAndEnds) {
  const Plan plan = plan_of(Arrivals::constant, 10, Duration::s(10));
  Schedule schedule(plan);
  EXPECT_EQ(10u, schedule.count_until(Duration::s(1)));
  EXPECT_EQ(0u, schedule.count_until(Duration::s(1)));
  schedule.end(Duration::s(2));
  EXPECT_EQ(10u, schedule.count_until(Duration::s(5)));
  EXPECT_EQ(nullptr, schedule.peek());
  EXPECT_EQ(10, Schedule(plan).rate_at(Duration::s(3)));
}

TEST(Schedule, ALogComesAtItsOwnTimesScaled) {
  Plan plan = plan_of(Arrivals::log, 0, Duration::s(10));
  plan.log = {{Duration::s(0), "GET", "/a"}, {Duration::s(3), "GET", "/b"}, {Duration::s(30), "GET", "/c"}};
  plan.log_speed = 2;
  Schedule schedule(plan);
  const auto arrivals = all_of(schedule);
  ASSERT_EQ(2u, arrivals.size());
  EXPECT_EQ(1500, arrivals[1].at.ms());
  EXPECT_EQ(1u, arrivals[1].number);
}

}  // namespace
}  // namespace weir::load
