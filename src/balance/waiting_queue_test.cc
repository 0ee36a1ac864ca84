#include "balance/waiting_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace weir::balance {
namespace {

struct Named final : Waiter {
  explicit Named(char letter) : name(letter) {}
  char name;
};

/// Four who may wait, one queue of `limit`.
struct Rig {
  explicit Rig(uint32_t limit = 4) : pending(limit), queue(pending) {}
  Named& operator[](char name) { return all[static_cast<size_t>(name - 'a')]; }
  void enqueue(std::string_view names) {
    for (const char name : names) EXPECT_TRUE(queue.enqueue((*this)[name])) << name;
  }
  /// Who got their turn, when there are `places`; who finds none queues again.
  std::string serve(int places) {
    std::string turns;
    queue.serve([&](Waiter& waiter) {
      EXPECT_FALSE(waiter.queued());
      turns += static_cast<Named&>(waiter).name;
      if (places-- > 0) return;
      EXPECT_TRUE(queue.enqueue(waiter));
    });
    return turns;
  }

  CircuitLimit pending;
  WaitingQueue queue;
  Named all[4] = {Named('a'), Named('b'), Named('c'), Named('d')};
};

TEST(WaitingQueue, ServesInOrderWhoeverLeaves) {
  struct Case {
    const char* message;
    std::string_view expected;
    std::string_view leaving;
  };
  const Case cases[] = {
      {"nobody leaves", "abcd", ""},    {"the first leaves", "bcd", "a"}, {"one in the middle leaves", "acd", "b"},
      {"the last leaves", "abc", "d"},  {"two neighbours", "ad", "bc"},   {"both ends", "bc", "ad"},
      {"all but the last", "d", "abc"}, {"everybody", "", "cadb"},        {"somebody leaves twice", "abd", "cc"},
  };
  for (const Case& c : cases) {
    Rig rig;
    rig.enqueue("abcd");
    for (const char name : c.leaving) {
      rig.queue.dequeue(rig[name]);
      EXPECT_FALSE(rig[name].queued()) << c.message;
    }
    EXPECT_EQ(rig.queue.size(), c.expected.size()) << c.message;
    EXPECT_EQ(rig.pending.used(), c.expected.size()) << c.message;
    EXPECT_EQ(rig.serve(4), c.expected) << c.message;
    EXPECT_TRUE(rig.queue.empty()) << c.message;
    EXPECT_EQ(rig.pending.used(), 0u) << c.message;
  }
}

TEST(WaitingQueue, WhoLeftMayComeBackBehindTheOthers) {
  Rig rig;
  rig.enqueue("abc");
  rig.queue.dequeue(rig['a']);
  rig.enqueue("a");
  EXPECT_TRUE(rig['a'].queued());
  EXPECT_EQ(rig.serve(4), "bca");
}

TEST(WaitingQueue, AnEndToPlacesEndsTheTurns) {
  struct Case {
    const char* message;
    std::string_view first;   ///< who gets a turn
    std::string_view second;  ///< and who the next time, when there are places for all
    int places;
  };
  const Case cases[] = {
      {"no place: only the first tries, and goes behind the others", "a", "bcda", 0},
      {"one place: the second tries in vain", "ab", "cdb", 1},
      {"three places", "abcd", "d", 3},
      {"places for all", "abcd", "", 4},
  };
  for (const Case& c : cases) {
    Rig rig;
    rig.enqueue("abcd");
    EXPECT_EQ(rig.serve(c.places), c.first) << c.message;
    EXPECT_EQ(rig.queue.size(), c.second.size()) << c.message;
    EXPECT_EQ(rig.serve(4), c.second) << c.message;
  }
}

TEST(WaitingQueue, OnlyThoseWhoWaitNowGetATurn) {
  Rig rig;
  rig.enqueue("a");
  std::string turns;
  rig.queue.serve([&](Waiter& waiter) {
    turns += static_cast<Named&>(waiter).name;
    rig.enqueue("b");  // comes while the others are served
  });
  EXPECT_EQ(turns, "a");
  EXPECT_EQ(rig.queue.size(), 1u);
}

TEST(WaitingQueue, SomebodyMayLeaveDuringAnothersTurn) {
  Rig rig;
  rig.enqueue("abc");
  std::string turns;
  rig.queue.serve([&](Waiter& waiter) {
    turns += static_cast<Named&>(waiter).name;
    rig.queue.dequeue(rig['b']);
  });
  EXPECT_EQ(turns, "ac");
  EXPECT_EQ(rig.pending.used(), 0u);
}

TEST(WaitingQueue, TheLimitIsSharedWithOtherQueues) {
  Rig rig(2);
  WaitingQueue other(rig.pending);
  rig.enqueue("a");
  EXPECT_TRUE(other.enqueue(rig['b']));
  EXPECT_FALSE(rig.queue.enqueue(rig['c']));
  EXPECT_FALSE(rig['c'].queued());
  EXPECT_EQ(rig.queue.size(), 1u);
  EXPECT_EQ(rig.pending.refused(), 1u);
  other.dequeue(rig['b']);
  rig.enqueue("c");
  EXPECT_EQ(rig.serve(4), "ac");
}

}  // namespace
}  // namespace weir::balance
