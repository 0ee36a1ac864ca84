#pragma once
// The request target's four forms and the authority within it: RFC 9112 section 3.2, RFC 3986 section 3.2.
//
// Lenient in one thing: bytes that RFC 3986 would have percent-encoded ('|', '{', '"', ...) pass in paths and queries,
// as clients send them and no two parsers disagree on where the target ends. Pure.

#include <string_view>

#include "proto/http/message.h"
#include "proto/http1/fields.h"

namespace weir::proto::http1 {

/// Host with an optional port, neither empty when it is there (but "host:" is; RFC 3986 section 3.2.3). An address in
/// brackets is checked for its characters, not for being one that can be reached.
bool is_authority(std::string_view text);

/// Takes the raw target of the request line (already free of SP, '#', controls and bytes from 0x80) apart. Fills in
/// scheme, target and, except for origin-form and asterisk-form, authority.
Fault resolve_target(http::RequestHead& head);

}  // namespace weir::proto::http1
