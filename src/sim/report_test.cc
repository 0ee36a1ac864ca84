// What a report says of results made by hand: which columns, which numbers, and how loudly a broken law is told.
#include "sim/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/plot.h"
#include "sim/report_html.h"

namespace weir::sim {
namespace {

struct Example {
  Scenario scenario;
  Report report;

  explicit Example(size_t variants = 2) {
    scenario.tiers.emplace_back();
    scenario.clients.emplace_back();
    report.title = "A title with <angles> & more";
    for (size_t i = 0; i < variants; ++i) {
      report.runs.push_back({&scenario, std::make_unique<Result>()});
      Result& result = of(i);
      result.variant = std::string(1, static_cast<char>('a' + i));
      result.arrived = 12'000;
      result.answered = 12'000;
      for (uint64_t ms = 1; ms <= 100; ++ms) result.latency.record(ms * 1'000'000);
      result.mean_ns = 50.5e6;
      TierResult& tier = result.tiers.emplace_back();
      tier.name = "app";
      tier.requests = tier.attempts = 12'000;
      tier.endpoints.push_back({.zone = {}, .served = 9'000, .picked = 9'000, .utilisation = 0.75});
      tier.endpoints.push_back({.zone = {}, .served = 3'000, .picked = 3'000, .utilisation = 0.25});
      for (uint64_t s = 0; s < 60; ++s) {
        result.slices.push_back({.arrived = 200,
                                 .answered = 200,
                                 .p50_ns = 20'000'000,
                                 .p99_ns = 80'000'000 + s * 1'000'000,
                                 .in_flight = {static_cast<uint32_t>(s % 5), 2}});
      }
    }
  }
  Result& of(size_t i) { return *report.runs[i].result; }
};

std::vector<std::string> columns(const Report& report, size_t table) { return tables_of(report).at(table).columns; }

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string cell(const Report& report, size_t table, const std::string& column, size_t row) {
  const Table made = tables_of(report).at(table);
  const auto found = std::find(made.columns.begin(), made.columns.end(), column);
  return found == made.columns.end() ? "no such column"
                                     : made.rows.at(row).at(static_cast<size_t>(found - made.columns.begin()));
}

TEST(Report, ShowsOnlyTheColumnsThatSaySomething) {
  Example example;
  EXPECT_EQ((std::vector<std::string>{"variant", "requests", "failed", "p50", "p90", "p99", "p99.9", "mean"}),
            columns(example.report, 0));
  EXPECT_EQ((std::vector<std::string>{"variant", "utilisation", "imbalance"}), columns(example.report, 1));
  struct Row {
    std::string column;
    size_t table;
    void (*change)(Result&);
  };
  const Row rows[] = {
      {"attempts/request", 1, [](Result& r) { r.tiers[0].attempts += 1; }},
      {"retries", 1, [](Result& r) { r.tiers[0].retries = 1; }},
      {"ejections", 1, [](Result& r) { r.tiers[0].endpoints[1].ejections = 1; }},
      {"refused", 1, [](Result& r) { r.tiers[0].endpoints[1].refused = 1; }},
      {"panics", 1, [](Result& r) { r.tiers[0].panics = 1; }},
      {"cross-zone", 1, [](Result& r) { r.tiers[0].cross_zone_bytes = r.tiers[0].all_bytes = 10; }},
      {"cross-zone $/month", 0, [](Result& r) { r.cross_zone_dollars_per_month = 0.5; }},
      {"cache hit", 1, [](Result& r) { r.tiers[0].cache_misses = 1; }},
      {"waited for a fetch", 1, [](Result& r) { r.tiers[0].cache_waits = 1; }},
      {"pool wait p99", 1,
       [](Result& r) {
         r.tiers[0].pool_waits = 1;
         r.tiers[0].pool_wait->record(5);
       }},
  };
  for (const Row& row : rows) {
    Example changed;
    row.change(changed.of(1));  // of one variant is enough
    EXPECT_FALSE(has(columns(example.report, row.table), row.column)) << row.column;
    EXPECT_TRUE(has(columns(changed.report, row.table), row.column)) << row.column;
  }
}

TEST(Report, TheNumbersAreThoseOfTheResult) {
  Example example;
  Result& second = example.of(1);
  second.failed = 6;
  second.tiers[0].attempts = 15'000;
  second.tiers[0].cache_hits = 3;
  second.tiers[0].cache_misses = 1;
  EXPECT_EQ("12,000", cell(example.report, 0, "requests", 1));
  EXPECT_EQ("0.050%", cell(example.report, 0, "failed", 1));
  EXPECT_EQ("0%", cell(example.report, 0, "failed", 0));
  EXPECT_EQ("50.5ms", cell(example.report, 0, "mean", 0));
  EXPECT_EQ("100ms", cell(example.report, 0, "p99.9", 0));
  EXPECT_EQ("1.250", cell(example.report, 1, "attempts/request", 1));
  EXPECT_EQ("25/50/75%", cell(example.report, 1, "utilisation", 0));
  EXPECT_EQ("1.50", cell(example.report, 1, "imbalance", 0));
  EXPECT_EQ("75.0%", cell(example.report, 1, "cache hit", 1));
  EXPECT_EQ("-", cell(example.report, 1, "cache hit", 0));
}

TEST(Report, WhatTheAutoscalerNeverStartedIsNoEndpoint) {
  Example example;
  example.of(0).tiers[0].endpoints.push_back({});
  EXPECT_EQ("0/33/75%", cell(example.report, 1, "utilisation", 0));
  example.scenario.tiers[0].autoscale.enabled = true;
  EXPECT_EQ("25/50/75%", cell(example.report, 1, "utilisation", 0));
}

TEST(Report, SaysWhyRequestsFailed) {
  Example example;
  EXPECT_TRUE(failures_of(example.report).empty());
  example.of(1).failed = 1'500;
  example.of(1).refusals[static_cast<size_t>(l7::core::Rule::try_timeout)] = 1'200;
  EXPECT_EQ(std::vector<std::string>{"b: 1,200 try_timeout, 300 answered 5xx by endpoints"},
            failures_of(example.report));
  EXPECT_NE(std::string::npos, text_of(example.report).find("  b: 1,200 try_timeout"));
}

TEST(Report, ABrokenLawIsTold) {
  Example example;
  for (const std::string& text : {text_of(example.report), html_of(example.report)}) {
    EXPECT_EQ(std::string::npos, text.find("Trust no number")) << text;
  }
  example.of(1).seed = 7;
  example.of(1).laws.broken = {"Little's law"};
  EXPECT_EQ(std::vector<std::string>{"variant b, seed 7: Little's law"}, broken_laws_of(example.report));
  EXPECT_NE(std::string::npos, text_of(example.report).find("!! variant b, seed 7: Little's law\n"));
  EXPECT_NE(std::string::npos, html_of(example.report).find("Trust no number here"));
}

TEST(Report, LatenciesHaveThreeDigits) {
  const std::pair<double, const char*> rows[] = {{0, "0ns"},          {12, "12ns"},           {1'240, "1.24us"},
                                                 {999'600, "1.00ms"}, {12'340'000, "12.3ms"}, {99'960'000, "100ms"},
                                                 {999.9e6, "1.00s"},  {75e9, "75.0s"}};
  for (const auto& [ns, expected] : rows) EXPECT_EQ(expected, latency_text(ns));
}

TEST(Report, JsonHasAll) {
  Example example;
  example.of(0).digest = 0xab;
  example.of(0).refusals[static_cast<size_t>(l7::core::Rule::no_endpoint)] = 2;
  const auto json = nlohmann::json::parse(json_of(example.report), nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  const auto& run = json["variants"][0];
  EXPECT_EQ("a", run["variant"]);
  EXPECT_EQ("00000000000000ab", run["digest"]);
  EXPECT_EQ(2, run["refusals"]["no_endpoint"]);
  EXPECT_EQ(9'000, run["tiers"][0]["endpoints"][0]["served"]);
  EXPECT_EQ(60u, run["slices"].size());
  EXPECT_TRUE(run["tiers"][0]["pool_wait_ms"].is_null());
  EXPECT_EQ(json_of(example.report), json_of(example.report));
}

size_t occurrences(const std::string& text, const std::string& of) {
  size_t count = 0;
  for (size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++count;
  return count;
}

TEST(Plot, HasALineOfEachVariantAndEndpointsAsRows) {
  Example example;
  const std::string svg = plot_svg(example.report);
  EXPECT_EQ(2u, occurrences(svg, "<path class=\"s s0\"")) << "p99, and in the legend";
  EXPECT_EQ(1u, occurrences(svg, "<path class=\"s thin s1\"")) << "p50";
  EXPECT_EQ(1u, occurrences(svg, "requests in flight at each endpoint of tier app"));
  EXPECT_EQ(0u, occurrences(svg, "failed, of the requests")) << "none failed";
  EXPECT_EQ(1u, occurrences(svg, "A title with &lt;angles&gt; &amp; more</text>"));
  example.of(0).slices[3].failed = 100;
  EXPECT_EQ(1u, occurrences(plot_svg(example.report), "failed, of the requests"));
}

TEST(Plot, ALatencyThatIsNotThereInterruptsTheLine) {
  Example example(1);
  for (size_t i = 20; i < 30; ++i) example.of(0).slices[i].p99_ns = example.of(0).slices[i].p50_ns = 0;
  const std::string svg = plot_svg(example.report);
  const size_t begin = svg.find("<path class=\"s s0\"");  // of one variant there is no legend
  EXPECT_EQ(2u, occurrences(svg.substr(begin, svg.find("/>", begin) - begin), "M"));
}

TEST(Plot, FaultsAreMarkedOnceWithTheVariantsThatHaveThem) {
  Example example;
  Scenario other = example.scenario;
  example.scenario.faults = {{.kind = FaultKind::die, .at = Duration::s(9), .length = Duration::s(3)}};
  other.faults = example.scenario.faults;
  other.faults.push_back({.kind = FaultKind::slow, .at = Duration::s(20), .first = 1, .last = 2, .percent = 500});
  example.report.runs[1].scenario = &other;
  const std::string svg = plot_svg(example.report);
  EXPECT_EQ(1u, occurrences(svg, ">die: app 0<"));
  EXPECT_EQ(1u, occurrences(svg, ">slow 500%: app 1-2 (b)<"));
}

TEST(Plot, TooManyEndpointsAreNotDrawn) {
  Example example(1);
  for (Slice& slice : example.of(0).slices) slice.in_flight.assign(65, 1);
  EXPECT_EQ(0u, occurrences(plot_svg(example.report), "in flight at each"));
  for (Slice& slice : example.of(0).slices) slice.in_flight.assign(64, 1);
  EXPECT_EQ(1u, occurrences(plot_svg(example.report), "in flight at each"));
}

TEST(Plot, ThePageNeedsNothingElse) {
  Example example;
  const std::string page = html_of(example.report);
  for (const char* fetched : {"<script", "<link", "<img", "@import", "url(", "src="}) {
    EXPECT_EQ(0u, occurrences(page, fetched)) << fetched;
  }
  EXPECT_EQ(2u, occurrences(page, "<svg ")) << "one for wide screens, one for narrow ones";
  EXPECT_EQ(0u, occurrences(page, "<angles>"));
  EXPECT_GE(occurrences(page, "prefers-color-scheme: dark"), 1u);
}

TEST(Plot, NothingAnsweredIsNoReasonToFall) {
  Example example(1);
  for (Slice& slice : example.of(0).slices) slice = {};
  EXPECT_EQ(1u, occurrences(plot_svg(example.report), "</svg>"));
  example.of(0).slices.clear();
  EXPECT_EQ(2u, occurrences(html_of(example.report), "</svg>"));
}

}  // namespace
}  // namespace weir::sim
