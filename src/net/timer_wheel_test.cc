#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "base/prng.h"

namespace weir::net {
namespace {

Instant at_ms(int64_t ms) { return Instant::from_ns(ms * 1'000'000); }

struct Probe {
  Probe(int own_name, std::vector<int>& shared_log) : name(own_name), log(shared_log) {}
  void on_fire() { log.push_back(name); }
  int name;
  std::vector<int>& log;
  Timer timer = Timer::bind<&Probe::on_fire>(this);
};

TEST(TimerWheel, FiresInOrderAndNeverEarly) {
  TimerWheel wheel(at_ms(1000));
  std::vector<int> log;
  Probe a(1, log), b(2, log), c(3, log);
  wheel.arm(a.timer, at_ms(1005));
  wheel.arm(b.timer, at_ms(1200));
  wheel.arm(c.timer, Instant::from_ns(1005'000'001));
  wheel.advance(at_ms(1004));
  EXPECT_TRUE(log.empty());
  wheel.advance(at_ms(1005));
  EXPECT_EQ(log, (std::vector{1}));
  wheel.advance(at_ms(1006));
  EXPECT_EQ(log, (std::vector{1, 3}));
  wheel.advance(at_ms(5000));
  EXPECT_EQ(log, (std::vector{1, 3, 2}));
  EXPECT_FALSE(wheel.next_wakeup().has_value());
}

TEST(TimerWheel, PastFiresAtNextAdvanceAndCancelHolds) {
  TimerWheel wheel(at_ms(50));
  std::vector<int> log;
  Probe past(1, log), cancelled(2, log);
  wheel.arm(past.timer, at_ms(10));
  wheel.arm(cancelled.timer, at_ms(60));
  cancelled.timer.cancel();
  EXPECT_EQ(wheel.next_wakeup(), at_ms(50));
  wheel.advance(at_ms(50));
  wheel.advance(at_ms(100));
  EXPECT_EQ(log, (std::vector{1}));
}

struct Killer {
  void on_fire() { victim.reset(); }
  std::unique_ptr<Probe> victim;
  Timer timer = Timer::bind<&Killer::on_fire>(this);
};

TEST(TimerWheel, ACallbackMayDestroyATimerDueInTheSameMillisecond) {
  TimerWheel wheel(at_ms(0));
  std::vector<int> log;
  Killer killer;
  killer.victim = std::make_unique<Probe>(9, log);
  wheel.arm(killer.timer, at_ms(70));
  wheel.arm(killer.victim->timer, at_ms(70));
  wheel.advance(at_ms(100));
  EXPECT_TRUE(log.empty());
}

// The wheel against the obvious model: a sorted map.
TEST(TimerWheel, AgreesWithASortedMapUnderRandomUse) {
  Prng prng(42);
  int64_t now = 1;
  TimerWheel wheel(at_ms(now));
  std::vector<int> fired;
  std::list<Probe> probes;
  std::multimap<int64_t, int> model;
  for (int name = 0; name < 20'000; ++name) {
    const uint64_t spread = uint64_t{1} << prng.below(31);
    const int64_t when = now + static_cast<int64_t>(prng.below(spread)) + 1;
    probes.emplace_back(name, fired);
    wheel.arm(probes.back().timer, at_ms(when));
    model.emplace(when, name);
    if (prng.below(3) == 0) {
      now += static_cast<int64_t>(prng.below(uint64_t{1} << prng.below(20)));
      fired.clear();
      wheel.advance(at_ms(now));
      std::multimap<int64_t, int> due(model.begin(), model.upper_bound(now));
      model.erase(model.begin(), model.upper_bound(now));
      ASSERT_EQ(fired.size(), due.size());
      std::vector<int64_t> order;
      for (int f : fired) {
        for (auto it = due.begin(); it != due.end(); ++it) {
          if (it->second == f) {
            order.push_back(it->first);
            break;
          }
        }
      }
      ASSERT_EQ(order.size(), fired.size());
      ASSERT_TRUE(std::is_sorted(order.begin(), order.end()));
      if (!model.empty()) {
        ASSERT_TRUE(wheel.next_wakeup().has_value());
        ASSERT_LE(*wheel.next_wakeup(), at_ms(model.begin()->first));
      }
    }
  }
}

struct Owner {
  explicit Owner() = default;
  void on_deadline() { ++fired; }
  int fired = 0;
  Deadline deadline = Deadline::bind<&Owner::on_deadline>(this);
};

TEST(Deadline, MovesLaterForFreeAndFiresOnceAtTheLastWord) {
  TimerWheel wheel(at_ms(0));
  Owner owner;
  owner.deadline.set(wheel, at_ms(100));
  owner.deadline.set(wheel, at_ms(500));
  wheel.advance(at_ms(300));
  EXPECT_EQ(owner.fired, 0);
  wheel.advance(at_ms(500));
  EXPECT_EQ(owner.fired, 1);
  owner.deadline.set(wheel, at_ms(900));
  owner.deadline.set(wheel, at_ms(600));
  wheel.advance(at_ms(600));
  EXPECT_EQ(owner.fired, 2) << "moved earlier";
  owner.deadline.set(wheel, at_ms(700));
  owner.deadline.clear();
  wheel.advance(at_ms(2000));
  EXPECT_EQ(owner.fired, 2);
}

}  // namespace
}  // namespace weir::net
