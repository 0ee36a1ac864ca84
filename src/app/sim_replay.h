#pragma once
// weir sim replay: a recording of the live proxy (weir ctl record), replayed in the simulator under another policy or
// with other endpoints, and what is predicted printed beside what was recorded. What is replayed, and under which
// assumptions, is in sim/replay.h.

#include <CLI/CLI.hpp>

#include "app/verbs.h"

namespace weir::app {

/// Adds the verb to `sim`; when it was chosen, `chosen` runs it.
void add_sim_replay(CLI::App& sim, Chosen& chosen);

}  // namespace weir::app
