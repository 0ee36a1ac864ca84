#include "l7/listener_counters.h"

#include <gtest/gtest.h>

namespace weir::l7 {
namespace {

TEST(ListenerCounters, WorkersAreAddedUp) {
  PerWorkerCounter counter(3);
  counter.of(0).add();
  counter.of(2).add(5);
  EXPECT_EQ(counter.sum(), 6u);
}

TEST(ListenerCounters, AReloadGoesOnCounting) {
  const auto before = ListenerCounters::create({"app", "old", "app"}, nullptr, 2);
  EXPECT_EQ(before.to.size(), 2u) << "two routes to one cluster are counted together";
  before.requests->of(1).add(7);
  before.to.at("app")->of(0).add(4);
  before.to_failed.at("app")->of(1).add(2);
  const auto after = ListenerCounters::create({"app", "new"}, &before, 2);
  EXPECT_EQ(after.requests, before.requests);
  EXPECT_EQ(after.failures, before.failures);
  const struct {
    const char* message;
    uint64_t expected;
    const char* cluster;
  } cases[] = {{"it stays", 4, "app"}, {"it is new", 0, "new"}};
  for (const auto& c : cases) EXPECT_EQ(after.to.at(c.cluster)->sum(), c.expected) << c.message;
  EXPECT_EQ(after.to_failed.at("app")->sum(), 2u);
  EXPECT_EQ(after.to_failed.at("new")->sum(), 0u);
  EXPECT_FALSE(after.to.contains("old")) << "no route leads there any more";
  before.to.at("app")->of(1).add();
  EXPECT_EQ(after.to.at("app")->sum(), 5u) << "requests that began before the reload are counted, too";
}

TEST(ListenerCounters, RoutesAreCountedByName) {
  std::vector<model::RouteConfig> routes(3);
  routes[0].name = "shop";
  routes[2].name = "api";
  auto before = ListenerCounters::create({}, nullptr, 2);
  before.count_routes(routes, nullptr, 2);
  ASSERT_EQ(before.routes.size(), 2u) << "one of them has no name";
  before.routes.at("api")->of(1).add(3);
  routes[0].name = "cart";
  auto after = ListenerCounters::create({}, &before, 2);
  after.count_routes(routes, &before, 2);
  EXPECT_EQ(after.routes.at("api")->sum(), 3u) << "a reload goes on counting";
  EXPECT_EQ(after.routes.at("cart")->sum(), 0u);
  EXPECT_FALSE(after.routes.contains("shop"));
}

}  // namespace
}  // namespace weir::l7
