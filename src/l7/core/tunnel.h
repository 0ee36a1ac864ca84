#pragma once
// A connection that stopped being HTTP: a WebSocket (RFC 6455), or what a CONNECT opened (RFC 9110 section 9.3.6).
// Bytes are relayed as they come until either side ends. What is decided here is whether a request may become one, and
// how one ends that has no natural end: when its endpoint or this process goes, or nothing was said for long. A
// WebSocket is told so with a Close frame at the next place where a frame may stand, in both directions; then its peers
// have a moment to answer. Pure; one per tunnel.

#include <algorithm>
#include <string_view>

#include "base/time.h"
#include "model/config.h"
#include "proto/http/message.h"
#include "proto/websocket/frame_tracker.h"

namespace weir::l7::core {

/// May this request become a tunnel? Only what the route names: an upgrade to h2c, say, would smuggle requests past
/// everything that is decided per request.
bool may_tunnel(const model::UpgradeConfig& config, const proto::http::RequestHead& head);

class Tunnel {
 public:
  enum class Side : uint8_t { client, endpoint };
  struct Relayed {
    std::string_view bytes;  ///< what goes on to the other side
    bool farewell = false;   ///< and a Close frame behind it
  };
  enum class Due : uint8_t { nothing, farewell, end };

  Tunnel(const model::UpgradeConfig& config, bool websocket, Instant now)
      : config_(config), relayed_at_(now), websocket_(websocket) {}

  /// A piece that came from `from`.
  Relayed relay(Side from, std::string_view piece, Instant now);
  /// It shall end soon. `spread` in [0, 1): thousands of clients that reconnect do not all come back at once.
  void leave(Instant now, double spread);
  [[nodiscard]] bool leaving() const { return leave_at_ != Instant::max(); }
  /// When on_deadline should be asked, if nothing is relayed from now on.
  [[nodiscard]] Instant deadline() const {
    return farewell_ ? leave_at_ : std::min(leave_at_, relayed_at_ + config_.idle_timeout);
  }
  /// `farewell`: say goodbye with part_from() for both sides, then wait again; `end`: close both sides.
  Due on_deadline(Instant now);
  /// Is the other direction between two frames, so that `side` can be sent a Close frame now? If so it was the last.
  bool part_from(Side side);

 private:
  struct Direction {
    proto::websocket::FrameTracker frames;
    bool parted = false;
  };
  [[nodiscard]] Direction& direction(Side to) { return directions_[static_cast<size_t>(to)]; }

  /// How long the peers have to answer a Close frame.
  static constexpr Duration kGrace = Duration::s(3);

  const model::UpgradeConfig& config_;
  Direction directions_[2];  ///< by whom it goes to
  Instant relayed_at_;
  Instant leave_at_ = Instant::max();
  bool websocket_;
  bool farewell_ = false;
};

}  // namespace weir::l7::core
