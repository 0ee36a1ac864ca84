#pragma once
// A recording as a scenario: the same requests at the same instants, each with the demand that it had, put before the
// same cluster under another policy or with another number of endpoints.
//
//   auto replay = make_replay(recording, {.policy = PolicyKind::p2c, .endpoints = 3});
//   run((*replay)->as_recorded, ...)   // should give what was recorded: how far the model can be trusted
//   run((*replay)->changed, ...)       // the prediction
//
// The model and what it assumes:
//  - Arrivals are an open loop: clients do not ask less because answers come later.
//  - A request's demand does not depend on the endpoint, so endpoints are equal. `demand_spread` tells how equal.
//  - The endpoint's queueing has been taken out by the recursion of dequeue.h, with the assumptions stated there.
//  - What passed between a request's arrival at the proxy and its leaving for the endpoint (queueing in the proxy
//  aside:
//    the median is taken) becomes the network's delay, spread over the ways from client to endpoint and back.
//  - One gateway, because a process's workers share what they know; round_robin takes turns per worker, which one
//    gateway does not.
//  - Requests without an answer of an endpoint get the median demand: they might have been answered.
//  - The cluster's other settings are the defaults, except that slow start is off (the recording began in the middle of
//    a run) and hash policies hash the path.
//  - The run begins with empty endpoints; requests under way when the recording began are replayed as its warm-up.
//
// Pure functions; any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "base/result.h"
#include "sim/recording.h"
#include "sim/scenario.h"

namespace weir::sim {

struct ReplayOptions {
  std::string cluster{};                      ///< may be empty when the recording has one only
  std::optional<model::PolicyKind> policy{};  ///< nothing: the recorded one
  uint32_t endpoints = 0;                     ///< 0: as many as recorded
  uint32_t speed_percent = 100;               ///< of the endpoints, by the recorded ones
  uint32_t concurrency = 0;                   ///< what a recorded endpoint works on at once; 0: inferred
};

struct Replay {
  RecordedCluster cluster;
  Duration length{};
  uint64_t requests = 0;    ///< that arrived while it was recorded
  uint64_t unanswered = 0;  ///< of them, those that no endpoint answered
  uint64_t impossible = 0;  ///< Demands::impossible
  uint32_t concurrency = 1;
  bool concurrency_inferred = false;
  Duration mean_demand{};
  double demand_spread = 1;     ///< mean demand at the slowest endpoint over that at the fastest
  Histogram recorded;           ///< latencies in nanoseconds, of those answered with a status below 500
  double recorded_mean_ns = 0;  ///< exact
  Scenario as_recorded;
  Scenario changed;
};

/// What the endpoints would be busy with, in percent of what they can do; above 100 queues grow without end.
double offered_percent(const Scenario& scenario, Duration length);

/// An error is one sentence for people. `recording` may go afterwards.
Result<std::unique_ptr<Replay>, std::string> make_replay(const Recording& recording, const ReplayOptions& options);

}  // namespace weir::sim
