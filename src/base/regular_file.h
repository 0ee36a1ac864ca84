#pragma once
// Files that a configuration names, read whole. Whoever runs a proxy may mistake a pipe, a device or a directory for a
// file of his; the thread that reads must not stand still for that, nor read for ever. So nothing is opened that has to
// be waited for, and nothing but regular files is read. A symbolic link is where it leads.
//
// Any thread.

#include <cstddef>
#include <string>

#include "base/result.h"

namespace weir {

/// At most the first `bytes_max` bytes. An error says why, for people and without the path: "cannot be opened: No such
/// file or directory", "is not a regular file".
Result<std::string, std::string> read_regular_file(const std::string& path, size_t bytes_max);

/// Whether everybody on this machine may read it, as far as the file itself says; false when there is none.
bool is_readable_by_all(const std::string& path);

}  // namespace weir
