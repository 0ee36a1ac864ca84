#pragma once
// weir ctl shift, weir ctl shifts: traffic moved from one cluster of a running Weir to another, and how that goes.
// Thread rule: any; they wait.

#include <CLI/CLI.hpp>

#include <string>

#include "app/ctl_ask.h"

namespace weir::app {

struct ShiftOptions {
  std::string pair;  ///< "blue->green"
  std::string over = "5m";
  std::string abort_on = "2%";
  uint32_t min_requests = 100;
  uint32_t steps = 0;
  bool cancel = false;
  bool wait = false;
};

void add_shift_options(CLI::App& verb, ShiftOptions& options);

/// The exit status: 0 when it has begun, been cancelled, or with --wait is complete or
/// adopted by the configuration.
int shift(const CtlAsk& ask, const ShiftOptions& options);
int list_shifts(const CtlAsk& ask, bool as_json);

}  // namespace weir::app
