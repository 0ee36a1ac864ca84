#pragma once
// One request as a gateway has it. The decisions are production's (l7/core/request_core.h); this is what the simulator
// must remember to carry them out.

#include <cstdint>

#include "balance/waiting_queue.h"
#include "base/time.h"
#include "l7/core/request_core.h"
#include "sim/slots.h"

namespace weir::sim {

struct Request final : balance::Waiter {
  enum class Phase : uint8_t { travelling, queued, pausing, trying, answered };

  uint32_t slot = 0, generation = 0;
  bool live = false;
  /// Never the same twice in a run.
  [[nodiscard]] uint64_t number() const { return uint64_t{generation} << 32 | slot; }

  Phase phase = Phase::travelling;
  l7::core::RequestCore core;
  l7::core::Rule refusal = l7::core::Rule::none;
  uint16_t status = 0;
  bool idempotent = true;
  uint32_t tier = 0, gateway = 0;
  uint32_t endpoint = 0;  ///< of the present attempt
  uint32_t ticket = 0;    ///< of the present attempt; never the same twice in a slot

  uint32_t from_zone = 0;
  uint32_t client = 0, connection = kNone;   ///< who asked: a connection of a closed loop ...
  uint32_t job = kNone, job_generation = 0;  ///< ... or a job at the tier before
  uint64_t key = 0, session = 0;
  Duration service{};  ///< Job::service

  Instant asked{};    ///< when its caller sent it
  Instant arrived{};  ///< at the gateway
  Instant attempt_started{};
  Links attempt;  ///< among the unanswered attempts at the endpoint, oldest first

  // A deadline that moves at every attempt but rarely passes: one event in the queue at a time, which is put off when
  // it comes too early, as net's Deadline does. It stays armed over the slot's tenants.
  Instant deadline = Instant::max();
  Instant armed = Instant::max();
};

using AttemptList = SlotList<Request, &Request::attempt>;

}  // namespace weir::sim
