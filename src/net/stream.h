#pragma once
// One non-blocking byte stream (a TCP connection), spoken to in deliveries: the handler is handed bytes as they arrive
// and told when output has drained; it never asks whether a socket is ready. That is the seam behind which TLS is: a
// stream that was opened with it delivers and takes plain bytes (net/tls/session.h), and its peer's close_notify is the
// end, without which a closed connection is a truncated one. io_uring could slide in there, too.
//
// Input lands in the loop's shared scratch buffer and is handed to on_data; what the handler does not consume is
// retained by the stream and handed over again, together with what follows, so idle streams own no buffer. `pause` is
// back-pressure: bytes stay in the kernel. Output is appended to a recycled buffer and written when the loop runs its
// hooks, so that all that a few events have to say to one peer is one system call; large pieces go straight from the
// caller's memory.
//
// Lifetime: the owner must outlive the turn in which the stream is closed (Loop::defer_delete). After close() or
// on_closed() no handler method is called. Thread rule: the loop's thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/address.h"
#include "net/fd.h"
#include "net/loop.h"
#include "net/tls/session.h"

namespace weir::net {

class Stream final : private Pollable {
 public:
  class Handler {
   public:
    /// Outgoing streams, and those with TLS: the connection is there, and TLS is agreed on.
    virtual void on_connected() {}
    /// With TLS: is what was agreed on (ALPN; empty: nothing was) a protocol to go on with? False: the handshake fails.
    virtual bool speaks(std::string_view /*protocol*/) { return true; }
    /// Where TLS was due there came what can only be a text protocol. True: go on without TLS, on_data follows.
    virtual bool on_plain_text() { return false; }
    /// `data`: everything not yet consumed. Returns how much was consumed from its front. A handler that neither
    /// consumes nor pauses must bound what it lets grow.
    virtual size_t on_data(std::string_view data) = 0;
    /// The peer finished sending; whatever on_data left unconsumed stays unconsumed.
    virtual void on_end() = 0;
    /// Congested output has drained (see congested()). May be called from inside write(): only resume producers here.
    virtual void on_drained() = 0;
    /// Reset, failed connect (with TLS, tls_failure() may say why), truncation or any I/O error: the stream is already
    /// closed.
    virtual void on_closed(const Error& error) = 0;

   protected:
    ~Handler() = default;
  };

  /// A connection between two owners: what one codec hands to another (HTTP/1.1 to HTTP/2).
  struct Detached {
    Fd fd;
    std::string unread;  ///< received, and not consumed by the one who gives it away
    std::unique_ptr<tls::Session> tls{};
  };

  Stream(Loop& loop, Handler& handler) : loop_(loop), handler_(handler) {}
  ~Stream() { close(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Takes an accepted (or otherwise connected) non-blocking socket.
  Result<void> adopt(Fd fd);
  /// The same, and expects the peer to begin a TLS handshake.
  Result<void> adopt(Fd fd, std::shared_ptr<const tls::ServerContext> context);
  /// Takes what another stream's detach() gave; `unread` is delivered first, later in this turn.
  Result<void> adopt(Detached detached);
  /// Begins to connect; on_connected or on_closed follows. Output may be queued at once.
  Result<void> connect(const SocketAddress& address);
  /// The same with TLS, in which the peer proves its name.
  Result<void> connect(const SocketAddress& address, std::shared_ptr<tls::Peer> peer);
  [[nodiscard]] bool open() const { return fd_.valid(); }
  /// Not there yet: the connection, or TLS on it.
  [[nodiscard]] bool connecting() const { return connecting_; }
  /// What is spoken beneath; null without TLS.
  [[nodiscard]] const tls::Session* tls() const { return tls_.get(); }
  /// Why the handshake failed; kept when the stream is closed.
  [[nodiscard]] tls::Failure tls_failure() const { return tls_failure_; }

  /// What the connection begins with, in the clear even where TLS follows. Right behind connect().
  void begin_with(std::string_view bytes);

  /// The output buffer, to append to directly; call `flush_later` afterwards.
  std::string& output();
  void flush_later() { loop_.schedule(flush_hook_); }
  /// Queues `data`; large pieces are written at once, together with what was queued.
  void write(std::string_view data);
  /// Writes what is queued without waiting for the end of the turn; true when nothing is left.
  bool flush_now();
  [[nodiscard]] size_t pending() const { return queued() + (tls_ ? tls_->unsent() : 0); }
  /// Too much is waiting to be written: stop producing until on_drained.
  [[nodiscard]] bool congested() const { return pending() >= kCongestedBytes; }
  /// Sends FIN once all queued output is written. Reading goes on.
  void shutdown_write();

  void pause() { paused_ = true; }
  /// Delivers retained bytes and reads on, later in this turn (never from inside this call).
  void resume();
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] size_t retained() const { return in_ ? in_->size() : 0; }
  void drop_retained() {
    dropped_ = true;
    release_input();
  }
  /// What a reset means while paused. A server fails at once (nobody is left to answer); a client first reads what it
  /// had been sent, which may be a whole early response.
  void fail_fast_on_reset() { fail_fast_ = true; }

  /// Gives the socket away, without TLS; the stream is closed without its handler being told.
  [[nodiscard]] Fd release();
  /// The same with what was received of it: `unread` is what the handler leaves of the bytes it is being handed.
  [[nodiscard]] Detached detach(std::string_view unread);
  /// Closes at once; unwritten output is lost. With TLS, the peer is told that nothing was cut off when that is so.
  void close();
  /// Closes with RST, so that the peer cannot take a cut-off message for a whole one.
  void abort();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] Loop& loop() { return loop_; }
  /// On the wire: with TLS, sealed.
  [[nodiscard]] uint64_t bytes_read() const { return bytes_read_; }
  [[nodiscard]] uint64_t bytes_written() const { return bytes_written_; }

