#pragma once
// Every endpoint as JSON, for GET /endpoints: `weir ctl endpoints` prints it as a table.
//
//   {"config": 1, "clusters": [{"name": "app", "endpoints": [{"name": "127.0.0.1:3000", "state": "healthy", ...}]}]}
//
// Times are in milliseconds; percentiles are those of the time to the first byte since the endpoint is known, and null
// before the first response. Thread rule: the control loop's thread.

#include <string>
#include <string_view>

#include "base/time.h"
#include "l7/snapshot.h"
#include "upstream/cluster.h"

namespace weir::app {

std::string endpoints_json(const l7::Snapshot& snapshot, Instant now);

/// One word for what an endpoint is, judge by judge in the order of their precedence: draining, unchecked, unhealthy,
/// ejected, probation, degraded or healthy. `health` is what balancers make of it, which differs while ejections are
/// suspended.
std::string_view state_of(const upstream::EndpointStatus& status);
/// Why it is so, for people; empty when healthy.
std::string why(const upstream::EndpointStatus& status);

}  // namespace weir::app
