#include "app/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/exposition_reader.h"

namespace weir::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Exposition::Kind;

TEST(Exposition, IsLiterallyThis) {
  Exposition out;
  out.family("weir_things_total", Kind::counter, "Things.");
  out.sample({}, 3);
  out.sample({{"a", "x"}, {"b", "\"\\\n"}}, 0.25);
  out.sample({{"a", "y"}}, 9007199254740991.0);
  EXPECT_EQ(out.text(),
            "# HELP weir_things_total Things.\n"
            "# TYPE weir_things_total counter\n"
            "weir_things_total 3\n"
            "weir_things_total{a=\"x\",b=\"\\\"\\\\\\n\"} 0.25\n"
            "weir_things_total{a=\"y\"} 9007199254740991\n");
}

TEST(Exposition, HistogramsAreCumulativeInSeconds) {
  Histogram histogram;
  for (const uint64_t us : {100u, 1'000u, 1'000u, 40'000u, 3'000'000u, 3'600'000'000u}) histogram.record(us);
  Exposition out;
  out.family("weir_x_seconds", Kind::histogram, "X.");
  out.histogram({{"a", "b"}}, histogram);
  const ExpositionReader read(out.text());
  EXPECT_THAT(read.complaints(), IsEmpty());
  const struct {
    double expected;
    const char* le;
  } cases[] = {{1, "0.00025"}, {1, "0.0005"}, {3, "0.001"}, {3, "0.025"}, {4, "0.05"},
               {4, "2.5"},     {5, "5"},      {5, "30"},    {6, "+Inf"}};
  for (const auto& c : cases) {
    EXPECT_EQ(read.value("weir_x_seconds_bucket", {{"a", "b"}, {"le", c.le}}), c.expected) << c.le;
  }
  EXPECT_EQ(read.value("weir_x_seconds_count", {{"a", "b"}}), 6);
  EXPECT_DOUBLE_EQ(read.value("weir_x_seconds_sum", {{"a", "b"}}).value(), 3603.0421);
}

TEST(Exposition, AnEmptyHistogramIsWhole) {
  Exposition out;
  out.family("weir_x_seconds", Kind::histogram, "X.");
  out.histogram({}, Histogram());
  const ExpositionReader read(out.text());
  EXPECT_THAT(read.complaints(), IsEmpty());
  EXPECT_EQ(read.value("weir_x_seconds_bucket", {{"le", "+Inf"}}), 0);
}

/// The other tests lean on the reader, so it must be able to complain.
TEST(ExpositionReader, Complains) {
  const struct {
    const char* expected;
    const char* text;
  } cases[] = {
      {"the text does not end with a line feed", "# HELP a A."},
      {"no samples: a", "# HELP a A.\n# TYPE a gauge\n"},
      {"type of a", "# HELP a A.\na 1\n"},
      {"not a number: a x", "# HELP a A.\n# TYPE a gauge\na x\n"},
      {"no value: a", "# HELP a A.\n# TYPE a gauge\na\na 1\n"},
      {"not of its family: b", "# HELP a A.\n# TYPE a gauge\na 1\nb 1\n"},
      {"a counter that is not a _total: a", "# HELP a A.\n# TYPE a counter\na 1\n"},
      {"a sample twice: a{x=\"1\"} 2", "# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"1\"} 2\n"},
      {"bad labels: a{x=\"1} 2", "# HELP a A.\n# TYPE a gauge\na 1\na{x=\"1} 2\n"},
      {"bad labels: a{x=\"\\t\"} 2", "# HELP a A.\n# TYPE a gauge\na 1\na{x=\"\\t\"} 2\n"},
      {"no +Inf: a", "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\na_sum 1\na_count 1\n"},
      {"the count is not the last bucket: a",
       "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n"},
      {"buckets shrink: a",
       "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n"},
  };
  for (const auto& c : cases) EXPECT_THAT(ExpositionReader(c.text).complaints(), ElementsAre(c.expected));
}

}  // namespace
}  // namespace weir::app
