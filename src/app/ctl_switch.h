#pragma once
// weir ctl switch, switches and maintenance: what an operator does when there is too little for all. Thread rule: the
// main thread of the command, which waits.

#include <CLI/CLI.hpp>

#include <string>

#include "app/ctl_ask.h"

namespace weir::app {

struct SwitchOptions {
  std::string state;     ///< on or off
  std::string name;      ///< of a switch
  std::string listener;  ///< of maintenance; empty: every one
};

void add_switch_options(CLI::App& verb, SwitchOptions& options);
void add_maintenance_options(CLI::App& verb, SwitchOptions& options);

/// Each returns the exit status.
int throw_switch(const CtlAsk& ask, const SwitchOptions& options);
int list_switches(const CtlAsk& ask, bool as_json);
int maintain(const CtlAsk& ask, const SwitchOptions& options);

/// What GET /switches says, as a table; empty when it is none of that.
std::string switches_table(const std::string& body);

}  // namespace weir::app
