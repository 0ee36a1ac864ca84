#pragma once
// Why a handshake failed, in words that an operator can act on: the names are those of the metrics. "alert" stands for
// what the peer said; the others are what we found.

#include <cstddef>
#include <cstdint>
#include <string_view>

struct ssl_st;

namespace weir::net::tls {

enum class Failure : uint8_t {
  none,
  timeout,                  ///< it did not end in time
  closed,                   ///< the peer went in the middle
  plain_text,               ///< a text protocol, most likely HTTP, where TLS was due
  not_tls,                  ///< something else that is not TLS
  protocol_version,         ///< no version in common
  no_shared_cipher,         ///< nor a cipher suite
  no_shared_group,          ///< nor a group for the key exchange
  no_shared_signature,      ///< nor a signature scheme for our certificate
  no_application_protocol,  ///< nor a protocol of those offered by ALPN
  certificate_required,     ///< the peer showed none
  unknown_ca,               ///< the peer's certificate is signed by nobody we trust
  certificate_expired,      ///< or not valid yet
  name_mismatch,            ///< it is for another name
  bad_certificate,          ///< it is wrong in another way
  alert_unknown_ca,         ///< the peer does not trust whoever signed ours
  alert_bad_certificate,    ///< the peer refuses ours
  alert_other,
  protocol_error,  ///< the peer broke the protocol
  internal,
};
inline constexpr size_t kFailures = static_cast<size_t>(Failure::internal) + 1;

/// Stable, in snake case; a literal.
const char* name_of(Failure failure);
/// One sentence for people.
std::string_view text_of(Failure failure);

/// What OpenSSL's queue of errors says of the call on `ssl` that has just failed; the queue is empty afterwards.
Failure take_failure(const ssl_st* ssl);

}  // namespace weir::net::tls
