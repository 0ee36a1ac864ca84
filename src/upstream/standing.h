#pragma once
// How an endpoint and a cluster stand, in words and numbers for people: for the command line, metrics and the console.
// Any thread.

#include <string>
#include <string_view>

#include "upstream/cluster.h"

namespace weir::upstream {

/// One word for what an endpoint is, judge by judge in the order of their precedence: draining, unchecked, unhealthy,
/// ejected, probation, degraded or healthy. `health` is what balancers make of it, which differs while ejections are
/// suspended.
std::string_view state_of(const EndpointStatus& status);
/// Why it is so, for people; empty when healthy.
std::string why(const EndpointStatus& status);

/// Share of requests that go to pools whose health is ignored.
double panic_ratio(const Cluster& cluster);

}  // namespace weir::upstream
