#pragma once
// `weir ctl endpoints`: the JSON of GET /endpoints as a table for people. Pure function, any thread.

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::app {

/// An error is one sentence for people: the text is not what a Weir answers.
Result<std::string, std::string> endpoints_table(std::string_view json);

}  // namespace weir::app
