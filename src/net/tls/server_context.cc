#include "net/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "net/tls/openssl.h"
#include "net/tls/pem.h"

namespace weir::net::tls {

namespace {

int context_slot() {
  static const int slot = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return slot;
}

/// The names of the certificate's SAN, those for hosts.
std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* const all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(all);
  return names;
}

/// Sessions are bound to it: what was verified under one authority must not be resumed under another.
std::array<uint8_t, SSL_MAX_SID_CTX_LENGTH> scope_of(const ServerOptions& options) {
  const std::string text =
      options.scope + '\0' + options.client_ca + '\0' + std::to_string(static_cast<int>(options.client_certificate));
  std::array<uint8_t, SSL_MAX_SID_CTX_LENGTH> digest{};
  unsigned size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  CHECK(size == digest.size());
  return digest;
}

/// Fetched once: looking a cipher up by name costs more than using it.
const EVP_CIPHER* ticket_cipher(bool aes256) {
  static EVP_CIPHER* const long_one = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  static EVP_CIPHER* const short_one = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
  return aes256 ? long_one : short_one;
}

}  // namespace

/// OpenSSL asks for the key of a ticket: of one to be issued, or of one that a client shows.
struct TicketCallback {
  static constexpr int kError = -1, kUnknown = 0, kUsable = 1, kUsableRenew = 2;

  static int run(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                 int issuing) {
    const auto keys = ServerContext::of(ssl).ticket_keys_->current();
    if (issuing != 0) {
      const TicketKey& key = keys->front();
      std::copy(key.name.begin(), key.name.end(), name);
      if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return kError;
      return use(key, iv, cipher, mac, 1) ? kUsable : kError;
    }
    const auto found = std::find_if(keys->begin(), keys->end(), [&](const TicketKey& each) {
      return std::equal(each.name.begin(), each.name.end(), name);
    });
    if (found == keys->end()) return kUnknown;
    if (!use(*found, iv, cipher, mac, 0)) return kError;
    return found == keys->begin() ? kUsable : kUsableRenew;
  }

  static bool use(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                  int issuing) {
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<uint8_t*>(key.mac.data()), key.secret_bytes()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params) == 1 &&
           EVP_CipherInit_ex(cipher, ticket_cipher(key.aes256), nullptr, key.cipher.data(), iv, issuing) == 1;
  }
};

std::string alpn_list(const std::vector<std::string>& protocols) {
  std::string list;
  for (const std::string& each : protocols) {
    CHECK(!each.empty() && each.size() < 256);
    list += static_cast<char>(each.size());
    list += each;
  }
  return list;
}

Result<std::shared_ptr<const ServerContext>, std::string> ServerContext::create(const ServerOptions& options) {
  CHECK(!options.certificates.empty());
  std::shared_ptr<ServerContext> made(new ServerContext);
  made->protocols_ = alpn_list(options.protocols);
  made->ticket_keys_ = options.ticket_keys ? options.ticket_keys : std::make_shared<TicketKeys>();
  for (const CertificateFiles& files : options.certificates) {
    if (auto added = made->add(files, options); !added) return fail(added.error());
  }
  return made;
}

ServerContext::~ServerContext() {
  for (SSL_CTX* context : contexts_) SSL_CTX_free(context);
}

Result<void, std::string> ServerContext::add(const CertificateFiles& files, const ServerOptions& options) {
  const auto chain = load_chain(files.certificate);
  if (!chain) return fail(chain.error());
  const auto key = load_key(files.key);
  if (!key) return fail(key.error());
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  CHECK(context != nullptr);
  contexts_.push_back(context);
  if (auto used = use_certificate(context, *chain, **key, files.certificate, files.key); !used) return used;
  for (const std::string& name : names_of(chain->leaf.get())) names_.add(name, contexts_.size() - 1);
  return configure(context, options);
}

Result<void, std::string> ServerContext::configure(SSL_CTX* context, const ServerOptions& options) {
  apply_profile(context, options.min_version);
  SSL_CTX_set_ex_data(context, context_slot(), this);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(choose_certificate));
  if (!protocols_.empty()) SSL_CTX_set_alpn_select_cb(context, choose_protocol, this);
  // Sessions live in tickets only, with either version.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (options.session_tickets) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, TicketCallback::run);
    SSL_CTX_set_timeout(context, static_cast<long>(options.ticket_lifetime.ms() / 1000));
  } else {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
  const auto scope = scope_of(options);
  CHECK(SSL_CTX_set_session_id_context(context, scope.data(), static_cast<unsigned>(scope.size())) == 1);
  return ask_for_certificate(context, options);
}

Result<void, std::string> ServerContext::ask_for_certificate(SSL_CTX* context, const ServerOptions& options) {
  if (options.client_certificate == ClientCertificate::off) return {};
  if (auto trusted = trust(context, options.client_ca); !trusted) return trusted;
  auto* const names = SSL_load_client_CA_file(options.client_ca.c_str());
  if (names == nullptr) return fail(error_in(options.client_ca, "its certificates cannot be used as authorities"));
  SSL_CTX_set_client_CA_list(context, names);
  const bool required = options.client_certificate == ClientCertificate::required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  return {};
}

const ServerContext& ServerContext::of(const SSL* ssl) {
  return *static_cast<const ServerContext*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_slot()));
}

int ServerContext::choose_certificate(SSL* ssl, int* /*alert*/, void* /*argument*/) {
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const ServerContext& self = of(ssl);
  const size_t found = self.names_.find(asked);
  if (found != CertificateNames::kNone && found != 0) SSL_set_SSL_CTX(ssl, self.contexts_[found]);
  return SSL_TLSEXT_ERR_OK;
}

int ServerContext::choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                                   const unsigned char* in, unsigned in_size, void* argument) {
  const std::string& ours = static_cast<const ServerContext*>(argument)->protocols_;
  unsigned char* chosen = nullptr;
  const int agreed = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), in, in_size);
  *out = chosen;
  // RFC 7301 section 3.2: who has nothing in common says so, instead of talking past each other.
  return agreed == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace weir::net::tls
