#include "net/tls/failure.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/check.h"
#include "net/tls/openssl.h"

namespace weir::net::tls {

namespace {

struct Row {
  const char* name;
  std::string_view text;
};

Row row_of(Failure failure) {
  switch (failure) {
    case Failure::none: return {"none", "no failure"};
    case Failure::timeout: return {"timeout", "the handshake did not end in time"};
    case Failure::closed: return {"closed", "the peer closed the connection during the handshake"};
    case Failure::plain_text: return {"plain_http", "the peer spoke plain text, most likely HTTP, instead of TLS"};
    case Failure::not_tls: return {"not_tls", "what the peer sent is not TLS"};
    case Failure::protocol_version: return {"protocol_version", "no version of TLS in common"};
    case Failure::no_shared_cipher: return {"no_shared_cipher", "no cipher suite in common"};
    case Failure::no_shared_group: return {"no_shared_group", "no group for the key exchange in common"};
    case Failure::no_shared_signature: return {"no_shared_signature", "no signature scheme fits the certificate"};
    case Failure::no_application_protocol: return {"no_application_protocol", "no protocol in common (ALPN)"};
    case Failure::certificate_required: return {"certificate_required", "the peer showed no certificate"};
    case Failure::unknown_ca: return {"unknown_ca", "nobody we trust signed the peer's certificate"};
    case Failure::certificate_expired: return {"certificate_expired", "the peer's certificate is not valid now"};
    case Failure::name_mismatch: return {"name_mismatch", "the peer's certificate is for another name"};
    case Failure::bad_certificate: return {"bad_certificate", "the peer's certificate does not verify"};
    case Failure::alert_unknown_ca: return {"alert_unknown_ca", "the peer trusts nobody who signed our certificate"};
    case Failure::alert_bad_certificate: return {"alert_bad_certificate", "the peer refused our certificate"};
    case Failure::alert_other: return {"alert_other", "the peer ended the handshake with an alert"};
    case Failure::protocol_error: return {"protocol_error", "the peer broke the protocol"};
    case Failure::internal: return {"internal", "TLS failed on our side"};
  }
  UNREACHABLE();
}

Failure of_verification(long result) {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return Failure::certificate_expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Failure::name_mismatch;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return Failure::unknown_ca;
    default: return Failure::bad_certificate;
  }
}

Failure of_reason(int reason, const SSL* ssl) {
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return Failure::plain_text;
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_UNKNOWN_PROTOCOL: return Failure::not_tls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_UNSUPPORTED_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_INAPPROPRIATE_FALLBACK:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return Failure::protocol_version;
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_CIPHERS_AVAILABLE:
    case SSL_R_NO_CIPHERS_SPECIFIED: return Failure::no_shared_cipher;
    case SSL_R_NO_SHARED_GROUPS:
    case SSL_R_NO_SUITABLE_GROUPS:
    case SSL_R_NO_SUITABLE_KEY_SHARE: return Failure::no_shared_group;
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: return Failure::no_shared_signature;
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: return Failure::no_application_protocol;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return Failure::certificate_required;
    case SSL_R_CERTIFICATE_VERIFY_FAILED: return of_verification(SSL_get_verify_result(ssl));
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA: return Failure::alert_unknown_ca;
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return Failure::alert_bad_certificate;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING: return Failure::closed;
    default: return reason > SSL_AD_REASON_OFFSET ? Failure::alert_other : Failure::protocol_error;
  }
}

}  // namespace

const char* name_of(Failure failure) { return row_of(failure).name; }
std::string_view text_of(Failure failure) { return row_of(failure).text; }

Failure take_failure(const SSL* ssl) {
  // The last entry is TLS's own verdict; those before it tell what led there, down to the arithmetic.
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  // A peer may say close_notify instead of going on: no error, and no handshake.
  if (error == 0) return (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0 ? Failure::closed : Failure::internal;
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) return of_reason(ERR_GET_REASON(error), ssl);
  // Below TLS itself: points not on a curve, signatures that do not verify, certificates that cannot be parsed.
  return Failure::protocol_error;
}

}  // namespace weir::net::tls
