#pragma once
// What a peer may ask of an HTTP/2 connection without giving anything: the judge of floods. HTTP/2 lets a client cause
// work with frames of a few bytes that no flow control holds back; each kind of them is counted over a window, and who
// sends more than its limit, beyond what an honest client needs for the traffic that there was, is told so with GOAWAY
// (ENHANCE_YOUR_CALM).
//
//   rapid_reset          streams the client opens and resets (CVE-2023-44487), or makes us reset (CVE-2025-8671)
//   settings, ping, priority, empty_data, window_update, other       CVE-2019-9511 to 9518
//   continuation         header blocks without end (CVE-2024-27316)
//   header_bomb          HPACK that expands far beyond the limit of a head
//   ack                  acknowledgements that are asked for and not read
//   zero_window, stalled responses that the client asks for and does not take
//
// Pure: `now` is an argument. One per connection; not thread-safe.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace weir::http {

enum class Http2Defence : uint8_t {
  rapid_reset,
  settings,
  ping,
  priority,
  empty_data,
  window_update,
  other,
  continuation,
  header_bomb,
  ack,
  zero_window,
  stalled,
};
inline constexpr size_t kHttp2Defences = 12;
/// Stable: the label `reason` of weir_http2_defences_total.
std::string_view name_of(Http2Defence defence);

struct Http2Allowance {
  uint32_t resets = 100;          ///< in a window, and more than there were responses
  uint32_t control_frames = 500;  ///< of each kind in a window, beyond what traffic explains
};

class Http2Guard {
 public:
  explicit Http2Guard(Http2Allowance allowance) : allowance_(allowance) {}

  /// One event of a kind that has a limit in a window (those before `continuation`). False: too many.
  [[nodiscard]] bool admit(Http2Defence kind, Instant now);
  /// A response went out whole.
  void on_completed() { ++completed_; }
  /// A DATA frame went out: an honest client gives credit for it with up to two WINDOW_UPDATEs, its stream's and the
  /// connection's.
  void on_data_sent() { window_updates_due_ += 2; }

  static constexpr Duration kWindow = Duration::s(10);

 private:
  static constexpr size_t kCounted = 7;
  void turn(Instant now);

  Http2Allowance allowance_;
  Instant began_{};
  std::array<uint32_t, kCounted> counts_{};
  uint32_t completed_ = 0;
  uint32_t window_updates_due_ = 0;
};

}  // namespace weir::http
