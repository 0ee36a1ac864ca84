#pragma once
// weir ctl explain: why a request went as it did, asked of a running Weir. Thread rule: any.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>

namespace weir::app {

struct ExplainOptions {
  std::string id;  ///< empty: the list
  uint32_t last = 20;
  bool errors = false;
  bool as_json = false;
};

void add_explain_options(CLI::App& verb, ExplainOptions& options);

/// What to ask the admin interface for.
std::string explain_target(const ExplainOptions& options);

}  // namespace weir::app
