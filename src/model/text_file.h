#pragma once
// A file's text as a value. Any thread. What a configuration names is read with base/regular_file.h: here it is what
// somebody names at a terminal, who may mean a pipe and can interrupt.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace weir::model {

/// At most the first `bytes_max` bytes, so that a device that never ends does not end us. An error says why, for
/// people: "cannot be opened: No such file or directory".
Result<std::string, std::string> read_text_file(const std::string& path, size_t bytes_max);

/// Where a file is that a configuration names: a relative path begins in the directory of the configuration.
std::string path_beside(const std::string& config_path, const std::string& file);

}  // namespace weir::model
