#include "net/tls/version.h"

#include "base/check.h"
#include "net/tls/openssl.h"

namespace weir::net::tls {

namespace {
// https://wiki.mozilla.org/Security/Server_Side_TLS, "intermediate", in its order.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:prime256v1:secp384r1";
}  // namespace

void apply_profile(SSL_CTX* context, Version min_version) {
  CHECK(SSL_CTX_set_min_proto_version(context, min_version == Version::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1);
  CHECK(SSL_CTX_set_cipher_list(context, kCiphers) == 1);
  CHECK(SSL_CTX_set_ciphersuites(context, kSuites) == 1);
  CHECK(SSL_CTX_set1_groups_list(context, kGroups) == 1);
  // The client knows better which of these its processor is fast at: all of them are good.
  SSL_CTX_clear_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // A chain is sent as its file has it, and not searched for anew in every handshake.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
}

}  // namespace weir::net::tls
