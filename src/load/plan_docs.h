#pragma once
// docs/load-reference.md, made from the schema, so that it cannot say anything else than the reader does. A test
// compares the file with this text; WEIR_REGENERATE_DOCS=1 load_test writes it. Pure; any thread.

#include <string>

namespace weir::load {

std::string plan_page();

}  // namespace weir::load
