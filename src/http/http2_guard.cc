#include "http/http2_guard.h"

#include "base/check.h"

namespace weir::http {

std::string_view name_of(Http2Defence defence) {
  switch (defence) {
    case Http2Defence::rapid_reset: return "rapid_reset";
    case Http2Defence::settings: return "settings_flood";
    case Http2Defence::ping: return "ping_flood";
    case Http2Defence::priority: return "priority_flood";
    case Http2Defence::empty_data: return "empty_data_flood";
    case Http2Defence::window_update: return "window_update_flood";
    case Http2Defence::other: return "other_flood";
    case Http2Defence::continuation: return "continuation_flood";
    case Http2Defence::header_bomb: return "header_bomb";
    case Http2Defence::ack: return "ack_flood";
    case Http2Defence::zero_window: return "zero_window";
    case Http2Defence::stalled: return "stalled";
  }
  UNREACHABLE();
}

/// What an honest client still owes for the last window is not forgotten with it; half of it is as good a guess as any.
void Http2Guard::turn(Instant now) {
  if (now - began_ < kWindow) return;
  began_ = now;
  counts_ = {};
  completed_ = 0;
  window_updates_due_ /= 2;
}

bool Http2Guard::admit(Http2Defence kind, Instant now) {
  const auto index = static_cast<size_t>(kind);
  DCHECK(index < kCounted);
  turn(now);
  if (kind == Http2Defence::window_update && window_updates_due_ > 0) {
    --window_updates_due_;
    return true;
  }
  const uint32_t count = ++counts_[index];
  if (kind == Http2Defence::rapid_reset) return count <= allowance_.resets || count <= completed_;
  return count <= allowance_.control_frames;
}

}  // namespace weir::http
