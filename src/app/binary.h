#pragma once
// The file that an upgrade would execute. The admin interface on loopback asks nobody who he is, so that whoever can
// connect names the binary: it must be one that nobody could have put there but root and the user that Weir runs as.
//
// Any thread.

#include <string>
#include <vector>

#include "base/result.h"

namespace weir::app {

/// The path of this process's own program, also when the file there has been replaced since. An error is one sentence
/// for people.
Result<std::string, std::string> own_binary();

/// Whether `path` may be executed in this process's place: absolute, a file, executable, it and every directory above
/// it owned by root or by our user, and writable by nobody else (a directory may be if it is sticky, as /tmp is).
/// Returns what is to be executed: the path without symbolic links, for those may lead elsewhere later. An error is one
/// sentence for people.
Result<std::string, std::string> trusted_binary(const std::string& path);

/// The arguments that this process was started with, `binary` first.
Result<std::vector<std::string>, std::string> own_arguments(const std::string& binary);

}  // namespace weir::app
