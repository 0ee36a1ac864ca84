// Cost of one pick, by policy and number of endpoints, at the load a busy cluster shows: every endpoint measured, a few
// requests in flight, unequal latencies. P2C and the hashes should be flat but for cache misses (10,000 load cells are
// 640 kB).
#include <benchmark/benchmark.h>

#include "balance/balancer.h"
#include "balance/test_cluster.h"

namespace weir::balance {
namespace {

using model::PolicyKind;

void pick(benchmark::State& state, PolicyKind kind, bool equal_weights) {
  const auto endpoints = static_cast<size_t>(state.range(0));
  TestCluster cluster(endpoints);
  Prng prng(1);
  for (size_t i = 0; i < endpoints; ++i) {
    if (!equal_weights) cluster.views[i].weight = 1 + static_cast<uint32_t>(i % 7);
    cluster.loads[i].in_flight = static_cast<uint32_t>(prng.below(8));
    cluster.set_latency(i, Duration::us(static_cast<int64_t>(1'000 + prng.below(4'000))), kStart);
  }
  Balancer balancer({.policy = kind});
  balancer.update(cluster.views, kStart);
  Instant now = kStart;
  for (auto _ : state) {
    now = now + Duration::us(10);
    benchmark::DoNotOptimize(balancer.pick({.hash = prng.next(), .now = now}, prng));
  }
}

void update(benchmark::State& state, PolicyKind kind) {
  TestCluster cluster(static_cast<size_t>(state.range(0)));
  Balancer balancer({.policy = kind});
  for (auto _ : state) balancer.update(cluster.views, kStart);
}

#define SIZES Arg(2)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000)
BENCHMARK_CAPTURE(pick, round_robin, PolicyKind::round_robin, true)->SIZES;
BENCHMARK_CAPTURE(pick, round_robin_weighted, PolicyKind::round_robin, false)->SIZES;
BENCHMARK_CAPTURE(pick, least_request, PolicyKind::least_request, true)->SIZES;
BENCHMARK_CAPTURE(pick, p2c, PolicyKind::p2c, true)->SIZES;
BENCHMARK_CAPTURE(pick, p2c_weighted, PolicyKind::p2c, false)->SIZES;
BENCHMARK_CAPTURE(pick, peak_ewma, PolicyKind::peak_ewma, true)->SIZES;
BENCHMARK_CAPTURE(pick, ring_hash, PolicyKind::ring_hash, true)->SIZES;
BENCHMARK_CAPTURE(pick, maglev, PolicyKind::maglev, true)->SIZES;
BENCHMARK_CAPTURE(update, p2c, PolicyKind::p2c)->SIZES;
BENCHMARK_CAPTURE(update, ring_hash, PolicyKind::ring_hash)->SIZES;
BENCHMARK_CAPTURE(update, maglev, PolicyKind::maglev)->SIZES;
#undef SIZES

}  // namespace
}  // namespace weir::balance
