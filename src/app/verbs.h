#pragma once
// The verbs of the command line. Each reads its options, does its work and returns the process's exit status: 0 done, 1
// failed, 2 wrong usage or configuration.

#include <CLI/CLI.hpp>

#include <functional>

namespace weir::app {

/// Adds the verb to `cli`; when it was chosen, `chosen` runs it.
using Chosen = std::function<int()>;
void add_run(CLI::App& cli, Chosen& chosen);
void add_check(CLI::App& cli, Chosen& chosen);
void add_show(CLI::App& cli, Chosen& chosen);
void add_ctl(CLI::App& cli, Chosen& chosen);
void add_up(CLI::App& cli, Chosen& chosen);
void add_drill(CLI::App& cli, Chosen& chosen);

}  // namespace weir::app
