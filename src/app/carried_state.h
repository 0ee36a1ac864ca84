#pragma once
// What a process would forget when another takes over from it (weir ctl upgrade), as JSON: what the administrator said
// of endpoints, which of them are ejected, switches that are off, shifts that are in force, which go on from where they
// were, and the keys of TLS session tickets, so that clients resume. Counters,
// latencies and the console's history begin anew, as at any start. Names that the new configuration does not know are
// passed over, and so is what another version added.
//
//   {"endpoints": [{"cluster": "app", "endpoint": "10.0.0.1:3000", "draining": true, "weight": 5,
//                   "ejection": {"state": "ejected", "until_ns": 12, ...}}],
//    "switches_off": [{"name": "reviews"}],
//    "shifts": [{"from": "blue", "to": "green", "state": "moving", "elapsed_ns": 12, "over_ns": 34, ...}],
//    "ticket_keys": [{"listener": "web", "made_ns": 12, "keys": "00ff..."}]}
//
// Instants are the system's monotonic clock, which is the same for every process.
//
// Thread rule: the control loop's thread.

#include <string>
#include <string_view>

#include "base/time.h"
#include "l7/proxy.h"

namespace weir::app {

std::string carried_state(const l7::Proxy& proxy, Instant now);

/// Whether the process that says so runs behind app/seccomp.h's filter, which its children inherit.
bool says_filtered(std::string_view json);

/// Before requests are served.
void recall_state(l7::Proxy& proxy, std::string_view json, Instant now);

}  // namespace weir::app
