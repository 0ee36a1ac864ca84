#pragma once
// weir ctl shift, weir ctl shifts: traffic moved from one cluster of a running Weir to another, and how that goes.
// Thread rule: any; they wait.

#include <CLI/CLI.hpp>

#include <string>

#include "app/admin_client.h"

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

/// The exit status: 0 when it has begun, been cancelled, or with --wait is complete.
int shift(const AdminAccess& admin, const ShiftOptions& options);
int list_shifts(const AdminAccess& admin, bool as_json);

}  // namespace weir::app
