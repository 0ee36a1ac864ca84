#pragma once
// What both sides of HTTP/2 say to nghttp2 in the same words: fields, output, the kinds of frames that floods are made
// of. Thread rule: the loop's thread.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "http/http2_guard.h"
#include "net/stream.h"
#include "proto/http/message.h"
#include "proto/http1/parser.h"

namespace weir::http {

/// Header blocks that are many times as large as a head may be are no accident any more: what is left of one would
/// still have to be decoded, for the table's sake.
inline constexpr uint64_t kHttp2BombFactor = 4;

inline std::string_view http2_text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// A flag for names that are literals in lower case: they need no copy.
inline constexpr uint8_t kLastingName = NGHTTP2_NV_FLAG_NO_COPY_NAME;

/// nghttp2 copies the field when it is submitted, and writes names in lower case then.
nghttp2_nv http2_field(std::string_view name, std::string_view value, uint8_t flags = NGHTTP2_NV_FLAG_NONE);

/// Appends the end-to-end fields. Content-Length is not among them: it is told from what a head says of its body.
/// `stream`: theirs; nothing is told from it but whether it is time to say names anew that later ones only point to.
/// `but`: nor are fields of this kind.
void append_http2_fields(std::vector<nghttp2_nv>& list, std::span<const proto::http::Field> fields, int32_t stream,
                         proto::http::FieldId but = proto::http::FieldId::content_length);

/// Moves what nghttp2 has to say to the stream's output, as far as the socket takes it, and writes it.
void pull_http2(nghttp2_session* session, net::Stream& stream);

/// The kind of flood that a frame may be part of; nothing for frames that other limits hold.
std::optional<Http2Defence> http2_flood_of(const nghttp2_frame_hd& head);

/// Limits of what a peer may make nghttp2 keep: acknowledgements that it does not read, CONTINUATION frames.
void bound_http2(nghttp2_option* option, const proto::http1::Limits& limits);

}  // namespace weir::http
