// Events leave by instant, and within an instant in the order in which they were scheduled.
#include "sim/event_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/prng.h"

namespace weir::sim {
namespace {

struct Scheduled {
  Instant at;
  uint32_t kind, number;
};

std::vector<Scheduled> random_events(size_t count, uint64_t distinct_instants) {
  Prng prng(9);
  std::vector<Scheduled> events;
  for (uint32_t i = 0; i < count; ++i) {
    const auto at = static_cast<int64_t>(prng.below(distinct_instants));
    events.push_back({Instant::from_ns(at), static_cast<uint32_t>(prng.below(256)), i});
  }
  return events;
}

TEST(EventQueue, OrderIsThatOfAStableSort) {
  // Few instants, so that most events tie.
  std::vector<Scheduled> events = random_events(100'000, 5000);
  EventQueue queue;
  for (const Scheduled& event : events) queue.push(event.at, event.kind, event.number, event.number + 1);
  EXPECT_EQ(queue.size(), events.size());

  std::stable_sort(events.begin(), events.end(), [](const auto& x, const auto& y) { return x.at < y.at; });
  for (const Scheduled& expected : events) {
    ASSERT_EQ(queue.next_at(), expected.at);
    const Event event = queue.pop();
    ASSERT_EQ(event.at, expected.at);
    ASSERT_EQ(event.kind(), expected.kind);
    ASSERT_EQ(event.order(), expected.number);
    ASSERT_EQ(event.a, expected.number) << "ties leave in order of scheduling";
    ASSERT_EQ(event.b, expected.number + 1);
  }
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, PushingBetweenPopsKeepsTheOrder) {
  Prng prng(4);
  EventQueue queue;
  Instant now{};
  uint64_t popped = 0, order_before = 0;
  for (int i = 0; i < 100; ++i) queue.push(now, 0, 0);
  while (!queue.empty()) {
    const Event event = queue.pop();
    ASSERT_GE(event.at, now) << "time never goes back";
    if (popped > 0 && event.at == now) {
      ASSERT_GT(event.order(), order_before);
    }
    now = event.at;
    order_before = event.order();
    // Each event schedules one more, often at once, as a simulated endpoint does.
    if (++popped < 50'000) queue.push(now + Duration::ns(static_cast<int64_t>(prng.below(4))), 1, 0);
  }
  EXPECT_EQ(popped, 50'099u);
}

TEST(EventQueue, OneEventAndTheEndOfTime) {
  EventQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push(Instant::max(), 255, UINT32_MAX, 1);
  queue.push(Instant{}, 0, 2);
  EXPECT_EQ(queue.pop().a, 2u);
  const Event last = queue.pop();
  EXPECT_EQ(last.kind(), 255u);
  EXPECT_EQ(last.a, UINT32_MAX);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace weir::sim
