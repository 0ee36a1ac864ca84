#pragma once
// weir drill proxy: the fault proxy alone, between any two addresses, until ctrl-c.

#include <CLI/CLI.hpp>

#include "app/verbs.h"

namespace weir::app {

void add_drill_proxy(CLI::App& drill, Chosen& chosen);

}  // namespace weir::app
