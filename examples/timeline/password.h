#pragma once
// Passwords at rest: scrypt (RFC 7914) with a random salt, its cost written into the hash so that raising the cost
// later leaves old hashes valid: "scrypt$<log2 N>$<r>$<p>$<salt hex>$<hash hex>".
//
// At the default cost one hash takes about 16 MiB and 40 ms, on the thread that serves everybody else. That is the
// price of a login, deliberately; a rate limit on /login and /register in the proxy before this service keeps it
// affordable.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::timeline {

struct PasswordCost {
  uint32_t log2_n = 14;  ///< RFC 7914 section 2 names 2^14, r = 8, p = 1 for interactive logins
  uint32_t r = 8;
  uint32_t p = 1;
};

/// Empty only when the system has no randomness or memory to give.
std::string hash_password(std::string_view password, const PasswordCost& cost);
/// False for a wrong password and for a stored text that is no hash of ours. Compares in constant time.
bool verify_password(std::string_view password, std::string_view stored);

}  // namespace weir::timeline
