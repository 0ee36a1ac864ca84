#pragma once
// Lets GoogleTest print a Bad by its name. For tests only.

#include <ostream>

#include "proto/http1/parser.h"

namespace weir::proto::http1 {

inline void PrintTo(Bad bad, std::ostream* out) { *out << name_of(bad); }

}  // namespace weir::proto::http1
