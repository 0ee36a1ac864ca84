#pragma once
// Certificates, keys and authorities out of PEM files, with errors that name the file and say what is wrong with it.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/tls/openssl.h"

namespace weir::net::tls {

/// What the loading functions say when they fail: "certs/a.pem: what is wrong".
template <class T>
using Loaded = Result<T, std::string>;

/// A certificate and those that lead from it to its authority, in the order of the file.
struct Chain {
  CertificatePtr leaf;
  std::vector<CertificatePtr> issuers;
};

/// Said of a file with a secret in it that the whole machine may read.
inline constexpr std::string_view kReadableByAll = "can be read by everybody on this machine: chmod o-r";

/// Of a file of some megabytes at most, which is read whole: nothing else is opened any more.
Loaded<BioPtr> open_file(const std::string& path);
Loaded<Chain> load_chain(const std::string& path);
Loaded<KeyPtr> load_key(const std::string& path);
/// Puts both in force, once it is sure that they belong together.
Loaded<void> use_certificate(SSL_CTX* context, const Chain& chain, EVP_PKEY& key, const std::string& certificate_path,
                             const std::string& key_path);
/// Trusts who stands in the file.
Loaded<void> trust(SSL_CTX* context, const std::string& path);

/// "path: text (what OpenSSL says)"; its queue of errors is empty afterwards.
std::string error_in(const std::string& path, std::string_view text);

}  // namespace weir::net::tls
