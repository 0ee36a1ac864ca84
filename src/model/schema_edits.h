#pragma once
// The part of a route's settings that is defined in schema_edits.cc; included by schema*.cc only.

#include <vector>

#include "model/schema.h"

namespace weir::model {

std::vector<Setting<RouteConfig>> route_edits();

}  // namespace weir::model
