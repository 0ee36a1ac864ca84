#pragma once
// What the process gives up before it serves (`privileges`): root, all capabilities but the one that a reload with a
// port below 1024 needs, and system calls that no proxy makes (app/seccomp.h). docs/hardening.md says what stays
// possible and why.
//
//   keep_new_privileges_away();     // before the first thread
//   ... open sockets, logs, keys ...
//   drop_privileges(config);        // before the first client
//
// The user changes for every thread that exists (glibc sees to that); whatever else a thread has is inherited from the
// one that starts it. Thread rule: the main thread.

#include <string>

#include "base/result.h"
#include "model/config.h"

namespace weir::app {

/// From now on nothing that is executed gains privileges by its file.
void keep_new_privileges_away();

/// Does nothing, but warns root, when the configuration names no user. An error is one sentence for people, and the
/// process must not serve then: part of what it had may be gone.
/// `filtered`: system calls are filtered already, by the process that started this one.
Result<void, std::string> drop_privileges(const model::Config& config, bool filtered = false);

}  // namespace weir::app
