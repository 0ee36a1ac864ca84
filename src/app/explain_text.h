#pragma once
// What GET /explain answers (app/explain_json.h), for people. Everything in it may be missing: a newer or older Weir
// may say less. Any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::app {

/// One explanation. An error is one sentence for people.
Result<std::string, std::string> explain_text(std::string_view json);
/// The list of what is remembered, one line per request.
Result<std::string, std::string> explain_list_text(std::string_view json);

}  // namespace weir::app
