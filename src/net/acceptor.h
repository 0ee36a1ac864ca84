#pragma once
// A listening socket of one loop. With SO_REUSEPORT each worker has its own, and the kernel spreads connections.
//
// A full table of file descriptors pauses accepting (level-triggered epoll would spin otherwise) and is tried again
// every few milliseconds: connections wait in the kernel's backlog meanwhile, nothing dies. The owner may pause it too,
// at its own limit of connections. Thread rule: the loop's thread.

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/loop.h"

namespace weir::net {

class Acceptor final : public Deferred, private Pollable {
 public:
  class Handler {
   public:
    /// A connected, non-blocking socket with TCP_NODELAY.
    virtual void on_accept(Fd fd, const SocketAddress& peer) = 0;

   protected:
    ~Handler() = default;
  };
  struct Options {
    int backlog = 4096;
    bool reuse_port = true;
  };

  /// Errors: address_in_use, permission, invalid_argument, io_failed.
  static Result<std::unique_ptr<Acceptor>> listen(Loop& loop, const SocketAddress& address, Handler& handler,
                                                  Options options);
  /// The two halves of `listen`: any thread may open the socket, the loop's thread accepts from it.
  static Result<Fd> open(const SocketAddress& address, Options options);
  static std::unique_ptr<Acceptor> adopt(Loop& loop, Fd listening, Handler& handler);
  ~Acceptor() override { close(); }

  void pause();
  void resume();
  [[nodiscard]] bool paused() const { return paused_ || starved_; }
  /// Accepts what the backlog still holds (the kernel would reset it), then closes.
  void finish();
  /// Another descriptor of the listening socket, as for another process to accept from: what is closed here then loses
  /// no connection. Invalid when the table of descriptors is full.
  [[nodiscard]] Fd duplicate() const;
  void close();
  [[nodiscard]] SocketAddress local_address() const { return SocketAddress::of_socket(fd_.get()); }
  /// Times the table of descriptors was found full.
  [[nodiscard]] uint64_t times_starved() const { return times_starved_; }

 private:
  Acceptor(Loop& loop, Handler& handler, Fd fd) : loop_(loop), handler_(handler), fd_(std::move(fd)) {}
  void on_ready(uint32_t events) override;
  bool accept_one();
  void starve();
  void on_retry();
  void watch(bool on);

  static constexpr int kAcceptsPerTurn = 64;  ///< then the connections already there get their turn
  static constexpr Duration kRetry = Duration::ms(10);

  Loop& loop_;
  Handler& handler_;
  Fd fd_;
  Timer retry_ = Timer::bind<&Acceptor::on_retry>(this);
  bool watched_ = false;
  bool paused_ = false;
  bool starved_ = false;
  uint64_t times_starved_ = 0;
};

}  // namespace weir::net
