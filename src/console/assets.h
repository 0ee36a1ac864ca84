#pragma once
// The console's page, embedded: the bundle that `./dev console` builds from console/ and that lies beside this file, so
// that no machine needs node to build Weir. It is compressed while building and served as it is.
//
// Immutable; any thread.

#include <span>
#include <string_view>

namespace weir::console {

struct Asset {
  std::string_view path;  ///< "/console.js"
  std::string_view content_type;
  std::string_view gzip;  ///< RFC 1952
};

std::span<const Asset> assets();

/// What a browser must know before it runs any of it. Nothing from elsewhere, nothing inline, in nobody's frame.
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

}  // namespace weir::console
