#pragma once
// Where frames begin and end in one direction of a WebSocket (RFC 6455 section 5.2), without looking at what is in
// them. A relay must know that only to say goodbye: a Close frame of its own may stand between two frames, never inside
// one. Pure; one per direction.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::proto::websocket {

class FrameTracker {
 public:
  /// Follows `bytes`, however they are cut.
  void feed(std::string_view bytes);
  /// Follows `bytes` up to the first place where a frame may begin, and returns how many that were; all of them when
  /// there is no such place.
  size_t feed_to_boundary(std::string_view bytes);
  /// May a frame begin here? Never again once a length was impossible.
  [[nodiscard]] bool at_boundary() const { return payload_left_ == 0 && header_have_ == 0 && !lost_; }
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  [[nodiscard]] size_t step(std::string_view bytes);
  [[nodiscard]] size_t header_size() const;
  void begin_payload();

  static constexpr size_t kMaxHeader = 14;
  uint64_t payload_left_ = 0;
  uint8_t header_[kMaxHeader] = {};
  uint8_t header_have_ = 0;
  bool lost_ = false;
};

/// Codes of section 7.4.1.
inline constexpr uint16_t kGoingAway = 1001;

/// A Close frame with a code and no reason. With a mask, as a client must send it (section 5.3).
std::string close_frame(uint16_t code, std::optional<uint32_t> mask);

}  // namespace weir::proto::websocket
