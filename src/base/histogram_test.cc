#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/prng.h"

namespace weir {
namespace {

TEST(Histogram, BucketsCoverTheLineWithoutGaps) {
  for (size_t b = 0; b + 1 < Histogram::kBuckets; ++b) {
    ASSERT_EQ(Histogram::bucket_of(Histogram::lower_bound(b)), b);
    ASSERT_EQ(Histogram::bucket_of(Histogram::lower_bound(b + 1) - 1), b);
  }
}

TEST(Histogram, PercentilesAreWithinOnePercentOfTheExactOnes) {
  auto histogram = std::make_unique<Histogram>();
  Prng prng(7);
  std::vector<uint64_t> values;
  for (int i = 0; i < 200'000; ++i) {
    values.push_back(static_cast<uint64_t>(prng.exponential(5e6)));
    histogram->record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (double p : {1.0, 50.0, 90.0, 99.0, 99.9}) {
    const auto exact = static_cast<double>(values[static_cast<size_t>(p / 100 * 200'000) - 1]);
    EXPECT_NEAR(static_cast<double>(histogram->percentile(p)), exact, exact * 0.01) << "p" << p;
  }
  EXPECT_EQ(histogram->percentile(100), values.back());
}

TEST(Histogram, MergingEqualsRecordingTogether) {
  auto a = std::make_unique<Histogram>(), b = std::make_unique<Histogram>(), both = std::make_unique<Histogram>();
  Prng prng(1);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t v = prng.below(1'000'000);
    (i % 3 ? *a : *b).record(v);
    both->record(v);
  }
  a->merge(*b);
  EXPECT_EQ(a->count(), both->count());
  EXPECT_EQ(a->sum(), both->sum());
  for (size_t i = 0; i < Histogram::kBuckets; ++i) ASSERT_EQ(a->count_in(i), both->count_in(i));
  EXPECT_EQ(a->groups(), both->groups());
}

TEST(Histogram, WhatIsNotInATouchedGroupIsEmpty) {
  auto histogram = std::make_unique<Histogram>();
  EXPECT_EQ(histogram->groups(), 0u);
  Prng prng(3);
  for (int i = 0; i < 20; ++i) histogram->record(prng.next() >> prng.below(64));
  uint64_t found = 0;
  for_each_bucket(histogram->groups(), [&](size_t bucket) { found += histogram->count_in(bucket); });
  EXPECT_EQ(found, 20u);
  histogram->clear();
  EXPECT_EQ(histogram->groups(), 0u);
  for (size_t i = 0; i < Histogram::kBuckets; ++i) ASSERT_EQ(histogram->count_in(i), 0u);
}

TEST(Histogram, HugeValuesLandInTheLastBucketAndEmptyIsZero) {
  auto h = std::make_unique<Histogram>();
  EXPECT_EQ(h->percentile(99), 0u);
  h->record(UINT64_MAX);
  EXPECT_EQ(h->count_in(Histogram::kBuckets - 1), 1u);
  EXPECT_EQ(h->percentile(50), UINT64_MAX);
}

}  // namespace
}  // namespace weir
