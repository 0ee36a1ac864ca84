#pragma once
// A run of a scenario under a virtual clock: one thread, no socket, no wall time; the policies are production's object
// code (balance, l7/core). The same scenario and seed give the same run, bit for bit, on any machine: own generator,
// own distributions, own logarithms (base/exact_math.h), ties in time broken by order of scheduling.
//
//   const std::unique_ptr<Result> result = run(scenario, "p2c", seed);
//   if (!result->laws.broken.empty()) ...   // the checkers are always on
//
// Memory: about 1 KB per gateway and endpoint, 300 bytes per request in flight.

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "balance/balancer.h"
#include "balance/outlier.h"
#include "sim/result.h"
#include "sim/scenario.h"

namespace weir::sim {

/// Sees every decision as it is made; for checkers of invariants (fuzz) and for tests of laws.
class Observer {
 public:
  virtual ~Observer() = default;
  struct PickEvent {
    Instant now{};
    uint32_t tier = 0, gateway = 0, endpoint = 0;
    bool panic = false;
    bool probation = false;                             ///< the one request that tests an ejected endpoint
    balance::Health health = balance::Health::healthy;  ///< as the gateway believes it to be
    bool available = true;                   ///< with `probation`: passes active checks, is not draining, has weight
    bool first = true;                       ///< the request avoids nobody
    uint64_t generation = 0;                 ///< of `pools`: another, and the policies began anew
    std::span<const balance::Pool> pools{};  ///< that it was chosen from, unless it is the one of a probation
  };
  virtual void on_pick(const PickEvent&) {}
  /// A request, numbered as in on_finish, has come to a gateway.
  virtual void on_request(Instant, uint32_t /*tier*/, uint32_t /*gateway*/, uint64_t /*request*/) {}
  /// Outlier detection of one gateway changed an endpoint's state.
  virtual void on_transition(Instant, uint32_t /*tier*/, uint32_t /*gateway*/, const balance::Transition&) {}
  /// After every sweep of a gateway, and when it found nobody for a request: how many of its endpoints are ejected, how
  /// many may take traffic, and how many could if nobody were ejected.
  struct Standing {
    Instant now{};
    uint32_t tier = 0, gateway = 0;
    uint32_t endpoints = 0, ejected = 0, eligible = 0, available = 0;
    bool found_nobody = false;
  };
  virtual void on_standing(const Standing&) {}
  /// Standings are counted only for who asks for them.
  [[nodiscard]] virtual bool wants_standings() const { return false; }
  /// The retry budget has granted one; it may come after a pause.
  virtual void on_retry(Instant, uint32_t /*tier*/, uint32_t /*gateway*/) {}
  virtual void on_finish(Instant, uint32_t /*tier*/, uint64_t /*request*/, uint16_t /*status*/) {}
};

std::unique_ptr<Result> run(const Scenario& scenario, std::string variant, uint64_t seed, Observer* observer = nullptr);

}  // namespace weir::sim
