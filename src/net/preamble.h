#pragma once
// What an accepted socket begins with, when that belongs to the connection and not to the protocol spoken on it. The
// bytes are looked at and left in the kernel until the owner says how many of them are the preamble: what follows (a
// TLS handshake, a request) is read by the next owner as if nothing had been before it.
//
// Lifetime: the owner must outlive the turn in which it takes the socket or closes (Loop::defer_delete). Afterwards no
// handler method is called. Thread rule: the loop's thread.

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "net/fd.h"
#include "net/loop.h"

namespace weir::net {

class Preamble final : private Pollable {
 public:
  class Handler {
   public:
    /// All that has come, up to the limit. Called again with more until the owner takes the socket or closes.
    virtual void on_preamble(std::string_view bytes) = 0;
    /// The peer has ended or broken off; `bytes`: how many had come.
    virtual void on_preamble_end(size_t bytes) = 0;

   protected:
    ~Handler() = default;
  };

  /// `limit`: the most that is looked at. The owner must have decided when so much is there.
  Preamble(Loop& loop, Handler& handler, size_t limit) : loop_(loop), handler_(handler), limit_(limit) {}
  ~Preamble() { close(); }
  Preamble(const Preamble&) = delete;
  Preamble& operator=(const Preamble&) = delete;

  Result<void> adopt(Fd fd);
  /// The socket without its first `bytes`, which on_preamble has shown; invalid when they could not be read.
  [[nodiscard]] Fd take(size_t bytes);
  void close();

 private:
  void on_ready(uint32_t events) override;

  Loop& loop_;
  Handler& handler_;
  size_t limit_;
  size_t seen_ = 0;
  Fd fd_;
};

}  // namespace weir::net
