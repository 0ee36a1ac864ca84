#pragma once
// weir sim fuzz: a search for failures. Random worlds are run under the simulator's invariants (sim/invariants.h), and
// a seed that breaks one prints the command that repeats it.

#include <CLI/CLI.hpp>

#include "app/verbs.h"

namespace weir::app {

/// Adds the verb to `sim`; when it was chosen, `chosen` runs it.
void add_sim_fuzz(CLI::App& sim, Chosen& chosen);

}  // namespace weir::app
