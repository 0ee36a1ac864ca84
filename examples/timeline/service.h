#pragma once
// One instance: the Api behind a server, and the fault port beside it. Single-threaded: a request that waits for SQLite
// or hashes a password holds up the others of this instance, which is why one runs several instances on one database
// file.
//
// The fault port (GET, POST, DELETE /fault) has no lock of its own: bind it where only the operator can reach it.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/prng.h"
#include "base/result.h"
#include "examples/timeline/api.h"
#include "examples/timeline/fault.h"
#include "http/simple_server.h"
#include "net/address.h"
#include "net/loop.h"

namespace weir::timeline {

class Service {
 public:
  struct Options {
    net::SocketAddress listen;
    std::optional<net::SocketAddress> fault_listen;
    std::string name;  ///< x-instance says name:port
    PasswordCost password_cost;
  };
  /// `store` and `key` outlive the service, the loop too.
  static Result<std::unique_ptr<Service>> create(net::Loop& loop, Store& store, const TokenKey& key,
                                                 const Options& options);

  [[nodiscard]] net::SocketAddress address() const { return server_->local_address(); }
  [[nodiscard]] std::optional<net::SocketAddress> fault_address() const;

  /// Stops accepting, finishes what is in progress, then runs `done`. The fault port stays until the end, so that a
  /// half-dead instance can still be healed while it drains.
  void drain(std::function<void()> done) { server_->drain(std::move(done)); }

 private:
  Service() = default;
  http::SimpleResponse serve(const http::SimpleRequest& request);
  http::SimpleResponse control(const http::SimpleRequest& request);

  std::optional<Api> api_;
  Fault fault_;
  Prng prng_{1};  ///< which requests fail is chance, but the same chance in every drill
  std::unique_ptr<http::SimpleServer> server_;
  std::unique_ptr<http::SimpleServer> fault_server_;
};

}  // namespace weir::timeline
