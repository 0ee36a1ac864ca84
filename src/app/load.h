#pragma once
// `weir load`: asks a service at a planned rate and tells what its clients would have felt. docs/load.md.

#include "app/verbs.h"

namespace weir::app {

void add_load(CLI::App& cli, Chosen& chosen);

}  // namespace weir::app
