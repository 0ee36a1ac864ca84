#pragma once
// Logs in before the clock starts: sends every session's steps and keeps the tokens that come back. Blocks; uses a loop
// of its own, at most kSessionsAtOnce connections, and gives up after the plan's timeout per step.

#include <string>
#include <vector>

#include "base/result.h"
#include "load/mix.h"
#include "load/plan.h"
#include "net/address.h"

namespace weir::load {

inline constexpr uint32_t kSessionsAtOnce = 4;  ///< a login hashes a password, which fills a core

/// The error is a sentence. A step that is refused (4xx) is no error, except the last one: whoever registers a second
/// time is told that the name is taken, and logs in.
Result<std::vector<Session>, std::string> open_sessions(const Plan& plan, const net::SocketAddress& target);

}  // namespace weir::load
