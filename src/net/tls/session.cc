#include "net/tls/session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "net/tls/client_context.h"
#include "net/tls/identity.h"
#include "net/tls/openssl.h"
#include "net/tls/server_context.h"

namespace weir::net::tls {

/// OpenSSL's way to the bytes: out of the view that was given, onto the end of what is to be sent.
struct SessionBio {
  static int read(BIO* bio, char* to, size_t room, size_t* size) {
    Session& session = *static_cast<Session*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *size = std::min(room, session.input_.size());
    if (*size == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(to, session.input_.data(), *size);
    session.input_.remove_prefix(*size);
    return 1;
  }

  static int write(BIO* bio, const char* from, size_t size, size_t* written) {
    Session& session = *static_cast<Session*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (!session.sealed_) session.sealed_ = std::make_unique<std::string>();
    session.sealed_->append(from, size);
    *written = size;
    return 1;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*argument*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir session");
      CHECK(method != nullptr);
      BIO_meth_set_read_ex(method, read);
      BIO_meth_set_write_ex(method, write);
      BIO_meth_set_ctrl(method, control);
      return method;
    }();
    return made;
  }

  static BIO* make(Session& session) {
    BIO* bio = BIO_new(method());
    CHECK(bio != nullptr);
    BIO_set_data(bio, &session);
    BIO_set_init(bio, 1);
    return bio;
  }
};

std::unique_ptr<Session> Session::accept(std::shared_ptr<const ServerContext> context) {
  std::unique_ptr<Session> made(new Session);
  made->context_ = std::move(context);
  return made;
}

std::unique_ptr<Session> Session::connect(std::shared_ptr<Peer> peer) {
  std::unique_ptr<Session> made(new Session);
  made->peer_ = std::move(peer);
  return made;
}

Session::~Session() {
  if (ssl_ == nullptr) return;
  // However the connection ended, its session may be resumed; OpenSSL would forbid it after anything but a clean end.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

void Session::begin() {
  ssl_ = SSL_new(context_ ? context_->first() : peer_->context().get());
  CHECK(ssl_ != nullptr);
  SSL_set_app_data(ssl_, this);
  BIO* bio = SessionBio::make(*this);
  SSL_set_bio(ssl_, bio, bio);
  if (context_) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
    name_peer();
  }
}

void Session::name_peer() {
  const std::string& name = peer_->name();
  if (!peer_->is_address() && !name.empty()) {
    SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
  }
  if (peer_->context().verifies()) {
    X509_VERIFY_PARAM* param = SSL_get0_param(ssl_);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    // An empty name would be taken for "any": it is one that no certificate has.
    const int set = peer_->is_address() ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str())
                                        : X509_VERIFY_PARAM_set1_host(param, name.empty() ? "." : name.c_str(), 0);
    CHECK(set == 1);
  }
  if (const SessionPtr session{peer_->session()}) SSL_set_session(ssl_, session.get());
}

Session::Step Session::handshake() {
  if (ssl_ == nullptr) begin();
  ERR_clear_error();
  if (SSL_do_handshake(ssl_) == 1) {
    ERR_clear_error();  // what was tried on the way; read() relies on a queue without it
    // With TLS 1.2, OpenSSL does not tell of a ticket that was renewed.
    if (peer_ && resumed() && !is_v1_3()) peer_->keep(SSL_get1_session(ssl_));
    return Step::done;
  }
  if (is_short_of_input()) return Step::need_more;
  fail(take_failure(ssl_));
  return Step::failed;
}

/// Of a call that did not succeed: an error, or the peer's goodbye, comes before what OpenSSL wanted last.
bool Session::is_short_of_input() const {
  return ERR_peek_error() == 0 && (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) == 0 && SSL_want_read(ssl_);
}

void Session::fail(Failure failure) {
  if (failure_ == Failure::none) failure_ = failure;
  end_ = Step::failed;
}

Session::Opened Session::read(std::span<char> room) {
  size_t size = 0;
  // Each call opens one record, or says what it is short of. The queue of errors is empty before: whoever finds some
  // clears it, so that it need not be done for each record.
  while (end_ == Step::need_more && (!input_.empty() || SSL_pending(ssl_) > 0)) {
    size_t opened = 0;
    if (SSL_read_ex(ssl_, room.data() + size, room.size() - size, &opened) == 1) {
      size += opened;
      DCHECK(size < room.size());
    } else if (!is_short_of_input()) {
      if ((SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0 && ERR_peek_error() == 0) {
        end_ = Step::ended;
      } else {
        fail(take_failure(ssl_));
      }
    }
  }
  return {.size = size, .step = end_};
}

bool Session::seal(std::string_view plain) {
  if (plain.empty()) return true;
  size_t written = 0;
  if (SSL_write_ex(ssl_, plain.data(), plain.size(), &written) == 1) return true;
  ERR_clear_error();
  return false;
}

void Session::close_notify() {
  if (std::exchange(notified_, true) || end_ == Step::failed || ssl_ == nullptr) return;
  if (SSL_is_init_finished(ssl_) != 1) return;
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string_view Session::version() const { return SSL_get_version(ssl_); }

std::string_view Session::cipher() const {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_);
  return cipher != nullptr ? SSL_CIPHER_standard_name(cipher) : "";
}

std::string_view Session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string_view Session::server_name() const {
  const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? name : "";
}

std::string Session::peer_certificate() const {
  const CertificatePtr certificate(SSL_get1_peer_certificate(ssl_));
  return certificate && SSL_get_verify_result(ssl_) == X509_V_OK ? describe_certificate(*certificate) : std::string();
}

bool Session::resumed() const { return SSL_session_reused(ssl_) == 1; }
bool Session::is_v1_3() const { return SSL_version(ssl_) == TLS1_3_VERSION; }

}  // namespace weir::net::tls
