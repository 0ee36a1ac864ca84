#include "console/frames.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace weir::console {
namespace {

using nlohmann::json;

TEST(TickJson, IsOneLineOfNumbers) {
  Second second{.unix_ms = 1764000000123, .rate = 1234.5, .failed = 2, .refused = 0.5, .clients = 7};
  second.latency = {.count = 3, .p50_us = 1500, .p99_us = 250'000, .heat = "003"};
  ClusterSecond app{.name = "app", .rate = 10, .in_flight = 3, .pending = 1};
  app.endpoints.push_back({.name = "[::1]:2", .state = "healthy", .rate = 10.25, .in_flight = 2});
  app.endpoints.push_back({.name = "127.0.0.1:1", .state = "ejected", .failed = 1});
  second.listeners.push_back({.name = "web", .rate = 12, .failed = 1, .to = {{"app", 10}, {"api", 1.5}}});
  second.listeners.push_back({.name = "idle"});
  second.clusters.push_back(app);
  second.clusters.push_back({.name = "a \"quoted\" one"});
  const std::string text = tick_json(second);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const json expected = json::parse(R"({
    "t": 1764000000123, "sum": [1234, 2, 0.5, 7, 1.5, 250, "003"],
    "listeners": {"web": {"sum": [12, 1], "to": {"app": 10, "api": 1.5}}, "idle": {"sum": [0, 0], "to": {}}},
    "clusters": {
      "app": {"sum": [10, 0, 3, 1, 0, 0, ""], "endpoints": {
        "[::1]:2": [10.25, 0, 2, 0, 0, "", "healthy"], "127.0.0.1:1": [0, 1, 0, 0, 0, "", "ejected"]}},
      "a \"quoted\" one": {"sum": [0, 0, 0, 0, 0, 0, ""], "endpoints": {}}}})");
  EXPECT_EQ(json::parse(text, nullptr, false), expected) << text;
}

TEST(RefusalsJson, NewestFirstWithTheirSentence) {
  const Epoch epoch{.now = Instant::from_ns(10'000'000'000), .unix_ms = 1'000'000};
  std::vector<l7::RefusalEntry> entries(3);
  entries[0] = {.at = epoch.now - Duration::s(3), .status = 404, .rule = "no_route", .target = "/\xff"};
  entries[1] = {.at = epoch.now - Duration::s(1),
                .waited = Duration::ms(2),
                .status = 503,
                .value = 8,
                .rule = "max_pending",
                .limit = "circuit_breaker.max_pending"};
  entries[2] = {.at = epoch.now - Duration::s(2), .status = 400, .rule = "bad_method"};
  const json all = json::parse(refusals_json(entries, epoch, 2, {{"max_pending", 5}, {"method", 0}}), nullptr, false);
  ASSERT_TRUE(all.is_object()) << "whatever bytes a request had";
  EXPECT_EQ(all["totals"], json::parse(R"({"max_pending": 5})"));
  ASSERT_EQ(all["last"].size(), 2u);
  EXPECT_EQ(all["last"][0]["at"], 999'000);
  EXPECT_EQ(all["last"][0]["limit"], "circuit_breaker.max_pending");
  EXPECT_EQ(all["last"][0]["value"], 8);
  EXPECT_EQ(all["last"][0]["text"], "Too many requests are waiting for the cluster already.");
  EXPECT_EQ(all["last"][0]["waited_ms"], 2);
  EXPECT_EQ(all["last"][1]["rule"], "bad_method");
  EXPECT_EQ(all["last"][1]["text"], "What the client sent is not valid HTTP, or did not come in time.");
}

}  // namespace
}  // namespace weir::console
