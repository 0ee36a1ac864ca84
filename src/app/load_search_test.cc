// A search for the highest rate ends with a verdict about the server, or says that it is about the generator.
#include "app/load_search.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::app {
namespace {

load::Figures tried(bool held, bool limited) {
  load::Figures figures;
  figures.completed = figures.offered = 100;
  figures.verdict.limited = limited;
  figures.verdict.reason = "p99 of lateness is 900 us";
  figures.thresholds.push_back({.threshold = *load::parse_threshold("p99<10ms"), .held = held, .actual = {}});
  return figures;
}

struct Search {
  SearchOrders orders{.from = 100,
                      .ask = {},
                      .interrupted = [] { return false; },
                      .progress = [this](const auto& line) { told += line; }};
  std::vector<double> asked;
  std::string told;

  template <class Answer>
  SearchEnd end(const Answer& answer) {
    orders.ask = [&](double rate) -> Result<load::Figures, std::string> {
      asked.push_back(rate);
      return answer(rate);
    };
    const auto end = search_rate(orders);
    EXPECT_TRUE(end.has_value()) << end.error();
    return end.value_or(SearchEnd{});
  }
};

TEST(SearchRate, FindsWhatAServerCanDo) {
  Search search;
  const auto end = search.end([](double rate) { return tried(rate <= 750, false); });
  EXPECT_TRUE(end.complete);
  ASSERT_TRUE(end.best.has_value());
  EXPECT_NE(std::string::npos, end.verdict.find("highest rate that held 3 times: 7")) << end.verdict;
}

TEST(SearchRate, TheGeneratorsOwnLimitIsNotTheServers) {
  Search search;
  const auto end = search.end([](double rate) { return tried(rate <= 450, rate > 450); });
  EXPECT_EQ((std::vector<double>{100, 200, 400, 800, 800}), search.asked) << "once more, and then no further";
  EXPECT_FALSE(end.complete);
  EXPECT_TRUE(end.best.has_value());
  EXPECT_EQ(
      "the generator, not the server, was the limit at 800.0/s (p99 of lateness is 900 us); use more --workers; "
      "the last that held was 400.0/s",
      end.verdict);
  EXPECT_NE(std::string::npos, search.told.find("800.0/s discarded")) << search.told;
}

TEST(SearchRate, OneHiccupOfTheMachineEndsNothing) {
  Search search;
  int hiccups = 0;
  const auto end = search.end([&](double rate) {
    const bool hiccup = rate == 200 && hiccups++ == 0;
    return tried(rate <= 450 && !hiccup, hiccup);
  });
  EXPECT_TRUE(end.complete) << end.verdict;
}

TEST(SearchRate, ALateGeneratorWhoseTriesHoldGoesOn) {
  Search search;
  EXPECT_TRUE(search.end([](double rate) { return tried(rate <= 450, rate <= 450); }).complete);
}

TEST(SearchRate, WhoStopsItIsToldWhatIsKnown) {
  Search search;
  search.orders.interrupted = [&] { return search.asked.size() == 3; };
  const auto end = search.end([](double) { return tried(true, false); });
  EXPECT_FALSE(end.complete);
  EXPECT_EQ("interrupted at 400.0/s; the last that held was 200.0/s", end.verdict);
}

TEST(SearchRate, ATryTooShortToKnowIsAnError) {
  Search search;
  search.orders.ask = [](double) -> Result<load::Figures, std::string> {
    auto figures = tried(false, true);
    figures.thresholds[0].known = false;
    figures.thresholds[0].actual = "p99 is not known";
    return figures;
  };
  const auto end = search_rate(search.orders);
  ASSERT_FALSE(end.has_value());
  EXPECT_EQ("--duration is too short at 100.0/s: p99 is not known", end.error());
}

}  // namespace
}  // namespace weir::app