  static constexpr size_t kCongestedBytes = 256 * 1024;
  static constexpr size_t kDrainedBytes = 64 * 1024;
  static constexpr size_t kWriteThroughBytes = 16 * 1024;  ///< above this a copy costs more than a second iovec
  /// With TLS the loop's scratch holds both what one read takes from the socket and, behind it, what that opens to.
  static constexpr size_t kSealedBytes = 48 * 1024;
  /// Sealed in one go, and sent by one system call: what fits the processor's nearest caches.
  static constexpr size_t kSealAtOnceBytes = 64 * 1024;

 private:
  void on_ready(uint32_t events) override;
  void on_connect_ready();
  [[nodiscard]] bool send_first();
  [[nodiscard]] int take_socket_error();
  void read_some();
  bool read_once();
  void deliver(std::string_view fresh);
  void retain(std::string_view rest);
  void release_input();
  void flush();
  void write_out(std::string_view extra);
  void consume_output(size_t written, std::string_view extra);
  void forget_output();
  void after_flush();
  void forget_buffers();
  void fail_with(Code code, int os_error);
  void on_input_hook();
  [[nodiscard]] size_t queued() const { return out_ ? out_->size() - out_offset_ : 0; }
  void on_write_error(int error);
  void drop();

  // With TLS (stream_tls.cc).
  void take_over(std::unique_ptr<tls::Session> session);
  void take_sealed(std::string_view sealed);
  [[nodiscard]] bool begin_plain(std::string_view data);
  [[nodiscard]] bool shake_hands();
  void read_sealed();
  void finish_input();
  void flush_sealed();
  void write_sealed(std::string_view extra);
  void seal_some(std::string_view& extra);
  bool send_sealed();
  void say_goodbye();
  void fail_handshake(tls::Failure failure);
  void lend_sealed_buffer();
  void drop_sealed();

  Loop& loop_;
  Handler& handler_;
  Fd fd_;
  std::unique_ptr<std::string> in_;
  std::unique_ptr<std::string> out_;
  std::unique_ptr<tls::Session> tls_;
  std::unique_ptr<std::string> first_;  ///< what goes before TLS begins
  size_t out_offset_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  Hook flush_hook_ = Hook::bind<&Stream::flush>(this);
  Hook input_hook_ = Hook::bind<&Stream::on_input_hook>(this);
  bool connecting_ = false;
  bool handshaking_ = false;  ///< connecting_, and it is TLS that is not there yet
  tls::Failure tls_failure_ = tls::Failure::none;
  bool readable_ = false;  ///< the kernel may have bytes (edge-triggered: we must remember)
  bool hangup_ = false;    ///< FIN is known to be behind the bytes in the kernel
  bool ended_ = false;     ///< on_end was called
  bool paused_ = false;
  bool blocked_ = false;  ///< the socket's send buffer is full
  bool was_congested_ = false;
  bool shutdown_pending_ = false;
  bool fail_fast_ = false;
  bool dropped_ = false;  ///< drop_retained was called during the present delivery
  bool errored_ = false;  ///< the kernel has an error to tell: read on until it does
  int write_error_ = 0;   ///< errno of a failed write, told once what can be read has been read
};

}  // namespace weir::net
