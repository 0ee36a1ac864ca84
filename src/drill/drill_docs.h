#pragma once
// docs/drill-reference.md, made from the schema, so that it cannot say anything else than the reader does. A test
// compares the file with this text; WEIR_REGENERATE_DOCS=1 drill_test writes it. Pure function, any thread.

#include <string>

namespace weir::drill {

std::string drill_page();

}  // namespace weir::drill
