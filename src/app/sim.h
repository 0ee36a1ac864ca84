#pragma once
// weir sim: worlds that are run in a virtual clock, with production's policies. `weir sim FILE` runs a scenario; its
// sub-verbs are added beside it, each in a file of its own.

#include <CLI/CLI.hpp>

#include "app/verbs.h"

namespace weir::app {

/// Adds `weir sim` and, through the list in sim.cc, its sub-verbs.
void add_sim(CLI::App& cli, Chosen& chosen);

}  // namespace weir::app
