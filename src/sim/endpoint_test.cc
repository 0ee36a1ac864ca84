// How long work takes at an endpoint: pauses, warm-up, contention, faults; and what is counted of its places.
#include "sim/endpoint.h"

#include <gtest/gtest.h>

namespace weir::sim {
namespace {

constexpr Duration kWork = Duration::ms(10);

Endpoint made(const EndpointGroupSpec& spec, uint64_t seed = 1) { return Endpoint(spec, "a", 0, seed, true); }

Instant at(int64_t ms) { return Instant{} + Duration::ms(ms); }

TEST(Endpoint, WorkTakesItsServiceTimeAtItsSpeed) {
  struct Case {
    const char* what;
    uint32_t speed_percent, contention_ppm, coherency_ppm, busy;
    int64_t us;
  };
  for (const Case& given : {Case{"as drawn", 100, 0, 0, 1, 10'000}, Case{"twice as fast", 200, 0, 0, 1, 5'000},
                            Case{"alone, contention is nothing", 100, 100'000, 10'000, 1, 10'000},
                            Case{"sigma (b - 1)", 100, 100'000, 0, 5, 14'000},
                            Case{"sigma (b - 1) + kappa b (b - 1)", 100, 100'000, 10'000, 5, 16'000}}) {
    SCOPED_TRACE(given.what);
    const EndpointGroupSpec spec{.concurrency = 8,
                                 .service_time = {.mean = kWork},
                                 .speed_percent = given.speed_percent,
                                 .contention_ppm = given.contention_ppm,
                                 .coherency_ppm = given.coherency_ppm};
    Endpoint endpoint = made(spec);
    for (uint32_t i = 0; i < given.busy; ++i) endpoint.occupy(at(0));
    EXPECT_EQ(given.us, endpoint.work({}, at(0)).us());
  }
}

TEST(Endpoint, ARequestsOwnDemandReplacesTheDraw) {
  const EndpointGroupSpec spec{.service_time = {.mean = kWork}};
  EXPECT_EQ(3, made(spec).work(Duration::ms(3), at(0)).ms());
}

TEST(Endpoint, IsSlowAfterAStartAndWarmsUpInAStraightLine) {
  const EndpointGroupSpec spec{
      .service_time = {.mean = kWork}, .warm_up = Duration::s(10), .cold_percent = 300, .starts_cold = true};
  Endpoint endpoint = made(spec);
  EXPECT_EQ(30, endpoint.work({}, at(0)).ms());
  EXPECT_EQ(20, endpoint.work({}, at(5000)).ms());
  EXPECT_EQ(10, endpoint.work({}, at(10'000)).ms());
  endpoint.start(at(20'000));
  EXPECT_EQ(30, endpoint.work({}, at(20'000)).ms());
}

/// The closed form against a clock that ticks every 100 us and so errs by that much at each edge of a pause.
TEST(Endpoint, WorkRestsDuringPauses) {
  const EndpointGroupSpec spec{
      .service_time = {.mean = kWork}, .pause_every = Duration::ms(50), .pause_length = Duration::ms(7)};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Endpoint endpoint = made(spec, seed);
    // Where the pauses are shows itself: work of a nanosecond that takes longer began in one.
    const auto paused = [&](int64_t us) {
      return endpoint.work(Duration::ns(1), Instant{} + Duration::us(us)) > Duration::ns(1);
    };
    const auto end_of = [&](int64_t begin, int64_t work_us) {
      int64_t end = begin;
      for (int64_t done = 0; done < work_us; end += 100) done += paused(end) ? 0 : 100;
      return end;
    };
    for (int64_t begin = 0; begin < 60'000; begin += 1'700) {
      for (const int64_t work_us : {500, 20'000, 130'000}) {
        const int64_t end = begin + endpoint.work(Duration::us(work_us), Instant{} + Duration::us(begin)).us();
        // A bound on the work, not on the end: beside the edge of a pause they differ by the pause.
        EXPECT_GE(end, end_of(begin, work_us - 1000)) << "seed " << seed << ", begun at " << begin << " us";
        EXPECT_LE(end, end_of(begin, work_us + 1000)) << "seed " << seed << ", begun at " << begin << " us";
      }
    }
  }
}

TEST(Endpoint, WorkThatHardlyEverGoesOnStillEndsAtAnInstant) {
  const EndpointGroupSpec spec{
      .service_time = {.mean = Duration::s(2)}, .pause_every = Duration::s(10), .pause_length = Duration::s(20)};
  Endpoint endpoint = made(spec);
  EXPECT_EQ(kDrawMax, endpoint.work({}, at(0))) << "a nanosecond of work every ten seconds";
}

TEST(Endpoint, FaultsAddUpAndEndOneByOne) {
  const EndpointGroupSpec spec{.service_time = {.mean = kWork}};
  Endpoint endpoint = made(spec);
  const FaultSpec slow{.kind = FaultKind::slow, .percent = 300}, slower{.kind = FaultKind::slow, .percent = 200};
  endpoint.begin_fault(slow);
  endpoint.begin_fault(slower);
  EXPECT_EQ(60, endpoint.work({}, at(0)).ms());
  endpoint.end_fault(slow);
  EXPECT_EQ(20, endpoint.work({}, at(0)).ms());
  const FaultSpec die{.kind = FaultKind::die};
  endpoint.begin_fault(die);
  endpoint.begin_fault(die);
  endpoint.end_fault(die);
  EXPECT_TRUE(endpoint.dead()) << "two faults were in force, and one has ended";
  endpoint.end_fault(die);
  EXPECT_FALSE(endpoint.dead());
}

TEST(Endpoint, BusyAreaIsPlacesTimesTime) {
  const EndpointGroupSpec spec{.concurrency = 2};
  Endpoint endpoint = made(spec);
  endpoint.occupy(at(0));
  endpoint.occupy(at(10));
  EXPECT_FALSE(endpoint.has_place());
  endpoint.vacate(at(15));
  EXPECT_EQ(10u + 2 * 5 + 5, endpoint.busy_area(at(20)) / 1'000'000);
  endpoint.vacate_all(at(20));
  EXPECT_EQ(25u, endpoint.busy_area(at(100)) / 1'000'000);
}

}  // namespace
}  // namespace weir::sim
