#pragma once
// Saying something to whoever runs us. Not fmt::print, which throws when the reader has left or the disk is full.

#include <cstdio>
#include <string_view>

namespace weir::app {

/// To the standard output, at once. The exit status: 0, or 1 when it could not be written.
inline int say(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? 0 : 1;
}

/// To the standard error; if that fails there is nobody left to tell.
inline void complain(std::string_view text) { (void)std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace weir::app
