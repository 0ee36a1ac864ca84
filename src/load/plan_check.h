#pragma once
// What the settings of a plan have to be to each other, once each has been read: mistakes about the plan as a whole,
// each pointing at the line that somebody would change. Pure; any thread.

#include <string>

#include "load/plan.h"
#include "model/reading.h"

namespace weir::load {

/// `root` is the map that `plan` was read from, and `path` where it stands ("" for a file of its own).
void check_plan(model::Reading& reading, const model::YamlNode& root, const std::string& path, const Plan& plan);

/// RFC 9110 section 5.6.2: what a method or a field's name is made of.
bool is_token(std::string_view text);

}  // namespace weir::load
