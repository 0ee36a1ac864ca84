#include "proto/websocket/frame_tracker.h"

#include <algorithm>

namespace weir::proto::websocket {

namespace {

constexpr uint8_t kMasked = 0x80, kLength = 0x7f, kLength16 = 126, kLength64 = 127;
constexpr uint8_t kFinalClose = 0x88;

}  // namespace

void FrameTracker::feed(std::string_view bytes) {
  while (!bytes.empty() && !lost_) bytes.remove_prefix(step(bytes));
}

size_t FrameTracker::feed_to_boundary(std::string_view bytes) {
  size_t followed = 0;
  while (followed < bytes.size() && !at_boundary() && !lost_) followed += step(bytes.substr(followed));
  return lost_ ? bytes.size() : followed;
}

/// At least one byte on, at most to the end of the frame.
size_t FrameTracker::step(std::string_view bytes) {
  if (payload_left_ != 0) {
    const size_t taken = static_cast<size_t>(std::min<uint64_t>(payload_left_, bytes.size()));
    payload_left_ -= taken;
    return taken;
  }
  header_[header_have_++] = static_cast<uint8_t>(bytes.front());
  if (header_have_ >= 2 && header_have_ == header_size()) begin_payload();
  return 1;
}

size_t FrameTracker::header_size() const {
  const uint8_t length = header_[1] & kLength;
  const size_t extended = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
  return 2 + extended + ((header_[1] & kMasked) != 0 ? 4 : 0);
}

void FrameTracker::begin_payload() {
  header_have_ = 0;
  const uint8_t length = header_[1] & kLength;
  payload_left_ = length;
  if (length < kLength16) return;
  const size_t bytes = length == kLength16 ? 2 : 8;
  payload_left_ = 0;
  for (size_t i = 0; i < bytes; ++i) payload_left_ = payload_left_ << 8 | header_[2 + i];
  lost_ = payload_left_ >> 63 != 0;  // section 5.2: the most significant bit must be 0
}

std::string close_frame(uint16_t code, std::optional<uint32_t> mask) {
  const auto high = static_cast<uint8_t>(code >> 8), low = static_cast<uint8_t>(code & 0xff);
  std::string frame{static_cast<char>(kFinalClose), static_cast<char>(mask ? kMasked | 2 : 2)};
  uint8_t key[4] = {};
  if (mask) {
    for (int i = 0; i < 4; ++i) {
      key[i] = static_cast<uint8_t>(*mask >> (24 - 8 * i));
      frame += static_cast<char>(key[i]);
    }
  }
  frame += static_cast<char>(high ^ key[0]);
  frame += static_cast<char>(low ^ key[1]);
  return frame;
}

}  // namespace weir::proto::websocket
