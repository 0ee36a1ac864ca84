#pragma once
// One connection through the fault proxy: two streams, and for each direction a queue of pieces with the instant at
// which each may leave. Used by fault_proxy.cc only. Thread rule: the loop's thread.

#include <deque>
#include <string>

#include "drill/fault_proxy.h"
#include "net/stream.h"

namespace weir::drill {

/// One end of a connection: its stream, and the queue of what it is to be sent.
class FaultProxy::Half final : private net::Stream::Handler {
 public:
  Half(Session& session, Link& incoming);
  /// `other` is where bytes that come in here go.
  void meet(Half& other) { other_ = &other; }

  [[nodiscard]] net::Stream& stream() { return stream_; }
  [[nodiscard]] const Link& incoming() const { return incoming_; }
  /// The peer has ended, and all that was to be sent to it has left.
  [[nodiscard]] bool finished() { return end_came_ && end_sent_ && (!stream_.open() || stream_.flush_now()); }
  /// The faults changed: what waits leaves as if it had come now without them.
  void replan();
  /// RST to the peer, and nothing more to or from it.
  void cut_off();
  [[nodiscard]] bool is_cut_off() const { return cut_off_; }
  [[nodiscard]] bool lost_bytes() const { return lost_bytes_; }

 private:
  struct Piece {
    Instant when;
    std::string bytes;  ///< empty: the end
  };

  size_t on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override { send_due(); }
  void on_connected() override { send_due(); }
  void on_closed(const Error& error) override;

  void enqueue(std::string bytes, Instant when);
  [[nodiscard]] bool full() const { return queued_bytes_ >= kQueueBytesMax; }
  void send_due();

  Session& session_;
  Link& incoming_;  ///< what happens to bytes that come from this peer
  Half* other_ = nullptr;
  net::Stream stream_;
  net::Timer due_ = net::Timer::bind<&Half::send_due>(this);
  std::deque<Piece> queue_;  ///< to this peer
  size_t queued_bytes_ = 0;
  Instant last_departure_;
  bool end_came_ = false;
  bool end_sent_ = false;
  bool cut_off_ = false;
  bool lost_bytes_ = false;  ///< that came from this peer
};

class FaultProxy::Session final : public net::Deferred {
 public:
  explicit Session(FaultProxy& proxy);

  void begin(net::Fd client);
  void on_faults_changed();
  void close(CloseBy how);
  /// Cuts off the senders of half-open directions; the other end hears nothing of it.
  void apply_half_open();
  void on_half_finished();

  [[nodiscard]] net::Loop& loop() { return proxy_.loop_; }
  [[nodiscard]] Prng& prng() { return proxy_.prng_; }
  [[nodiscard]] bool closed() const { return closed_; }

  Session* older = nullptr;
  Session* newer = nullptr;

 private:
  FaultProxy& proxy_;
  Half client_;
  Half server_;
  bool closed_ = false;
};

}  // namespace weir::drill
