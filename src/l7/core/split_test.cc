#include "l7/core/split.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace weir::l7::core {
namespace {

using Targets = std::vector<model::RouteTarget>;
using On = model::StickyKey::On;

constexpr int kClients = 100'000;

std::string client(int i) { return "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256); }

/// By "from>to", how many clients move when the shares change. Who stays is not counted.
std::map<std::string, int> moves(const Targets& before, const Targets& after) {
  std::map<std::string, int> moved;
  for (int i = 0; i < kClients; ++i) {
    const std::string& from = before[find_sticky_target(before, client(i))].cluster;
    const std::string& to = after[find_sticky_target(after, client(i))].cluster;
    if (from != to) ++moved[from + ">" + to];
  }
  return moved;
}

double share(int clients) { return static_cast<double>(clients) / kClients; }

TEST(Split, SharesAreTheWeightsOverTheirSum) {
  const Targets targets{{"api", 95}, {"api-next", 5}, {"off", 0}, {"half", 100}};
  std::map<size_t, int> seen;
  for (int i = 0; i < kClients; ++i) ++seen[find_sticky_target(targets, client(i))];
  // Five standard errors of a binomial at 100,000 clients are 0.8 %.
  EXPECT_NEAR(share(seen[0]), 0.475, 0.008);
  EXPECT_NEAR(share(seen[1]), 0.025, 0.003);
  EXPECT_EQ(seen[2], 0);
  EXPECT_NEAR(share(seen[3]), 0.5, 0.008);
}

TEST(Split, GrowingAShareMovesWhatItMustAndNobodyBack) {
  const auto moved = moves({{"api", 95}, {"api-next", 5}}, {{"api", 90}, {"api-next", 10}});
  ASSERT_EQ(moved.size(), 1u) << "in one direction only";
  EXPECT_NEAR(share(moved.at("api>api-next")), 0.05, 0.004);
}

TEST(Split, ANewClusterTakesFromAllAndMovesNobodyBetweenThem) {
  const auto moved = moves({{"a", 50}, {"b", 50}}, {{"a", 50}, {"b", 50}, {"c", 25}});
  ASSERT_EQ(moved.size(), 2u);
  EXPECT_NEAR(share(moved.at("a>c")), 0.1, 0.005);
  EXPECT_NEAR(share(moved.at("b>c")), 0.1, 0.005);
}

TEST(Split, WeightsAreRelativeAndTheOrderDoesNotMatter) {
  EXPECT_TRUE(moves({{"a", 1}, {"b", 3}}, {{"b", 300}, {"a", 100}}).empty());
}

TEST(Split, OneClusterGetsEverybody) {
  const Targets targets{{"a", 0}, {"b", 7}};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(find_sticky_target(targets, client(i)), 1u);
}

TEST(Split, AClientsOwnNumberIsEvenAndIndependentOfItsCluster) {
  const Targets targets{{"a", 50}, {"b", 50}};
  int below = 0, of_a = 0, below_of_a = 0;
  for (int i = 0; i < kClients; ++i) {
    const bool is_below = sticky_draw(client(i), 10'000) < 1'000;
    const bool is_a = find_sticky_target(targets, client(i)) == 0;
    below += is_below;
    of_a += is_a;
    below_of_a += is_below && is_a;
    EXPECT_EQ(sticky_draw(client(i), 10'000), sticky_draw(client(i), 10'000));
  }
  EXPECT_NEAR(share(below), 0.1, 0.005);
  EXPECT_NEAR(share(below_of_a), share(of_a) * 0.1, 0.004);
}

TEST(Split, WhatNamesAClient) {
  proto::http::RequestHead head;
  head.target = "/a?uid=q&empty=";
  head.fields = {{.name = "X-User", .value = "h"},
                 {.name = "X-Empty", .value = ""},
                 {.name = "Cookie", .value = "uid=c; empty=", .id = proto::http::FieldId::cookie}};
  struct Row {
    const char* message;
    std::optional<std::string_view> expected;
    model::StickyKey key;
  };
  const Row rows[] = {
      {"by chance", std::nullopt, {On::none, ""}},
      {"address", "10.0.0.1", {On::client_ip, ""}},
      {"header, whatever its case", "h", {On::header, "x-user"}},
      {"no such header", std::nullopt, {On::header, "x-other"}},
      {"an empty header names nobody", std::nullopt, {On::header, "x-empty"}},
      {"cookie", "c", {On::cookie, "uid"}},
      {"no such cookie", std::nullopt, {On::cookie, "UID"}},
      {"an empty cookie names nobody", std::nullopt, {On::cookie, "empty"}},
      {"query", "q", {On::query, "uid"}},
      {"no such parameter", std::nullopt, {On::query, "u"}},
      {"an empty parameter names nobody", std::nullopt, {On::query, "empty"}},
  };
  for (const Row& row : rows) EXPECT_EQ(sticky_value(row.key, head, "10.0.0.1"), row.expected) << row.message;
}

}  // namespace
}  // namespace weir::l7::core
