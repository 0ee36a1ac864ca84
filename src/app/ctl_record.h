#pragma once
// weir ctl record: has a running Weir remember its requests for a while, and writes them to a file for `weir sim
// replay`. Thread rule: the main thread of the command, which waits.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

#include "app/ctl_ask.h"

namespace weir::app {

struct RecordOptions {
  uint32_t seconds = 10;
  std::string cluster;  ///< empty: all
  std::string file = "recording.csv";
};

void add_record_options(CLI::App& verb, RecordOptions& options);

/// The exit status.
int record(const CtlAsk& ask, const RecordOptions& options);

}  // namespace weir::app
