#pragma once
// A filter of system calls (seccomp(2)): what Weir never asks for, such as mounting, tracing other processes, loading
// kernel modules, changing users or making namespaces, is denied with EPERM, so that who takes over a worker by a
// mistake in our code finds the kernel's doors closed.
//
// Executing another program stays possible for the control thread, because `weir ctl upgrade` does that; workers, which
// are those that read what strangers send, may not. That is a hurdle and no wall: threads share their memory.
//
// Filters can only be added, and outlive exec: a new binary starts within the filter of the one that started it.

#include <string>

#include "base/result.h"

namespace weir::app {

/// For all threads, and all they start. An error is one sentence for people.
Result<void, std::string> filter_system_calls();

/// Instead of it, in a process that another one started which has the filter: every further filter would be walked
/// through, too, and the kernel takes only so many.
void keep_inherited_filter();
[[nodiscard]] bool system_calls_are_filtered();

/// In addition, for the calling thread: no other program, no other process, no new port.
void filter_worker_thread();

}  // namespace weir::app
