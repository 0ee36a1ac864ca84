#include "sim/world.h"

#include <utility>

#include "sim/engine.h"

namespace weir::sim {

std::unique_ptr<Result> run(const Scenario& scenario, std::string variant, uint64_t seed, Observer* observer) {
  Observer nobody;
  return Engine(scenario, std::move(variant), seed, observer != nullptr ? *observer : nobody).run();
}

}  // namespace weir::sim
