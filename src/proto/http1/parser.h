#pragma once
// The HTTP/1.1 codec's reading side: bytes in -> done / need more / bad + reason. Strict to RFC 9110 and 9112, so
// that request smuggling is impossible by construction: whatever two parsers could read differently is refused.
// Pure: no socket, no clock, no allocation beyond the head's field vector (whose capacity callers reuse).
//
// Use: keep the unconsumed bytes contiguous; call `parse` with all of them each time more arrive. A HeadParser
// remembers how far it has looked, so feeding byte by byte stays linear. After done/bad call `reset`.
// The head's views point into the bytes given to the call that returned done.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proto/http/message.h"

namespace weir::proto::http1 {

enum class Parse : uint8_t { done, need_more, bad };

/// Why a message is refused. Names are stable: they go to headers, logs and metrics.
enum class Bad : uint8_t {
  none,
  // the start line
  bad_method, bad_target, bad_version, unsupported_version, bad_status_line, request_line_too_long,
  // lines
  bare_cr, bare_lf, control_character, obs_fold,
  // fields
  bad_field_name, space_before_colon, missing_colon, field_too_long, head_too_large, too_many_fields,
  // framing
  length_with_transfer_encoding, bad_content_length, conflicting_content_length, bad_transfer_encoding,
  transfer_encoding_in_http10, bad_chunk_size, chunk_size_too_large, bad_chunk_extension, bad_chunk_end, trailer_too_large,
  body_too_large,
  // meaning
  missing_host, duplicate_host, bad_host, unsupported_expectation,
};
std::string_view name_of(Bad bad);
/// One sentence for people, naming the RFC section.
std::string_view text_of(Bad bad);
/// The status a server answers with: 400, 413 (body), 414 (request line), 417, 431 (fields), 501 (transfer coding), 505.
uint16_t status_of(Bad bad);

/// Limits with their reasons. Zero is not "unlimited": every limit is in force.
struct Limits {
  uint32_t request_line_bytes = 8 * 1024;   ///< RFC 9112 section 3 recommends at least 8000
  uint32_t field_bytes = 16 * 1024;         ///< one field line: a large cookie fits, a bomb does not
  uint32_t head_bytes = 64 * 1024;          ///< all of the head
  uint32_t fields = 128;                    ///< each costs 40 bytes and later work
  uint32_t trailer_bytes = 8 * 1024;
  uint32_t chunk_line_bytes = 256;          ///< size and extension of one chunk
};

struct HeadResult {
  Parse state = Parse::need_more;
  Bad bad = Bad::none;
  size_t consumed = 0;   ///< bytes of the head with done (leading empty lines included)
  size_t bad_at = 0;     ///< offset of the offence with bad, as near as known
};

class RequestParser {
 public:
  explicit RequestParser(const Limits& limits) : limits_(&limits) {}
  HeadResult parse(std::string_view bytes, http::RequestHead& head);
  void reset() { scanned_ = 0; line_start_ = 0; }
 private:
  const Limits* limits_;
  size_t scanned_ = 0;     ///< bytes already searched for the end of the head
  size_t line_start_ = 0;
};

/// `request` tells whether a body follows (HEAD, CONNECT): RFC 9112 section 6.3.
class ResponseParser {
 public:
  explicit ResponseParser(const Limits& limits) : limits_(&limits) {}
  HeadResult parse(std::string_view bytes, http::Method request, http::ResponseHead& head);
  void reset() { scanned_ = 0; line_start_ = 0; }
 private:
  const Limits* limits_;
  size_t scanned_ = 0;
  size_t line_start_ = 0;
};

/// Reads a body of any kind piece by piece. `next` looks at the front of `bytes` and returns one step.
class BodyReader {
 public:
  struct Step {
    Parse state = Parse::need_more;  ///< done: the body (and trailers) ended; need_more: feed more; bad: stop
    Bad bad = Bad::none;
    size_t consumed = 0;             ///< bytes of input used up by this step, framing included
    std::string_view data;           ///< payload bytes within `bytes` (may be empty); already part of `consumed`
  };
  /// `max_body`: payload bytes allowed (Bad::body_too_large beyond it; a declared length beyond it is refused at once).
  void start(http::BodyKind kind, uint64_t content_length, uint64_t max_body, const Limits& limits);
  /// Consumes as much as it can up to one run of payload; call again while it returns need_more with consumed > 0.
  Step next(std::string_view bytes);
  /// For BodyKind::until_close: the connection ended. True when that is a proper end of this body.
  [[nodiscard]] bool finish_at_close();
  [[nodiscard]] bool finished() const;
  /// Trailer fields of a finished stream, owned by the reader (valid until the next start); hop-by-hop and framing fields
  /// (Content-Length, Transfer-Encoding, Host, Trailer, ...: RFC 9110 section 6.5.1) are dropped.
  [[nodiscard]] const http::Fields& trailers() const;
  // private members: implementer's choice
};

}  // namespace weir::proto::http1
