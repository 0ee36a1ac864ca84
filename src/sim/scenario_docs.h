#pragma once
// docs/scenarios-reference.md, made from the schema, so that it cannot say anything else than the reader does. A test
// compares the file with this text; WEIR_REGENERATE_DOCS=1 sim_test writes it.

#include <string>

namespace weir::sim {

std::string scenarios_page();

}  // namespace weir::sim
