#pragma once
// Every endpoint as JSON, for GET /endpoints: `weir ctl endpoints` prints it as a table.
//
//   {"config": 1, "clusters": [{"name": "app", "sources": [{"name": "app.internal", "kind": "dns", ...}],
//                               "endpoints": [{"name": "127.0.0.1:3000", "state": "healthy", ...}]}]}
//
// `sources` is there in clusters whose endpoints are discovered.
// Times are in milliseconds; percentiles are those of the time to the first byte since the endpoint is known, and null
// before the first response. Thread rule: the control loop's thread.

#include <string>

#include "base/time.h"
#include "l7/proxy.h"

namespace weir::app {

std::string endpoints_json(const l7::Proxy& proxy, Instant now);

}  // namespace weir::app
