#pragma once
// What GET /metrics answers: the workers' counters added up, every cluster's limits, every endpoint's load, results and
// state, and the process itself. The names are documented in docs/observability.md.
//
// Thread rule: the control loop's thread.

#include <string>

#include "base/time.h"
#include "l7/proxy.h"

namespace weir::app {

std::string metrics_text(const l7::Proxy& proxy, Instant now);

}  // namespace weir::app
