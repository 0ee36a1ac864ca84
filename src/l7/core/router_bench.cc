// Cost of finding a request's route, by what the routes differ in and how many there are. It should be flat: what grows
// is only what no longer fits into the caches.
#include <benchmark/benchmark.h>

#include <fmt/format.h>

#include "base/prng.h"
#include "l7/core/router.h"

namespace weir::l7::core {
namespace {

using model::RouteConfig;
using Kind = RouteConfig::PathKind;

struct World {
  std::vector<RouteConfig> routes;
  std::vector<std::pair<std::string, std::string>> requests;  ///< host and target, of routes at random

  void add(std::string host, std::string path, Kind kind, std::string target) {
    requests.emplace_back(host.empty() ? "www.example.org" : host, std::move(target));
    RouteConfig route;
    route.host = std::move(host);
    route.path = std::move(path);
    route.path_kind = kind;
    routes.push_back(std::move(route));
  }
};

World hosts(size_t count) {
  World world;
  for (size_t i = 0; i < count; ++i) world.add(fmt::format("shop-{}.example.org", i), "/", Kind::prefix, "/cart/items");
  return world;
}

World prefixes(size_t count) {
  World world;
  for (size_t i = 0; i < count; ++i) {
    world.add("", fmt::format("/api/service-{}/", i), Kind::prefix, fmt::format("/api/service-{}/v1/items?page=2", i));
  }
  return world;
}

World patterns(size_t count) {
  World world;
  for (size_t i = 0; i < count; ++i) {
    world.add("", fmt::format("/tenants/{{tenant}}/kind-{}/{{id}}", i), Kind::pattern,
              fmt::format("/tenants/acme/kind-{}/4711", i));
  }
  return world;
}

void find(benchmark::State& state, World (*make)(size_t)) {
  const World world = make(static_cast<size_t>(state.range(0)));
  const Router router(world.routes);
  Prng prng(1);
  std::string storage;
  std::vector<proto::http::RequestHead> heads(1024);
  for (auto& head : heads) {
    const auto& [host, target] = world.requests[prng.below(world.requests.size())];
    head.authority = host;
    head.target = target;
  }
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(router.find(heads[i++ % heads.size()], false, storage));
  state.counters["bytes_per_route"] = static_cast<double>(router.memory_bytes()) / static_cast<double>(state.range(0));
}

void compile(benchmark::State& state) {
  const World world = prefixes(static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(Router(world.routes).memory_bytes());
}

#define SIZES Arg(1)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)
BENCHMARK_CAPTURE(find, hosts, hosts)->SIZES;
BENCHMARK_CAPTURE(find, prefixes, prefixes)->SIZES;
BENCHMARK_CAPTURE(find, patterns, patterns)->SIZES;
BENCHMARK(compile)->SIZES;
#undef SIZES

}  // namespace
}  // namespace weir::l7::core
