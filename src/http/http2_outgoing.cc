#include "http/http2_outgoing.h"

#include <algorithm>

#include "http/http2_codec.h"
#include "proto/http1/fields.h"

namespace weir::http {

namespace {
/// Memory that the next message of a recycled stream may inherit.
constexpr size_t kBytesKept = 16 * 1024;
}  // namespace

void Http2Outgoing::add(std::string_view piece, Instant now) {
  if (waiting() == 0) moved_at_ = now;
  bytes_ += piece;
  if (congested()) was_congested_ = true;
}

void Http2Outgoing::end(const proto::http::Fields& trailers, Instant now) {
  for (const proto::http::Field& field : trailers) {
    if (field.hop_by_hop || !proto::http1::may_trail(field)) continue;
    trailer_text_.append(field.name).append(field.value);
    trailer_sizes_.emplace_back(static_cast<uint32_t>(field.name.size()), static_cast<uint32_t>(field.value.size()));
  }
  ended_ = true;
  if (waiting() == 0) moved_at_ = now;
}

void Http2Outgoing::drop() {
  dropped_ = true;
  bytes_.clear();
  offset_ = 0;
}

void Http2Outgoing::clear() {
  drop();
  if (bytes_.capacity() > kBytesKept) std::string().swap(bytes_);
  trailer_text_.clear();
  trailer_sizes_.clear();
  ended_ = deferred_ = was_congested_ = dropped_ = false;
}

void Http2Outgoing::resume(nghttp2_session* session, int32_t id) {
  if (std::exchange(deferred_, false)) nghttp2_session_resume_data(session, id);
}

ssize_t Http2Outgoing::offer(nghttp2_session* session, int32_t id, std::vector<nghttp2_nv>& scratch, size_t most,
                             uint32_t* flags) {
  const size_t size = std::min(most, waiting());
  if (dropped_ || (size == 0 && !ended_)) {
    deferred_ = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!ended_ || size != waiting()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!trailer_sizes_.empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers(session, id, scratch);
  }
  return static_cast<ssize_t>(size);
}

void Http2Outgoing::submit_trailers(nghttp2_session* session, int32_t id, std::vector<nghttp2_nv>& scratch) const {
  scratch.clear();
  std::string_view rest = trailer_text_;
  for (const auto& [name, value] : trailer_sizes_) {
    scratch.push_back(http2_field(rest.substr(0, name), rest.substr(name, value)));
    rest.remove_prefix(name + value);
  }
  nghttp2_submit_trailer(session, id, scratch.data(), scratch.size());
}

bool Http2Outgoing::take(std::string& out, size_t size, Instant now) {
  out.append(bytes_, offset_, size);
  offset_ += size;
  moved_at_ = now;
  if (offset_ == bytes_.size()) {
    bytes_.clear();
    offset_ = 0;
  } else if (offset_ >= kCongestedBytes) {
    bytes_.erase(0, std::exchange(offset_, 0));
  }
  if (!was_congested_ || waiting() > kDrainedBytes) return false;
  was_congested_ = false;
  return true;
}

}  // namespace weir::http
