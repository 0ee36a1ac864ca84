#include "l7/refusal_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace weir::l7 {
namespace {

std::vector<RefusalEntry> read(const RefusalRing& ring) {
  std::vector<RefusalEntry> entries;
  ring.read(entries);
  return entries;
}

TEST(RefusalRing, KeepsTheLastOnes) {
  const struct {
    const char* message;
    int64_t noted;
    size_t expected;
    int64_t oldest;
  } cases[] = {
      {"nothing", 0, 0, 0},
      {"one", 1, 1, 0},
      {"as many as fit", 64, 64, 0},
      {"one more", 65, 64, 1},
      {"many times round", 6'401, 64, 6'337},
  };
  for (const auto& c : cases) {
    RefusalRing ring;
    for (int64_t i = 0; i < c.noted; ++i) ring.note({.rule = "max_pending", .value = i});
    const auto entries = read(ring);
    ASSERT_EQ(entries.size(), c.expected) << c.message;
    EXPECT_EQ(ring.total(), static_cast<uint64_t>(c.noted)) << c.message;
    for (size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(entries[i].value, c.oldest + static_cast<int64_t>(i)) << c.message;
    }
  }
}

TEST(RefusalRing, AnEntryHasNothingOfTheOneBefore) {
  RefusalRing ring;
  for (size_t i = 0; i < RefusalRing::kEntries; ++i)
    ring.note({.rule = "try_timeout", .cluster = "app", .tried = "a:1"});
  ring.note({.status = 404, .rule = "no_route", .target = "/x"});
  const RefusalEntry last = read(ring).back();
  EXPECT_EQ(last.rule, "no_route");
  EXPECT_EQ(last.status, 404);
  EXPECT_EQ(last.target, "/x");
  EXPECT_EQ(last.cluster + last.tried, "");
}

TEST(RefusalRing, LongTextIsCut) {
  RefusalRing ring;
  ring.note({.rule = "no_route", .target = std::string(8'000, 'x')});
  EXPECT_EQ(read(ring)[0].target, std::string(RefusalRing::kTextBytes, 'x') + "…");
}

TEST(RefusalRing, MayBeReadWhileItIsWritten) {
  RefusalRing ring;
  std::thread worker([&ring] {
    for (int64_t i = 0; i < 20'000; ++i) ring.note({.rule = i % 2 == 0 ? "even" : "odd", .value = i});
  });
  while (ring.total() < 20'000) {
    for (const RefusalEntry& each : read(ring)) EXPECT_EQ(each.rule, each.value % 2 == 0 ? "even" : "odd");
  }
  worker.join();
}

}  // namespace
}  // namespace weir::l7
