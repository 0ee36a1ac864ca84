#include "net/tls/identity.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"

namespace weir::net::tls {

namespace {

void add_hash(std::string& text, const X509& certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  CHECK(X509_digest(&certificate, EVP_sha256(), digest.data(), &size) == 1);
  constexpr std::string_view kDigits = "0123456789abcdef";
  text += "Hash=";
  for (unsigned i = 0; i < size; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
}

void add_subject(std::string& text, const X509& certificate) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  CHECK(memory != nullptr);
  X509_NAME_print_ex(memory.get(), X509_get_subject_name(&certificate), 0, XN_FLAG_RFC2253);
  char* subject = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &subject);
  if (size <= 0 || text.size() + static_cast<size_t>(size) > kIdentityBytesMax / 2) return;
  text.append(";Subject=\"").append(subject, static_cast<size_t>(size)).append("\"");
}

bool is_plain(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < '\x7f' && std::string_view(";,=\"\\").find(c) == std::string_view::npos;
  });
}

void add_names(std::string& text, const X509& certificate) {
  auto* const names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI && name->type != GEN_DNS) continue;
    const std::string_view value(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
                                 static_cast<size_t>(ASN1_STRING_length(name->d.ia5)));
    if (!is_plain(value) || text.size() + value.size() + 5 > kIdentityBytesMax) continue;
    text.append(name->type == GEN_URI ? ";URI=" : ";DNS=").append(value);
  }
  GENERAL_NAMES_free(names);
}

}  // namespace

std::string describe_certificate(X509& certificate) {
  std::string text;
  add_hash(text, certificate);
  add_subject(text, certificate);
  add_names(text, certificate);
  return text;
}

}  // namespace weir::net::tls
