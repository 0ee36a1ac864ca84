#include "net/tls/pem.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "base/check.h"
#include "base/regular_file.h"

namespace weir::net::tls {

namespace {

/// All authorities that browsers trust are a quarter of a megabyte.
constexpr size_t kBytesMax = size_t{4} * 1024 * 1024;

/// PEM reading ends with this error at the end of every file.
bool take_end_of_file() {
  const unsigned long error = ERR_peek_last_error();
  const bool end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (end) ERR_clear_error();
  return end;
}

/// Nobody sits there to be asked for a passphrase.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

Loaded<BioPtr> open_file(const std::string& path) {
  auto text = read_regular_file(path, kBytesMax + 1);
  if (!text) return fail(path + ": " + text.error());
  if (text->size() > kBytesMax) return fail(path + ": is longer than 4 MiB");
  BioPtr file(BIO_new(BIO_s_mem()));
  CHECK(file != nullptr);
  BIO_set_mem_eof_return(file.get(), 0);
  const int size = static_cast<int>(text->size());
  CHECK(size == 0 || BIO_write(file.get(), text->data(), size) == size);
  OPENSSL_cleanse(text->data(), text->size());  // it may be a key
  return file;
}

std::string error_in(const std::string& path, std::string_view text) {
  const unsigned long error = ERR_peek_last_error();
  const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  std::string said = path + ": " + std::string(text);
  if (reason != nullptr) said += " (" + std::string(reason) + ")";
  ERR_clear_error();
  return said;
}

Loaded<Chain> load_chain(const std::string& path) {
  auto file = open_file(path);
  if (!file) return fail(file.error());
  Chain chain;
  chain.leaf.reset(PEM_read_bio_X509_AUX(file->get(), nullptr, nullptr, nullptr));
  if (!chain.leaf) {
    if (take_end_of_file()) return fail(path + ": there is no certificate in it (PEM)");
    return fail(error_in(path, "its certificate cannot be read"));
  }
  while (X509* issuer = PEM_read_bio_X509(file->get(), nullptr, nullptr, nullptr)) chain.issuers.emplace_back(issuer);
  if (!take_end_of_file()) return fail(error_in(path, "a certificate of its chain cannot be read"));
  return chain;
}

Loaded<KeyPtr> load_key(const std::string& path) {
  auto file = open_file(path);
  if (!file) return fail(file.error());
  bool encrypted = false;
  KeyPtr key(PEM_read_bio_PrivateKey(file->get(), nullptr, no_passphrase, &encrypted));
  if (key) {
    ERR_clear_error();  // decoders that were tried and did not fit leave their complaints
    return key;
  }
  if (encrypted) {
    ERR_clear_error();
    return fail(path + ": the key is encrypted with a passphrase; write it without one, readable by Weir only");
  }
  // OpenSSL says the same of a file without a key and of one whose key it cannot make sense of.
  const bool unknown = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_UNSUPPORTED;
  if (unknown || take_end_of_file()) {
    ERR_clear_error();
    return fail(path + ": there is no private key in it that can be read (PEM)");
  }
  return fail(error_in(path, "its private key cannot be read"));
}

Loaded<void> use_certificate(SSL_CTX* context, const Chain& chain, EVP_PKEY& key, const std::string& certificate_path,
                             const std::string& key_path) {
  if (X509_check_private_key(chain.leaf.get(), &key) != 1) {
    ERR_clear_error();
    return fail(key_path + ": this is not the key of the certificate " + certificate_path);
  }
  if (SSL_CTX_use_certificate(context, chain.leaf.get()) != 1)
    return fail(error_in(certificate_path, "TLS does not accept the certificate"));
  if (SSL_CTX_use_PrivateKey(context, &key) != 1) return fail(error_in(key_path, "TLS does not accept the key"));
  SSL_CTX_clear_chain_certs(context);
  for (const auto& issuer : chain.issuers) {
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1)
      return fail(error_in(certificate_path, "TLS does not accept a certificate of the chain"));
  }
  return {};
}

Loaded<void> trust(SSL_CTX* context, const std::string& path) {
  auto chain = load_chain(path);  // says better than OpenSSL does what is wrong with the file
  if (!chain) return fail(chain.error());
  if (SSL_CTX_load_verify_file(context, path.c_str()) != 1)
    return fail(error_in(path, "its certificates cannot be used as authorities"));
  ERR_clear_error();
  return {};
}

}  // namespace weir::net::tls
