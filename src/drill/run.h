#pragma once
// Runs a drill: for each arm its configuration, the load, the steady state, the faults, taking them back, the steady
// state again; then the expectations. Taking back happens whatever comes in between: an abort, an error, ctrl-c.
//
//   const Outcome outcome = run(drill, stack, {.seed = 1, .wait = sleep_or_interrupt, .say = print});
//   return static_cast<int>(outcome.status);
//
// Thread rule: one thread, which waits; the load and the proxies have their own.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drill/drill.h"
#include "drill/stack.h"
#include "drill/timeline.h"

namespace weir::drill {

struct Surroundings {
  uint64_t seed = 1;
  /// Waits so long; false: somebody wants us to end.
  std::function<bool(Duration)> wait;
  std::function<void(const std::string& line)> say;
};

/// The exit status of `weir drill`.
enum class Status : uint8_t {
  holds = 0,
  fails = 1,     ///< an expectation missed, or the steady state did not come back
  given_up = 3,  ///< aborted, interrupted, or no steady state to begin with
};

struct ArmResult {
  std::string name;
  std::string about;
  std::string configuration_hash;  ///< configuration.h
  std::unique_ptr<Timeline> timeline;
  std::string given_up;      ///< why; empty: it ran to its end
  std::string load_verdict;  ///< whether the generator kept its schedule
};

struct Outcome {
  Status status = Status::given_up;
  uint64_t seed = 0;
  std::vector<ArmResult> arms;
  std::vector<Finding> findings;
  std::vector<std::string> rollback_failures;
  std::string verdict;  ///< one sentence
};

/// What will be done, and to whom, for people to read before anything happens.
std::string preview(const Drill& drill, const Stack& stack);

Outcome run(const Drill& drill, StackClient& stack, const Surroundings& surroundings);

/// The verdict's sentence and status, from what the arms measured.
void judge(const Drill& drill, Outcome& outcome);

}  // namespace weir::drill
