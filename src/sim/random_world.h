#pragma once
// A random scenario: small and nasty, for a search for failures (fuzz.h). One to three tiers of one to forty endpoints
// in groups of unlike zones, priorities and weights, up to eight gateways, every policy and every kind of fault, limits
// that are reached, and faults that overlap and flap. It stays within what a scenario file may say (schema.h), takes 5
// to 60 s of its own time, and is sized for at most about kRandomRequests requests of clients.
//
//   const Scenario scenario = random_world(seed);
//   run(scenario, "fuzz", scenario.seed);
//
// A function of the seed alone, on any machine and with any compiler.

#include <cstdint>

#include "sim/scenario.h"

namespace weir::sim {

inline constexpr uint32_t kRandomRequests = 20'000;
inline constexpr uint32_t kRandomEndpoints = 40;  ///< of one tier, those of the autoscaler included
inline constexpr uint32_t kRandomGateways = 8;
inline constexpr uint32_t kRandomFaults = 8;  ///< of each kind

Scenario random_world(uint64_t seed);

}  // namespace weir::sim
