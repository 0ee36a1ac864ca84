#pragma once
// A TCP proxy that misbehaves on request: what a drill puts between Weir and an endpoint (or between a client and Weir)
// to have a slow, lossy, full or half-dead network. It knows bytes only; what it does to them is in link_faults.h, for
// each direction apart, and may be changed while connections are open.
//
//   auto proxy = FaultProxy::create(loop, listen, to, seed);
//   (*proxy)->set_faults({.downstream = {.delay = Duration::ms(50)}});
//
// Memory is bounded: a connection holds at most kQueueBytesMax in each direction, then its sender is not read; beyond
// kConnectionsMax connections are reset. Taking the faults away lets what was held back go at once; connections that
// lost bytes or one end are reset, since they can no longer be right.
//
// Thread rule: the loop's thread; proxy_host.h gives proxies a thread of their own.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/prng.h"
#include "drill/link_faults.h"
#include "net/acceptor.h"
#include "net/loop.h"

namespace weir::drill {

struct ProxyFaults {
  LinkFaults upstream;            ///< from the client to the server
  LinkFaults downstream;          ///< from the server to the client
  uint32_t connection_limit = 0;  ///< the newest beyond it are reset, as a full database does it; 0: no limit
  bool operator==(const ProxyFaults&) const = default;
};

struct ProxyCounters {
  uint64_t accepted = 0;
  uint64_t refused = 0;  ///< reset because of the limit
  uint64_t open = 0;
  uint64_t open_max = 0;
};

class FaultProxy final : private net::Acceptor::Handler {
 public:
  static constexpr size_t kQueueBytesMax = 256 * 1024;
  static constexpr size_t kConnectionsMax = 8192;

  /// Errors: those of Acceptor::listen.
  static Result<std::unique_ptr<FaultProxy>> create(net::Loop& loop, const net::SocketAddress& listen,
                                                    const net::SocketAddress& to, uint64_t seed);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  void set_faults(const ProxyFaults& faults);
  [[nodiscard]] const ProxyFaults& faults() const { return faults_; }
  [[nodiscard]] net::SocketAddress local_address() const { return acceptor_->local_address(); }
  [[nodiscard]] const ProxyCounters& counters() const { return counters_; }

 private:
  class Half;
  class Session;

  FaultProxy(net::Loop& loop, const net::SocketAddress& to, uint64_t seed) : loop_(loop), to_(to), prng_(seed) {}
  void on_accept(net::Fd fd, const net::SocketAddress& peer) override;
  void forget(Session& session);
  [[nodiscard]] size_t connections_max() const;

  net::Loop& loop_;
  net::SocketAddress to_;
  Prng prng_;
  ProxyFaults faults_;
  Link upstream_;
  Link downstream_;
  ProxyCounters counters_;
  std::unique_ptr<net::Acceptor> acceptor_;
  Session* newest_ = nullptr;  ///< owned; a list through older/newer
};

}  // namespace weir::drill
