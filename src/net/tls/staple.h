#pragma once
// An OCSP response that is sent along with a certificate (RFC 6066 section 8), so that clients need not ask its
// authority whether it has been revoked. It comes from a file (DER), which somebody else renews: what is old, for
// another certificate or not good is not sent, and a warning says why; a file that is no response is an error.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/tls/pem.h"
#include "net/tls/server_context.h"

namespace weir::net::tls {

/// Nothing where a warning was added. `now`: seconds since 1970.
Loaded<std::optional<Staple>> load_staple(const std::string& path, const Chain& chain, int64_t now,
                                          std::vector<std::string>& warnings);

}  // namespace weir::net::tls
