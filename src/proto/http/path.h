#pragma once
// A request's path in the one form in which paths are compared (RFC 3986 section 6.2.2): what means the same to an
// endpoint must look the same to whoever compares, or a rule for /admin/ is walked around by /%61dmin/ and //admin/.
//
//   percent-encoded letters, digits and other characters of a path are decoded; what stays encoded has upper-case
//   digits; what should have been encoded (bytes above ASCII, quotes, backslashes) is; slashes in a row are one
//
// "." and ".." segments, however encoded, have no canonical form here, with parameters ("..;a=b", which Tomcat takes
// for
// "..") or without. RFC 3986 resolves them, browsers and curl do so
// before they send, and what still has them is as a rule an attack on whoever resolves them next; the same holds for
// an encoded NUL. An encoded slash (%2F, and %5C, which some read as one) separates nothing: it stays in its segment.
// Servers disagree about that, so `slashes_decoded` gives the other reading, for those who must know whether it
// matters.
//
// Pure. Linear in the path; a canonical path, which is nearly every one, is not copied.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir::proto::http {

enum class PathFault : uint8_t { none, dot_segment, nul };

struct CanonicalPath {
  std::string_view text;  ///< of the path itself, or of `storage`
  PathFault fault = PathFault::none;
  bool encoded_slash = false;
};

/// `path` without its query.
CanonicalPath canonical_path(std::string_view path, std::string& storage);

/// A canonical path as those see it who take %2F and %5C for a slash. `storage` is not that of `canonical`.
CanonicalPath slashes_decoded(std::string_view canonical, std::string& storage);

/// The path as it can be written into a target or a URL: nothing is decoded, and what is not encoded and should be is;
/// slashes in a row are one. It has the same segments as the canonical form.
std::string_view writable_path(std::string_view path, std::string& storage);

/// How many bytes of `path` became the first `canonical_length` bytes of its canonical form.
size_t length_before(std::string_view path, size_t canonical_length);

/// What may stand in a path as it is (RFC 3986 section 3.3, pchar without percent signs).
bool is_path_byte(char c);

}  // namespace weir::proto::http
