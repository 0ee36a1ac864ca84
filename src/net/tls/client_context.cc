#include "net/tls/client_context.h"

#include <arpa/inet.h>

#include <utility>

#include "base/check.h"
#include "net/tls/openssl.h"
#include "net/tls/pem.h"
#include "net/tls/server_context.h"
#include "net/tls/session.h"

namespace weir::net::tls {

namespace {

bool is_ip(const std::string& name) {
  in6_addr room{};
  return ::inet_pton(AF_INET, name.c_str(), &room) == 1 || ::inet_pton(AF_INET6, name.c_str(), &room) == 1;
}

/// A ticket came: with TLS 1.3 after the handshake, so it is kept here and not where the connection opens.
int on_session(SSL* ssl, SSL_SESSION* session) {
  static_cast<Session*>(SSL_get_app_data(ssl))->peer()->keep(session);
  return 1;
}

Loaded<void> configure(SSL_CTX* context, const ClientOptions& options) {
  apply_profile(context, options.min_version);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_session);
  if (const std::string list = alpn_list(options.protocols); !list.empty()) {
    CHECK(SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(list.data()),
                                  static_cast<unsigned>(list.size())) == 0);
  }
  if (options.verify) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (options.ca.empty()) {
      CHECK(SSL_CTX_set_default_verify_paths(context) == 1);
    } else if (auto trusted = trust(context, options.ca); !trusted) {
      return trusted;
    }
  }
  if (options.certificate.empty()) return {};
  const auto chain = load_chain(options.certificate);
  if (!chain) return fail(chain.error());
  const auto key = load_key(options.key);
  if (!key) return fail(key.error());
  return use_certificate(context, *chain, **key, options.certificate, options.key);
}

}  // namespace

Result<std::shared_ptr<const ClientContext>, std::string> ClientContext::create(const ClientOptions& options) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  CHECK(context != nullptr);
  std::shared_ptr<const ClientContext> made(new ClientContext(context, options.verify));
  if (auto configured = configure(context, options); !configured) return fail(configured.error());
  return made;
}

ClientContext::~ClientContext() { SSL_CTX_free(context_); }

Peer::Peer(std::shared_ptr<const ClientContext> context, std::string name)
    : context_(std::move(context)), name_(std::move(name)), is_address_(is_ip(name_)) {}

Peer::~Peer() { SSL_SESSION_free(session_); }

SSL_SESSION* Peer::session() const {
  const std::lock_guard lock(mutex_);
  if (session_ == nullptr || SSL_SESSION_is_resumable(session_) != 1) return nullptr;
  return SSL_SESSION_dup(session_);
}

void Peer::keep(SSL_SESSION* session) {
  SSL_SESSION* old = session;
  {
    const std::lock_guard lock(mutex_);
    std::swap(session_, old);
  }
  SSL_SESSION_free(old);
}

}  // namespace weir::net::tls
