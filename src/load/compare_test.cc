// Two reports become one table and one page; what is no report, or a strange one, does no harm.
#include "load/compare.h"

#include <gtest/gtest.h>

namespace weir::load {
namespace {

Figures run_of(int64_t p50_ns, std::optional<int64_t> p99_ns) {
  Figures figures;
  figures.title = "constant <500>/s";
  figures.rate_offered = figures.rate_completed = figures.rate_good = 500;
  figures.measured_s = 2;
  figures.response.at[0] = figures.service.at[0] = p50_ns;
  figures.response.at[4] = p99_ns;
  for (const double at : {0.0, 1.0, 2.0}) {
    Point point{.at_s = at, .length_s = 1, .offered = 500, .completed = 490, .good = 480, .warm_up = at == 0};
    point.failures[7] = 10;
    point.response = {p50_ns, p99_ns, std::nullopt};
    figures.points.push_back(point);
  }
  figures.curve = {{0, p50_ns / 2, p50_ns / 2}, {50, p50_ns, p50_ns}, {90, 2 * p50_ns, p50_ns}};
  return figures;
}

TEST(Compare, AReportIsReadAsItWasWritten) {
  const Figures written = run_of(1'000'000, 9'000'000);
  const auto read = figures_from_json(json_of(written));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(written.title, read->title);
  EXPECT_EQ(written.response.at, read->response.at);
  ASSERT_EQ(3u, read->points.size());
  EXPECT_EQ(490, read->points[2].completed);
  EXPECT_EQ(10, read->points[2].failures[7]);
  EXPECT_EQ(written.points[2].response, read->points[2].response);
  EXPECT_TRUE(read->points[0].warm_up);
  EXPECT_FALSE(read->points[1].warm_up);
  ASSERT_EQ(3u, read->curve.size());
  EXPECT_EQ(90, read->curve[2].percent);
  EXPECT_EQ(2'000'000, read->curve[2].response_ns);
}

TEST(Compare, TellsDifferenceAndRatio) {
  struct Row {
    const char* message;
    ComparedRow expected;
    size_t row;
  };
  const auto rows = compared_rows(run_of(1'000'000, 9'000'000), run_of(1'500'000, std::nullopt));
  const Row expected[] = {
      {"a rate", {"good", "500.0/s", "500.0/s", "+0.0/s", "1.00x"}, 2},
      {"no failures at all", {"failed", "0%", "0%", "+0%", "-"}, 3},
      {"a time", {"response p50", "1.00 ms", "1.50 ms", "+500 us", "1.50x"}, 4},
      {"what one of them does not know", {"response p99", "9.00 ms", "too few", "-", "-"}, 8},
  };
  for (const auto& [message, wanted, row] : expected) {
    ASSERT_LT(row, rows.size());
    EXPECT_EQ(wanted.name, rows[row].name) << message;
    EXPECT_EQ(wanted.first, rows[row].first) << message;
    EXPECT_EQ(wanted.second, rows[row].second) << message;
    EXPECT_EQ(wanted.difference, rows[row].difference) << message;
    EXPECT_EQ(wanted.ratio, rows[row].ratio) << message;
  }
  const auto back = compared_rows(run_of(1'500'000, std::nullopt), run_of(1'000'000, std::nullopt));
  EXPECT_EQ("-500 us", back[4].difference);
}

TEST(Compare, ThePageLaysOneOverTheOther) {
  NamedFigures first{"a.json", run_of(1'000'000, 9'000'000)}, second{"b.json", run_of(2'000'000, 8'000'000)};
  second.figures.verdict = {.limited = true, .reason = "it was <late>", .lateness_p99 = {}, .cpu_percent = 0};
  const std::string page = compare_html(first, second);
  for (const char* each :
       {"A response", "B response", "A service", "B p99", "A good", "B failed", "B was generator-limited",
        "it was &lt;late&gt;", "constant &lt;500&gt;/s", "what differs"}) {
    EXPECT_NE(std::string::npos, page.find(each)) << each;
  }
  EXPECT_EQ(std::string::npos, page.find("A was generator-limited"));
}

TEST(Compare, StrangeReportsDoNoHarm) {
  const std::string good = json_of(run_of(1'000'000, 9'000'000));
  const auto with = [&](std::string_view before, std::string_view after) {
    std::string text = good;
    const size_t at = text.find(before);
    EXPECT_NE(std::string::npos, at) << before;
    return text.replace(at, before.size(), after);
  };
  struct Row {
    const char* message;
    bool expected;
    std::string text;
  };
  const Row rows[] = {
      {"as it is", true, good},
      {"empty", false, ""},
      {"cut off", false, good.substr(0, good.size() / 2)},
      {"of somebody else", false, with("\"weir load\"", "\"wrk\"")},
      {"a list", false, "[]"},
      {"a number no double holds", false, with("\"length_s\": 1.0", "\"length_s\": 1e999")},
      {"a run of 10^300 seconds", true, with("\"length_s\": 1.0", "\"length_s\": 1e300")},
      {"a negative share", true, with("\"percent\": 90.0", "\"percent\": -90")},
      {"a percentile in words", true, with("\"response_p50_ns\": 1000000", "\"response_p50_ns\": \"soon\"")},
      {"failures in words", true, with("\"failures_per_s\": {", "\"failures_per_s\": 5, \"x\": {")},
      {"intervals that are no list", false, with("\"intervals\": [", "\"intervals\": 5, \"x\": [")},
      {"a curve of numbers", false, with("\"curve\": [", "\"curve\": [5, ")},
  };
  for (const Row& row : rows) {
    const auto figures = figures_from_json(row.text);
    ASSERT_EQ(row.expected, figures.has_value()) << row.message;
    if (figures) {
      EXPECT_NE("", compare_html({"a", *figures}, {"b", *figures})) << row.message;
    } else {
      EXPECT_EQ("is no report of weir load; --json writes one", figures.error()) << row.message;
    }
  }
}

}  // namespace
}  // namespace weir::load
