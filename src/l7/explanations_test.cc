#include "l7/explanations.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <string>
#include <thread>

namespace weir::l7 {
namespace {

Instant at(int64_t ms) { return Instant::from_ns(1'000'000'000 + ms * 1'000'000); }

void keep(Explanations& explanations, const std::string& id, bool failed, int64_t ms) {
  Explanation& draft = explanations.draft();
  draft.clear();
  draft.failed = failed;
  draft.started = at(ms);
  draft.put(draft.id, id, 128);
  explanations.keep();
}

std::string ids(const Explanations& explanations, Explanations::Kind kind, size_t most) {
  std::vector<Explanation> found;
  explanations.newest(kind, most, found);
  std::string all;
  for (const Explanation& each : found) all.append(each.of(each.id)).append(" ");
  return all;
}

using Kind = Explanations::Kind;

TEST(Explanation, TextsAreCutBetweenCharacters) {
  Explanation e;
  e.clear();
  struct Row {
    const char* value;
    const char* expected;
  };
  const Row rows[] = {{"", ""}, {"12345678", "12345678"}, {"123456789", "12345…"}, {"1234é6789", "1234…"}};
  for (const Row& row : rows) {
    e.put(e.path, row.value, 8);
    EXPECT_EQ(e.of(e.path), row.expected) << row.value;
  }
  e.put(e.host, "a", 8);
  EXPECT_EQ(e.of(e.host), "a");
  EXPECT_EQ(e.of(e.path), "1234…") << "texts do not touch each other";
}

TEST(Explanation, KeepsSoManyNamesAndEachOnce) {
  Explanation e;
  e.clear();
  for (uint32_t i = 0; i < 2 * Explanation::kNames; ++i) e.put_name(i / 2, "10.0.0." + std::to_string(i / 2));
  EXPECT_EQ(e.name_count, Explanation::kNames);
  EXPECT_EQ(e.name_of(7), "10.0.0.7");
  e.put_name(1000, "10.0.3.232");
  EXPECT_EQ(e.name_of(1000), "") << "one too many";
}

TEST(Explanations, FailuresAndSamplesDoNotPushEachOtherOut) {
  Explanations kept;
  kept.configure({.sample_per_mille = 10, .entries = 6}, 1);
  keep(kept, "good", false, 0);
  for (int i = 0; i < 100; ++i) keep(kept, "bad" + std::to_string(i), true, i);
  EXPECT_EQ(ids(kept, Kind::failure, 10), "bad99 bad98 bad97 ");
  EXPECT_EQ(ids(kept, Kind::sample, 10), "good ");
  for (int i = 0; i < 100; ++i) keep(kept, "good" + std::to_string(i), false, i);
  EXPECT_EQ(ids(kept, Kind::failure, 2), "bad99 bad98 ");
  EXPECT_EQ(ids(kept, Kind::sample, 10), "good99 good98 good97 ");
  EXPECT_EQ(kept.state(Kind::failure).kept, 3u);
  EXPECT_EQ(kept.state(Kind::failure).oldest, at(97));
}

TEST(Explanations, TheSampleIsAsLargeAsAskedForAndBeginsWithTheFirst) {
  Prng prng(7);
  for (const uint32_t per_mille : {0u, 10u, 250u, 1000u}) {
    Explanations kept;
    kept.configure({.sample_per_mille = per_mille, .entries = 6}, 1);
    EXPECT_EQ(kept.sample(prng), per_mille != 0);
    int sampled = 0;
    for (int i = 0; i < 100'000; ++i) sampled += kept.sample(prng) ? 1 : 0;
    EXPECT_NEAR(sampled, 100.0 * per_mille, 6 * std::sqrt(100.0 * per_mille) + 0.5) << per_mille;
  }
}

TEST(Explanations, FindsTheNewestOfARequestId) {
  Explanations kept;
  kept.configure({.sample_per_mille = 10, .entries = 8}, 1);
  keep(kept, "twice", true, 1);
  keep(kept, "other", true, 2);
  keep(kept, "twice", false, 3);
  ASSERT_TRUE(kept.find("twice"));
  EXPECT_EQ(kept.find("twice")->started, at(3));
  keep(kept, "twice", true, 4);
  EXPECT_EQ(kept.find("twice")->started, at(4));
  EXPECT_FALSE(kept.find("never"));
  for (int i = 0; i < 4; ++i) keep(kept, "flood", true, 5);
  EXPECT_EQ(kept.find("twice")->started, at(3)) << "the failures of that id are gone, the sample is not";
  EXPECT_FALSE(kept.find("other"));
}

TEST(Explanations, EveryWorkerHasItsPartAndAReloadKeepsTheNewest) {
  Explanations kept;
  kept.configure({.sample_per_mille = 10, .entries = 32}, 4);
  EXPECT_EQ(kept.state(Kind::failure).capacity + kept.state(Kind::sample).capacity, 8u);
  for (int i = 0; i < 6; ++i) keep(kept, std::to_string(i), true, i);
  kept.configure({.sample_per_mille = 10, .entries = 16}, 4);
  EXPECT_EQ(ids(kept, Kind::failure, 9), "5 4 ");
  kept.configure({.sample_per_mille = 10, .entries = 24}, 4);
  keep(kept, "6", true, 6);
  keep(kept, "7", true, 7);
  EXPECT_EQ(ids(kept, Kind::failure, 9), "7 6 5 ");
  EXPECT_EQ(kept.find("6")->started, at(6));
  kept.configure({.sample_per_mille = 10, .entries = 0}, 4);
  EXPECT_FALSE(kept.on());
  keep(kept, "8", true, 8);
  EXPECT_EQ(ids(kept, Kind::failure, 9), "");
}

TEST(Explanations, SamplesSoManyOfAThousand) {
  Prng prng(3);
  for (const uint32_t per_mille : {0u, 10u, 300u, 1000u}) {
    Explanations kept;
    kept.configure({.sample_per_mille = per_mille, .entries = 8}, 1);
    constexpr int kRequests = 200'000;
    int sampled = 0;
    for (int i = 0; i < kRequests; ++i) sampled += kept.sample(prng);
    // Six standard errors; with none and with all it is exact.
    const double share = per_mille / 1000.0;
    EXPECT_NEAR(sampled, kRequests * share, 6 * std::sqrt(kRequests * share * (1 - share))) << per_mille;
  }
}

/// For ThreadSanitizer, and that a reader never sees half a record.
TEST(Explanations, AreReadWhileTheyAreKept) {
  Explanations kept;
  kept.configure({.sample_per_mille = 10, .entries = 16}, 1);
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    std::vector<Explanation> found;
    while (!stop) {
      found.clear();
      kept.newest(Kind::failure, 8, found);
      for (const Explanation& each : found) EXPECT_EQ(each.of(each.id), std::to_string(each.started.ns()));
      (void)kept.state(Kind::failure);
      (void)kept.find("17");
    }
  });
  for (int i = 0; i < 20'000; ++i) keep(kept, std::to_string(at(i).ns()), true, i);
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace weir::l7
