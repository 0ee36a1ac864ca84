#include "net/tls/server_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "base/regular_file.h"
#include "net/tls/openssl.h"
#include "net/tls/pem.h"
#include "net/tls/staple.h"

namespace weir::net::tls {

namespace {

/// What is longer is refused when it is loaded.
constexpr size_t kAuthoritiesBytesMax = size_t{4} * 1024 * 1024;

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

/// Sessions are bound to it: what was verified under one authority must not be resumed under another, also when it has
/// the same file's name.
std::array<uint8_t, SSL_MAX_SID_CTX_LENGTH> scope_of(const ServerOptions& options) {
  std::string bytes = options.scope + '\0' + std::to_string(static_cast<int>(options.client_certificate)) + '\0';
  // One that cannot be read is refused in a moment, by whoever loads it.
  if (options.client_certificate != ClientCertificate::off)
    bytes += read_regular_file(options.client_ca, kAuthoritiesBytesMax).value_or("");
  std::array<uint8_t, SSL_MAX_SID_CTX_LENGTH> digest{};
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
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

/// What the files of one certificate hold.
struct ServerContext::Material {
  Chain chain;
  KeyPtr key;
  std::vector<std::string> names;
};

Result<std::shared_ptr<const ServerContext>, std::string> ServerContext::create(const ServerOptions& options,
                                                                                int64_t now) {
  CHECK(!options.certificates.empty());
  std::shared_ptr<ServerContext> made(new ServerContext);
  made->protocols_ = alpn_list(options.protocols);
  made->ticket_keys_ = options.ticket_keys ? options.ticket_keys : std::make_shared<TicketKeys>();
  if (!options.ticket_keys_file.empty()) made->warn_of_readers(options.ticket_keys_file);
  for (const CertificateFiles& files : options.certificates) {
    if (auto added = made->add(files, options, now); !added) return fail(added.error());
  }
  return made;
}

ServerContext::~ServerContext() {
  for (const Entry& entry : entries_) SSL_CTX_free(entry.context);
}

Result<void, std::string> ServerContext::add(const CertificateFiles& files, const ServerOptions& options, int64_t now) {
  auto chain = load_chain(files.certificate);
  if (!chain) return fail(chain.error());
  auto key = load_key(files.key);
  if (!key) return fail(key.error());
  Material material{.chain = std::move(*chain), .key = std::move(*key), .names = {}};
  material.names = names_of(material.chain.leaf.get());
  const auto place = place_for(material, options);
  if (!place) return fail(place.error());
  Entry& entry = entries_[*place];
  if (auto used = use_certificate(entry.context, material.chain, *material.key, files.certificate, files.key); !used)
    return used;
  if (!files.ocsp.empty()) {
    auto staple = load_staple(files.ocsp, material.chain, now, warnings_);
    if (!staple) return fail(staple.error());
    if (*staple) entry.staples.emplace_back(SSL_CTX_get0_certificate(entry.context), std::move(**staple));
  }
  describe(material, files, now);
  return {};
}

/// The entry for a certificate: that with the same names and another kind of key, or a new one.
Result<size_t, std::string> ServerContext::place_for(const Material& material, const ServerOptions& options) {
  const auto same = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) {
    const EVP_PKEY* other = SSL_CTX_get0_privatekey(each.context);
    return !each.names.empty() && each.names == material.names &&
           EVP_PKEY_get_base_id(other) != EVP_PKEY_get_base_id(material.key.get());
  });
  if (same != entries_.end()) return static_cast<size_t>(same - entries_.begin());
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  CHECK(context != nullptr);
  entries_.push_back({.context = context, .names = material.names, .staples = {}});
  if (auto configured = configure(context, options); !configured) return fail(configured.error());
  for (const std::string& name : material.names) {
    if (!names_.add(name, entries_.size() - 1)) warnings_.push_back("several certificates are for " + name);
  }
  return entries_.size() - 1;
}

void ServerContext::describe(const Material& material, const CertificateFiles& files, int64_t now) {
  constexpr int64_t kDay = 24 * 3600;
  constexpr int64_t kSoon = 14 * kDay;
  tm utc{};
  ASN1_TIME_to_tm(X509_get0_notAfter(material.chain.leaf.get()), &utc);
  const int64_t end = ::timegm(&utc);
  if (end <= now) {
    warnings_.push_back(files.certificate + ": expired " + std::to_string((now - end) / kDay) + " days ago");
  } else if (end - now < kSoon) {
    warnings_.push_back(files.certificate + ": expires in " + std::to_string((end - now) / kDay) + " days");
  }
  if (material.names.empty()) {
    warnings_.push_back(files.certificate + ": has no names (subjectAltName); clients that verify refuse it");
  }
  warn_of_readers(files.key);
  certificates_.push_back({.path = files.certificate, .names = material.names, .not_after = end});
}

void ServerContext::warn_of_readers(const std::string& secret) {
  if (is_readable_by_all(secret)) warnings_.push_back(secret + ": " + std::string(kReadableByAll));
}

Result<void, std::string> ServerContext::configure(SSL_CTX* context, const ServerOptions& options) {
  apply_profile(context, options.min_version);
  SSL_CTX_set_ex_data(context, context_slot(), this);
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, reinterpret_cast<void (*)()>(choose_certificate));
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(staple));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, this);
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

int ServerContext::staple(SSL* ssl, void* argument) {
  const auto* self = static_cast<const ServerContext*>(argument);
  const X509* const certificate = SSL_get_certificate(ssl);
  for (const Entry& entry : self->entries_) {
    for (const auto& [its, staple] : entry.staples) {
      if (its != certificate || staple.until <= ::time(nullptr)) continue;
      void* const copy = OPENSSL_memdup(staple.der.data(), staple.der.size());
      if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
      SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, static_cast<long>(staple.der.size()), copy);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

int ServerContext::choose_certificate(SSL* ssl, int* /*alert*/, void* /*argument*/) {
  const char* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (asked == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const ServerContext& self = of(ssl);
  const size_t found = self.names_.find(asked);
  if (found != CertificateNames::kNone && found != 0) SSL_set_SSL_CTX(ssl, self.entries_[found].context);
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
