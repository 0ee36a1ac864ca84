#pragma once
// A search for failures: random worlds (random_world.h), each run under the invariants (invariants.h). Every sixteenth
// is run twice, and must give the same run.
//
//   for (const Failure& failure : fuzz({.from = 1, .count = 200})) ...
//
// A seed is a world, so a failure repeats itself from its seed alone. One thread; several may search different ranges.

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/invariants.h"

namespace weir::sim {

struct FuzzRange {
  uint64_t from = 1;
  uint64_t count = 1;
};

struct Failure {
  uint64_t seed = 0;
  std::vector<Violation> violations;
};

/// One world; what did not hold in it.
std::vector<Violation> fuzz_one(uint64_t seed);

/// `after_each` hears how many seeds are done.
std::vector<Failure> fuzz(const FuzzRange& range, const std::function<void(uint64_t)>& after_each = {});

}  // namespace weir::sim
