#pragma once
// docs/configuration.md, made from the schema and the lint rules, so that it cannot say anything else than the reader
// does. A test compares the file with this text; WEIR_REGENERATE_DOCS=1 model_test writes it.

#include <string>

namespace weir::model {

std::string configuration_page();

}  // namespace weir::model
