#pragma once
// Reading "host:port". Hosts are numeric (or localhost): a name would need a resolver with its own time limits,
// caching and health, which is discovery's job and not the parser's. Pure functions, any thread.

#include <string_view>

#include "base/result.h"
#include "model/config.h"
#include "model/units.h"

namespace weir::model {

/// Reads "127.0.0.1:3000", "[::1]:3000" or "localhost:3000". IPv6 hosts are stored in their canonical spelling
/// (RFC 5952), so that two spellings of one endpoint compare equal. `port_min` 0 admits port 0 (the system chooses).
Result<Address, Problem> parse_address(std::string_view text, uint16_t port_min = 0);

}  // namespace weir::model
