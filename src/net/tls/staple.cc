#include "net/tls/staple.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <ctime>
#include <utility>

#include "base/check.h"

namespace weir::net::tls {

namespace {

using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, Freed<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, Freed<OCSP_BASICRESP_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;

/// What the response says of the certificate; null when it says nothing.
OCSP_SINGLERESP* find(OCSP_BASICRESP& basic, const X509& leaf) {
  for (int i = 0; i < OCSP_resp_count(&basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(&basic, i);
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single)));
    if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(&leaf)) == 0) return single;
  }
  return nullptr;
}

/// Whether an issuer in the chain, or whom it charged with it, signed the response.
bool is_signed(OCSP_BASICRESP& basic, const Chain& chain) {
  const StorePtr store(X509_STORE_new());
  auto* const issuers = sk_X509_new_null();
  CHECK(store != nullptr && issuers != nullptr);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  for (const auto& issuer : chain.issuers) {
    X509_STORE_add_cert(store.get(), issuer.get());
    sk_X509_push(issuers, issuer.get());
  }
  const bool verified = OCSP_basic_verify(&basic, issuers, store.get(), 0) == 1;
  sk_X509_free(issuers);
  ERR_clear_error();
  return verified;
}

int64_t seconds_of(const ASN1_GENERALIZEDTIME* time) {
  tm utc{};
  return ASN1_TIME_to_tm(time, &utc) == 1 ? int64_t{::timegm(&utc)} : 0;
}

/// Why it is not sent; empty: it is.
std::string objection(OCSP_BASICRESP& basic, const Chain& chain, int64_t now, Staple& staple) {
  OCSP_SINGLERESP* single = find(basic, *chain.leaf);
  if (single == nullptr) return "it is about another certificate";
  ASN1_GENERALIZEDTIME* since = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  const int status = OCSP_single_get0_status(single, nullptr, nullptr, &since, &until);
  if (status != V_OCSP_CERTSTATUS_GOOD)
    return std::string("it says of the certificate: ") + OCSP_cert_status_str(status);
  constexpr int64_t kClocksDiffer = 300;
  constexpr int64_t kWithoutEnd = 7 * 24 * 3600;  // a response that names no end is believed for a week
  staple.until = until != nullptr ? seconds_of(until) : seconds_of(since) + kWithoutEnd;
  if (staple.until <= now) return "it has expired";
  if (seconds_of(since) > now + kClocksDiffer) return "it is not valid yet";
  if (!chain.issuers.empty() && !is_signed(basic, chain))
    return "its signature is not that of the certificate's issuer";
  return "";
}

}  // namespace

Loaded<std::optional<Staple>> load_staple(const std::string& path, const Chain& chain, int64_t now,
                                          std::vector<std::string>& warnings) {
  auto file = open_file(path);
  if (!file) return fail(file.error());
  const ResponsePtr response(d2i_OCSP_RESPONSE_bio(file->get(), nullptr));
  if (!response) return fail(error_in(path, "this is no OCSP response (DER)"));
  Staple staple;
  std::string why = "the responder gave no answer";
  if (OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    const BasicPtr basic(OCSP_response_get1_basic(response.get()));
    if (!basic) return fail(error_in(path, "this OCSP response has an unknown form"));
    why = objection(*basic, chain, now, staple);
  }
  ERR_clear_error();
  if (!why.empty()) {
    warnings.push_back(path + ": not stapled: " + why);
    return std::optional<Staple>{};
  }
  unsigned char* der = nullptr;
  const int size = i2d_OCSP_RESPONSE(response.get(), &der);
  CHECK(size > 0);
  staple.der.assign(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return std::optional<Staple>{std::move(staple)};
}

}  // namespace weir::net::tls
