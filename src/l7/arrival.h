#pragma once
// A connection whose PROXY header is awaited (listeners[].proxy_protocol), before it is anybody's: what stands behind
// it, TLS or HTTP, begins when the header is complete and says whose it is. One that does not come in time, or is none,
// is turned away with a reason.
//
// Lifetime: owned through its Owner's list; it asks to be retired once it is over. Thread rule: the loop's thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/address.h"
#include "net/preamble.h"
#include "net/timer_wheel.h"
#include "proto/proxy/header.h"

namespace weir::l7 {

/// Why connections are turned away: what the codec refuses, and what is refused without it.
enum class TurnedAway : uint8_t {
  malformed,    ///< see proto::proxy::Bad
  not_allowed,  ///< not one of proxy_protocol_from
  timeout,      ///< timeouts.header
  closed,       ///< the client went before the header was complete
};
/// Reasons as one range, for counters and labels; 0 stands for none.
inline constexpr size_t kTurnedAwayReasons = proto::proxy::kBads + 3;
size_t reason_index(TurnedAway why, proto::proxy::Bad bad);
/// Stable: the label `reason` of weir_proxy_protocol_refused_total.
std::string_view reason_name(size_t index);

class Arrival final : public net::Deferred, private net::Preamble::Handler {
 public:
  class Owner {
   public:
    /// The header is complete and taken from `fd`. Take the arrival out of your books and defer_delete it.
    virtual void on_arrived(Arrival& arrival, net::Fd fd, const proto::proxy::Header& header) = 0;
    /// The connection is about to be closed; the same.
    virtual void on_turned_away(Arrival& arrival, TurnedAway why, proto::proxy::Bad bad) = 0;

   protected:
    ~Owner() = default;
  };

  Arrival(net::Loop& loop, Owner& owner, const net::SocketAddress& sender)
      : loop_(loop), owner_(owner), sender_(sender), preamble_(loop, *this, proto::proxy::kMaxBytes) {}
  Result<void> start(net::Fd fd, Duration timeout);
  /// A moment for what may be on its way.
  void drain();
  /// Whom the connection comes from: as a rule, a balancer.
  [[nodiscard]] const net::SocketAddress& sender() const { return sender_; }
  /// Did it end without a word, as a health check that only connects?
  [[nodiscard]] bool silent() const { return silent_; }

  /// For the owner's intrusive bookkeeping.
  Arrival* previous = nullptr;
  Arrival* next = nullptr;

 private:
  void on_preamble(std::string_view bytes) override;
  void on_preamble_end(size_t bytes) override;
  void on_deadline();
  void turn_away(TurnedAway why, proto::proxy::Bad bad = proto::proxy::Bad::none);

  net::Loop& loop_;
  Owner& owner_;
  net::SocketAddress sender_;
  net::Preamble preamble_;
  net::Timer deadline_ = net::Timer::bind<&Arrival::on_deadline>(this);
  bool silent_ = true;
};

}  // namespace weir::l7
