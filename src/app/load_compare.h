#pragma once
// `weir load compare`: two reports that --json wrote, side by side. docs/load.md.

#include <string>

namespace weir::app {

/// `html`: where to write the page, "-" for the standard output, empty for none. The exit status.
int compare_loads(const std::string& first, const std::string& second, const std::string& html);

/// To a file, or for "-" to the standard output. The exit status: 0, or 2 after a complaint.
int write_report(const std::string& path, const std::string& text);

}  // namespace weir::app
