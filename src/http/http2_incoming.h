#pragma once
// What of a message's content has come and is not taken yet, and how much of it the peer has got no credit for: a
// handler that pauses holds at most its stream's window. Recycled with its stream. Thread rule: the loop's thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace weir::http {

class Http2Incoming {
 public:
  /// True: kept, because who should take the piece has paused, or has not got what came before it.
  [[nodiscard]] bool hold(std::string_view piece) {
    if (!paused_ && held_.empty()) return false;
    held_ += piece;
    owed_ += piece.size();
    return true;
  }
  /// So many bytes were handed on. Returns for how many of them there is credit at once.
  [[nodiscard]] size_t handed_on(size_t bytes) {
    if (!paused_) return bytes;
    owed_ += bytes;
    return 0;
  }
  [[nodiscard]] std::string take_held() { return std::exchange(held_, {}); }
  [[nodiscard]] size_t take_owed() { return std::exchange(owed_, 0); }

  void pause() { paused_ = true; }
  /// True when it was paused: what is held should be delivered.
  [[nodiscard]] bool resume() { return std::exchange(paused_, false); }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool empty() const { return held_.empty(); }

  void clear() {
    std::string().swap(held_);
    owed_ = 0;
    paused_ = false;
  }

 private:
  std::string held_;
  size_t owed_ = 0;
  bool paused_ = false;
};

}  // namespace weir::http
