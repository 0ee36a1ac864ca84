#pragma once
// What a listener speaks TLS with: certificates chosen by the name that the client asks for, the protocols offered, who
// must show a certificate, how sessions are resumed. Made from files by create(), which says which file is wrong and
// how; immutable afterwards, shared by all workers, and alive as long as a connection that began with it: a reload puts
// another one beside it.
//
// Threads: any.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/tls/certificate_names.h"
#include "net/tls/ticket_keys.h"
#include "net/tls/version.h"

struct ssl_st;
struct ssl_ctx_st;
struct x509_st;

namespace weir::net::tls {

enum class ClientCertificate : uint8_t { off, optional, required };

/// PEM files: the certificate with those that lead to its authority behind it, and its key. With `ocsp`, what is
/// stapled to it (net/tls/staple.h).
struct CertificateFiles {
  std::string certificate;
  std::string key;
  std::string ocsp{};
};

/// An OCSP response that is sent along with a certificate.
struct Staple {
  std::string der;
  int64_t until = 0;  ///< seconds since 1970; from then on it is not sent any more
};

/// A certificate that is in force.
struct CertificateFacts {
  std::string path;
  std::vector<std::string> names;  ///< of its SAN
  int64_t not_after = 0;           ///< seconds since 1970
};

struct ServerOptions {
  std::vector<CertificateFiles>
      certificates;  ///< at least one; the first for names that no other fits. Two of different
                     ///< kinds of keys with the same names serve the clients that know them
  Version min_version = Version::v1_2;
  std::vector<std::string> protocols{};  ///< for ALPN, the best first; empty: nothing is agreed
  std::string client_ca{};               ///< PEM file: who may sign clients' certificates
  ClientCertificate client_certificate = ClientCertificate::off;
  bool session_tickets = true;
  std::shared_ptr<TicketKeys> ticket_keys{};  ///< null: keys of this context's own
  std::string ticket_keys_file{};             ///< that they are from, if they are from one
  Duration ticket_lifetime = Duration::s(24 * 3600);
  std::string scope{};  ///< sessions are resumed where they began: contexts with the same scope and client_ca
};

class ServerContext {
 public:
  /// `now`: seconds since 1970, for what warnings() says of what expires.
  static Result<std::shared_ptr<const ServerContext>, std::string> create(const ServerOptions& options, int64_t now);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  /// The one that connections begin with; SNI may move them to another.
  [[nodiscard]] ssl_ctx_st* first() const { return entries_.front().context; }
  [[nodiscard]] const std::vector<CertificateFacts>& certificates() const { return certificates_; }
  /// What is loaded and yet not as its owner may think: certificates that expire soon, responses that are not stapled,
  /// secrets that everybody on the machine may read.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  /// All certificates of the same names.
  struct Entry {
    ssl_ctx_st* context;  ///< owned
    std::vector<std::string> names;
    std::vector<std::pair<const x509_st*, Staple>> staples;
  };
  struct Material;
  ServerContext() = default;
  Result<void, std::string> add(const CertificateFiles& files, const ServerOptions& options, int64_t now);
  Result<size_t, std::string> place_for(const Material& material, const ServerOptions& options);
  void warn_of_readers(const std::string& secret);
  void describe(const Material& material, const CertificateFiles& files, int64_t now);
  Result<void, std::string> configure(ssl_ctx_st* context, const ServerOptions& options);
  Result<void, std::string> ask_for_certificate(ssl_ctx_st* context, const ServerOptions& options);
  static const ServerContext& of(const ssl_st* ssl);
  static int staple(ssl_st* ssl, void* argument);
  static int choose_certificate(ssl_st* ssl, int* alert, void* argument);
  static int choose_protocol(ssl_st* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                             unsigned in_size, void* argument);

  std::vector<Entry> entries_;
  CertificateNames names_;  ///< to the index of an entry
  std::vector<CertificateFacts> certificates_;
  std::vector<std::string> warnings_;
  std::string protocols_;  ///< as ALPN has them: each behind its length
  std::shared_ptr<TicketKeys> ticket_keys_;
  friend struct TicketCallback;
};

/// `protocols` as ALPN has them.
std::string alpn_list(const std::vector<std::string>& protocols);

}  // namespace weir::net::tls
