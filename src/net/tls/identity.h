#pragma once
// A client's certificate as endpoints are told of it: the elements of Envoy's X-Forwarded-Client-Cert that do not need
// the whole certificate.
//
//   Hash=468ed33b…;Subject="CN=alice,O=example";URI=spiffe://example.org/alice;DNS=alice.example.org
//
// What the certificate says is the work of whoever signed it, and could hold any byte: Subject is escaped (RFC 2253),
// names that would need quoting are left out, and what grows too long, too.

#include <string>

#include "net/tls/openssl.h"

namespace weir::net::tls {

inline constexpr size_t kIdentityBytesMax = 4096;

std::string describe_certificate(X509& certificate);

}  // namespace weir::net::tls
