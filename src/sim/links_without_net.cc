// A program of sim alone: that it links and runs shows that a simulation needs nothing of net, and house/links reads
// its symbols and those of the libraries it is made of.
#include <cstdio>

#include "sim/world.h"

int main() {
  using namespace weir;
  sim::Scenario scenario;
  scenario.clients.emplace_back();
  scenario.tiers.emplace_back().endpoints.push_back({.count = 3, .concurrency = 2});
  const auto result = sim::run(scenario, "links", 1);
  std::printf("%llu requests, %zu laws broken\n", static_cast<unsigned long long>(result->arrived),
              result->laws.broken.size());
  return result->laws.broken.empty() ? 0 : 1;
}
