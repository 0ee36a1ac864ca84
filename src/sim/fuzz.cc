#include "sim/fuzz.h"

#include <memory>
#include <utility>

#include "sim/random_world.h"
#include "sim/world.h"

namespace weir::sim {

namespace {

constexpr uint64_t kTwice = 16;

}  // namespace

std::vector<Violation> fuzz_one(uint64_t seed) {
  const Scenario scenario = random_world(seed);
  Invariants invariants(scenario);
  const std::unique_ptr<Result> result = run(scenario, "fuzz", scenario.seed, &invariants);
  invariants.close(result->laws);
  std::vector<Violation> violations = invariants.violations();
  if (seed % kTwice != 0) return violations;
  const std::unique_ptr<Result> again = run(scenario, "fuzz", scenario.seed);
  if (again->digest != result->digest || again->events != result->events) {
    violations.push_back({.invariant = Invariant::same_again,
                          .at = Instant{} + scenario.duration,
                          .gateway = kNoGateway,
                          .what = "the same seed gave another run"});
  }
  return violations;
}

std::vector<Failure> fuzz(const FuzzRange& range, const std::function<void(uint64_t)>& after_each) {
  std::vector<Failure> failures;
  for (uint64_t i = 0; i < range.count; ++i) {
    std::vector<Violation> violations = fuzz_one(range.from + i);
    if (!violations.empty()) failures.push_back({range.from + i, std::move(violations)});
    if (after_each) after_each(i + 1);
  }
  return failures;
}

}  // namespace weir::sim
