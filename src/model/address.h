#pragma once
// Reading "host:port". Hosts are numeric (or localhost); an endpoint's may be a name, which stays one here: finding its
// addresses takes a resolver with its own time limits, caching and failures (src/discovery). Pure functions, any
// thread.

#include <string_view>

#include "base/result.h"
#include "model/config.h"
#include "model/units.h"

namespace weir::model {

/// Reads "127.0.0.1:3000", "[::1]:3000" or "localhost:3000". IPv6 hosts are stored in their canonical spelling
/// (RFC 5952), so that two spellings of one endpoint compare equal. `port_min` 0 admits port 0 (the system chooses).
Result<Address, Problem> parse_address(std::string_view text, uint16_t port_min = 0);

/// An endpoint's: as above with a port from 1, and the host may be a name, "app.internal:3000". Names are stored in
/// lower case; one that ends with a dot is absolute, others are also looked for in the system's search domains.
Result<Address, Problem> parse_endpoint_address(std::string_view text);

/// Whether only this machine can reach it.
bool is_loopback(const Address& address);

/// A name DNS can hold: labels of 1 to 63 letters, digits, - or _, at most 253 bytes (RFC 1035 section 2.3.4), the last
/// label with a letter, so that a mistyped 10.0.0.256 is not taken for one (RFC 1123 section 2.1).
bool is_dns_name(std::string_view text);

}  // namespace weir::model
