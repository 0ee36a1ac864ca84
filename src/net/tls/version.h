#pragma once
// The versions of TLS that are spoken, and what both sides of a connection have in common: the protocols' profile.

#include <cstdint>

struct ssl_ctx_st;

namespace weir::net::tls {

enum class Version : uint8_t { v1_2, v1_3 };

/// Mozilla's intermediate profile without its finite-field suites (with DHE a client makes the server work for next to
/// nothing), no compression, no renegotiation; idle connections own no buffers.
void apply_profile(ssl_ctx_st* context, Version min_version);

}  // namespace weir::net::tls
