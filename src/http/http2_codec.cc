#include "http/http2_codec.h"

#include <algorithm>

#include "proto/http1/fields.h"

namespace weir::http {

using proto::http::Field;
using proto::http::FieldId;
using proto::http1::id_set;
using proto::http1::in;

namespace {

// A head of the limit fits its frames even when each is half as long as it may be.
constexpr size_t kFrameBytes = 16 * 1024;
constexpr size_t kContinuations = 8;
// Acknowledgements that wait for a peer that does not read them.
constexpr size_t kAcks = 500;
// What a head may have is decided where it comes in; nghttp2's own limit for sending would be met first.
constexpr size_t kSentHeadBytes = 4 * 1024 * 1024;

/// RFC 9113 section 8.2.2.
constexpr uint32_t kNeverSent = proto::http1::kConnectionFields | id_set(FieldId::content_length, FieldId::connection);

/// What no two messages have in common would only push out of HPACK's table what they share. And a connection to an
/// endpoint carries many clients' requests: with what is secret kept out of the table none of them can find out
/// another's by guessing at how well it is compressed (RFC 7541 section 7.1.3).
constexpr uint32_t kNeverIndexed =
    id_set(FieldId::x_request_id, FieldId::traceparent, FieldId::x_forwarded_for, FieldId::forwarded,
           FieldId::authorization, FieldId::cookie, FieldId::x_forwarded_client_cert);

/// Of those, what HPACK's own table does not name, and what is no secret: now and then one is indexed after all, so
/// that the table of the connection knows at least the name. Written out, the four names cost as much as their values.
constexpr uint32_t kNamesOfOurs =
    id_set(FieldId::x_request_id, FieldId::traceparent, FieldId::x_forwarded_for, FieldId::forwarded);
constexpr int32_t kStreamsPerIntroduction = 256;

uint8_t* bytes_of(std::string_view text) {
  // nghttp2's fields are not const, but it copies them and writes to its copy.
  return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

nghttp2_nv http2_field(std::string_view name, std::string_view value, uint8_t flags) {
  return {.name = bytes_of(name),
          .value = bytes_of(value),
          .namelen = name.size(),
          .valuelen = value.size(),
          .flags = flags};
}

void append_http2_fields(std::vector<nghttp2_nv>& list, std::span<const Field> fields, int32_t stream, FieldId but) {
  const bool introduces = (stream / 2) % kStreamsPerIntroduction == 0;
  const uint32_t never = introduces ? kNeverIndexed & ~kNamesOfOurs : kNeverIndexed;
  for (const Field& field : fields) {
    if (field.hop_by_hop || in(kNeverSent, field.id) || field.id == but) continue;
    const std::string_view known = proto::http::name_of(field.id);
    const uint8_t indexing = in(never, field.id) ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
    list.push_back(known.empty() ? http2_field(field.name, field.value, indexing)
                                 : http2_field(known, field.value, indexing | kLastingName));
  }
}

void pull_http2(nghttp2_session* session, net::Stream& stream) {
  while (!stream.congested()) {
    const uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session, &data);
    if (size <= 0) break;
    stream.output().append(http2_text(data, static_cast<size_t>(size)));
  }
  if (stream.pending() != 0) stream.flush_now();
}

std::optional<Http2Defence> http2_flood_of(const nghttp2_frame_hd& head) {
  switch (head.type) {
    case NGHTTP2_DATA: {
      const bool empty = head.length == 0 && (head.flags & NGHTTP2_FLAG_END_STREAM) == 0;
      return empty ? std::optional(Http2Defence::empty_data) : std::nullopt;
    }
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION: return std::nullopt;
    case NGHTTP2_PRIORITY: return Http2Defence::priority;
    case NGHTTP2_RST_STREAM: return Http2Defence::rapid_reset;
    case NGHTTP2_SETTINGS: return Http2Defence::settings;
    case NGHTTP2_PING: return Http2Defence::ping;
    case NGHTTP2_WINDOW_UPDATE: return Http2Defence::window_update;
    default: return Http2Defence::other;  // GOAWAY; types that nobody knows are skipped unseen
  }
}

void bound_http2(nghttp2_option* option, const proto::http1::Limits& limits) {
  nghttp2_option_set_max_outbound_ack(option, kAcks);
  nghttp2_option_set_max_send_header_block_length(option, kSentHeadBytes);
  nghttp2_option_set_max_continuations(option, std::max(kContinuations, 2 * limits.head_bytes / kFrameBytes));
}

}  // namespace weir::http
