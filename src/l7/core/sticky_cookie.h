#pragma once
// The cookie by which a client comes back to its endpoint (model::StickyConfig): what is in it, and how it is set. Its
// value is the endpoint's token (balance/sticky.h) as 16 hexadecimal digits; anything else is nobody's. Pure.

#include <cstdint>
#include <optional>
#include <string>

#include "model/config.h"
#include "proto/http/message.h"

namespace weir::l7::core {

/// The token that the request carries.
std::optional<uint64_t> read_sticky_cookie(const proto::http::RequestHead& head, const model::StickyConfig& config);

/// The value of a Set-Cookie field (RFC 6265 section 4.1). For scripts it is not, nor for requests that other sites
/// make; over TLS it is for TLS only.
std::string make_sticky_cookie(uint64_t token, const model::StickyConfig& config, bool secure);

/// Did the request come over TLS, as far as is known here: to us, or to a proxy in front that is trusted to say so.
bool is_secure(const proto::http::RequestHead& head, bool trust_forwarded);

}  // namespace weir::l7::core
