#pragma once
// weir ctl upgrade: has a running Weir replaced by another process without losing a connection, and says what came of
// it. Thread rule: any; it waits.

#include <string>

#include "app/ctl_ask.h"

namespace weir::app {

/// `binary`: empty for that of the running process. The exit status: 0 when another process has taken over.
int upgrade(const CtlAsk& ask, const std::string& binary);

}  // namespace weir::app
