#pragma once
// What of a message's content waits for the peer's windows, and the trailers behind it: filled by who sends the
// message, emptied by nghttp2 as it may. It queues up to kCongestedBytes, then `congested` says so; below kDrainedBytes
// there is room again. Recycled with its stream. Thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "proto/http/message.h"

namespace weir::http {

class Http2Outgoing {
 public:
  void add(std::string_view piece, Instant now);
  void end(const proto::http::Fields& trailers, Instant now);
  void end() { ended_ = true; }
  /// Nothing of it is wanted any more.
  void drop();
  /// As new; what is large is freed.
  void clear();
  /// Tells the codec to look again, if it has found nothing before.
  void resume(nghttp2_session* session, int32_t id);

  [[nodiscard]] size_t waiting() const { return bytes_.size() - offset_; }
  [[nodiscard]] bool congested() const { return waiting() >= kCongestedBytes; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] Instant moved_at() const { return moved_at_; }  ///< while something waits: the last progress

  /// What the next DATA frame may carry; the codec comes back for the bytes with take(). `scratch`: for the trailers.
  ssize_t offer(nghttp2_session* session, int32_t id, std::vector<nghttp2_nv>& scratch, size_t most, uint32_t* flags);
  /// True when it was congested and has drained.
  [[nodiscard]] bool take(std::string& out, size_t size, Instant now);

  static constexpr size_t kCongestedBytes = 64 * 1024;
  static constexpr size_t kDrainedBytes = 16 * 1024;

 private:
  void submit_trailers(nghttp2_session* session, int32_t id, std::vector<nghttp2_nv>& scratch) const;

  std::string bytes_;
  size_t offset_ = 0;  ///< of bytes_ that has been sent
  std::string trailer_text_;
  std::vector<std::pair<uint32_t, uint32_t>> trailer_sizes_;  ///< of name and value, in order, within trailer_text_
  Instant moved_at_{};
  bool ended_ = false;     ///< all there is of it is in bytes_
  bool deferred_ = false;  ///< the codec waits for resume
  bool was_congested_ = false;
  bool dropped_ = false;
};

}  // namespace weir::http
