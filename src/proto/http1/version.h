#pragma once
// "HTTP/1.1" and its neighbours: RFC 9112 section 2.3. Pure.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "proto/http1/parser.h"
#include "proto/http1/scan.h"

namespace weir::proto::http1 {

/// Reads exactly eight bytes; case matters. Sets `minor` when the result is Bad::none.
inline Bad read_version(std::string_view text, uint8_t& minor) {
  if (text.size() != 8) return Bad::bad_version;
  minor = std::memcmp(text.data(), "HTTP/1.1", 8) == 0 ? 1 : 0;
  if (minor == 1 || std::memcmp(text.data(), "HTTP/1.0", 8) == 0) return Bad::none;
  const bool shaped =
      text.starts_with("HTTP/") && text[6] == '.' && scan::is(text[5], scan::kDigit) && scan::is(text[7], scan::kDigit);
  return shaped ? Bad::unsupported_version : Bad::bad_version;
}

}  // namespace weir::proto::http1
