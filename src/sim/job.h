#pragma once
// One attempt as the endpoint has it: it travels there, waits, is worked on, calls the next tier, and its answer
// travels back. It outlives the gateway's patience: an endpoint notices that nobody waits any more only when it
// answers, which is how work that nobody wants keeps an overloaded service down.

#include <cstdint>

#include "base/error.h"
#include "base/time.h"
#include "sim/slots.h"

namespace weir::sim {

struct Job;
struct Flight;

struct Job {
  enum class State : uint8_t {
    travelling,  ///< to the endpoint, or its answer back
    waiting,     ///< in the endpoint's queue
    working,
    waiting_for_connection,  ///< of the pool to the next tier
    calling,
    waiting_for_flight,  ///< somebody else fetches the same key
    held,                ///< by an endpoint that will never answer
  };

  uint32_t slot = 0, generation = 0;
  bool live = false;

  State state = State::travelling;
  bool detached = false;  ///< refreshes a cache on its own: holds no place, answers nobody
  uint32_t tier = 0, endpoint = 0;
  uint32_t gateway = 0;
  uint32_t request = kNone;  ///< whose attempt it is ...
  uint32_t ticket = 0;       ///< ... and which: stale once the request's own differs
  uint32_t client = 0;
  uint64_t key = 0, session = 0;
  bool idempotent = true;
  Duration service{};  ///< its own demand, of a trace; 0: the endpoint draws one
  uint32_t calls_left = 0;
  Flight* flight = nullptr;  ///< the fetch it leads or waits for
  bool leads = false;
  Instant since{};      ///< when it began to wait or to fetch
  uint16_t status = 0;  ///< the answer; 0: `code` says why there is none
  Code code = Code::ok;

  Links wait;    ///< in one queue at a time: the endpoint's, its pool's, a flight's
  Links inside;  ///< among all jobs at the endpoint
};

using WaitList = SlotList<Job, &Job::wait>;
using InsideList = SlotList<Job, &Job::inside>;

}  // namespace weir::sim
