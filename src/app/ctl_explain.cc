#include "app/ctl_explain.h"

#include <fmt/format.h>

#include "app/query.h"

namespace weir::app {

void add_explain_options(CLI::App& verb, ExplainOptions& options) {
  verb.add_option("id", options.id, "the request's X-Request-Id; without it, what is remembered is listed");
  verb.add_option("--last", options.last, "how many to list")->capture_default_str()->check(CLI::Range(1u, 200u));
  verb.add_flag("--errors", options.errors, "list only what went wrong");
  verb.add_flag("--json", options.as_json, "all that is known, as JSON");
}

std::string explain_target(const ExplainOptions& options) {
  if (!options.id.empty()) return "/explain/" + percent_encode(options.id);
  return fmt::format("/explain?last={}{}", options.last, options.errors ? "&errors=true" : "");
}

}  // namespace weir::app
