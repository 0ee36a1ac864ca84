#include "sim/slots.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::sim {
namespace {

struct Thing {
  uint32_t slot = 0, generation = 0;
  bool live = false;
  Links links;
};
using List = SlotList<Thing, &Thing::links>;

TEST(Slots, ASlotIsUsedAgainAndItsTenantsAreTold) {
  Slots<Thing> slots;
  Thing& first = slots.take();
  const uint32_t slot = first.slot, generation = first.generation;
  EXPECT_EQ(&first, slots.find(slot, generation));
  slots.give_back(first);
  EXPECT_EQ(nullptr, slots.find(slot, generation));
  EXPECT_EQ(slot, slots.take().slot);
  EXPECT_EQ(nullptr, slots.find(slot, generation)) << "another tenant";
}

TEST(Slots, ObjectsNeverMove) {
  Slots<Thing> slots;
  std::vector<Thing*> all;
  for (int i = 0; i < 5000; ++i) all.push_back(&slots.take());
  for (Thing* each : all) EXPECT_EQ(each, &slots[each->slot]);
  size_t live = 0;
  slots.for_each_live([&](Thing&) { ++live; });
  EXPECT_EQ(5000u, live);
}

TEST(SlotList, KeepsItsOrderWhenOneLeavesFromTheMiddle) {
  Slots<Thing> slots;
  List list;
  std::vector<Thing*> things;
  for (int i = 0; i < 5; ++i) list.push_back(slots, *things.emplace_back(&slots.take()));
  list.remove(slots, *things[2]);
  list.remove(slots, *things[0]);
  list.remove(slots, *things[4]);
  EXPECT_EQ(2u, list.size());
  EXPECT_EQ(things[1], list.pop_front(slots));
  EXPECT_EQ(things[3], list.pop_front(slots));
  EXPECT_EQ(nullptr, list.pop_front(slots));
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace weir::sim
