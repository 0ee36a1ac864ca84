#pragma once
// TLS towards those we connect to. ClientContext: whom we trust and what we offer, shared by all connections of a
// cluster. Peer: one of those we connect to, with the name that its certificate must have and the session that the next
// connection resumes; shared by the connections to it.
//
//   auto context = tls::ClientContext::create({.ca = "ca.pem", .protocols = {"h2"}});
//   auto peer = std::make_shared<tls::Peer>(*context, "api.example.org");
//   stream.connect(address, peer);  // on_connected once the peer has proved its name, or on_closed
//
// Threads: any.

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/tls/version.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace weir::net::tls {

struct ClientOptions {
  bool verify = true;         ///< the certificate's chain, and that it is for the peer's name
  std::string ca{};           ///< PEM file; empty: those that the system trusts
  std::string certificate{};  ///< PEM file, shown to peers that ask for one; empty: none
  std::string key{};
  Version min_version = Version::v1_2;
  std::vector<std::string> protocols{};  ///< for ALPN, the best first; empty: nothing is offered
};

class ClientContext {
 public:
  static Result<std::shared_ptr<const ClientContext>, std::string> create(const ClientOptions& options);
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  [[nodiscard]] ssl_ctx_st* get() const { return context_; }
  [[nodiscard]] bool verifies() const { return verify_; }

 private:
  ClientContext(ssl_ctx_st* context, bool verify) : context_(context), verify_(verify) {}
  ssl_ctx_st* context_;
  bool verify_;
};

class Peer {
 public:
  /// `name`: a host name, sent as SNI, or an IP address, which is not. The peer's certificate must be for it.
  Peer(std::shared_ptr<const ClientContext> context, std::string name);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] const ClientContext& context() const { return *context_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_address() const { return is_address_; }

  /// A copy of the newest session, the caller's to free: connections of several threads may resume at once. Null when
  /// there is none that could be resumed.
  [[nodiscard]] ssl_session_st* session() const;
  /// Takes `session` over.
  void keep(ssl_session_st* session);

 private:
  std::shared_ptr<const ClientContext> context_;
  std::string name_;
  bool is_address_;
  mutable std::mutex mutex_;
  ssl_session_st* session_ = nullptr;
};

}  // namespace weir::net::tls
