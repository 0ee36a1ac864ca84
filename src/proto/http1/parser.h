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
#include <memory>
#include <string>
#include <string_view>

#include "proto/http/message.h"

namespace weir::proto::http1 {

enum class Parse : uint8_t { done, need_more, bad };

/// Why a message is refused. Names are stable: they go to headers, logs and metrics.
enum class Bad : uint8_t {
  none,
  // the start line
  bad_method,
  bad_target,
  bad_version,
  unsupported_version,
  bad_status_line,
  request_line_too_long,
  // lines
  bare_cr,
  bare_lf,
  control_character,
  obs_fold,
  // fields
  bad_field_name,
  space_before_colon,
  missing_colon,
  field_too_long,
  head_too_large,
  too_many_fields,
  // framing
  length_with_transfer_encoding,
  bad_content_length,
  conflicting_content_length,
  bad_transfer_encoding,
  unsupported_transfer_coding,
  transfer_encoding_in_http10,
  bad_chunk_size,
  chunk_size_too_large,
  bad_chunk_extension,
  bad_chunk_end,
  trailer_too_large,
  body_too_large,
  // meaning
  missing_host,
  duplicate_host,
  bad_host,
  unsupported_expectation,
  // what only HTTP/2 can get wrong
  bad_pseudo_field,
  connection_field,
  host_mismatch,
  space_around_value,
};
std::string_view name_of(Bad bad);
/// One sentence for people, naming the RFC section.
std::string_view text_of(Bad bad);
/// The status a server answers with: 400, 413 (body), 414 (request line), 417, 431 (fields), 501 (transfer coding),
/// 505; 502 for what only a response can get wrong.
uint16_t status_of(Bad bad);

/// Limits with their reasons. Zero is not "unlimited": every limit is in force.
struct Limits {
  uint32_t request_line_bytes = 8 * 1024;  ///< RFC 9112 section 3 recommends at least 8000
  uint32_t field_bytes = 16 * 1024;        ///< one field line: a large cookie fits, a bomb does not
  uint32_t head_bytes = 64 * 1024;         ///< all of the head
  uint32_t fields = 128;                   ///< each costs 40 bytes and later work
  uint32_t trailer_bytes = 8 * 1024;
  uint32_t chunk_line_bytes = 256;  ///< size and extension of one chunk
};

struct HeadResult {
  Parse state = Parse::need_more;
  Bad bad = Bad::none;
  size_t consumed = 0;  ///< bytes of the head with done (leading empty lines included)
  size_t bad_at = 0;    ///< offset of the offence with bad, as near as known
};

/// How far an unfinished head has been read.
struct HeadCursor {
  size_t line_start = 0;  ///< of the line that has not ended yet
  size_t scanned = 0;     ///< bytes that need no second look
  uint32_t fields = 0;
  bool started = false;  ///< the start line is behind
};

class RequestParser {
 public:
  explicit RequestParser(const Limits& limits) : limits_(&limits) {}
  HeadResult parse(std::string_view bytes, http::RequestHead& head);
  void reset() { cursor_ = {}; }

 private:
  const Limits* limits_;
  HeadCursor cursor_;
};

/// `request` tells whether a body follows (HEAD, CONNECT): RFC 9112 section 6.3.
class ResponseParser {
 public:
  explicit ResponseParser(const Limits& limits) : limits_(&limits) {}
  HeadResult parse(std::string_view bytes, http::Method request, http::ResponseHead& head);
  void reset() { cursor_ = {}; }

 private:
  const Limits* limits_;
  HeadCursor cursor_;
};

/// Reads a body of any kind piece by piece. `next` looks at the front of `bytes` and returns one step.
class BodyReader {
 public:
  struct Step {
    Parse state = Parse::need_more;  ///< done: the body (and trailers) ended; need_more: feed more; bad: stop
    Bad bad = Bad::none;
    size_t consumed = 0;    ///< bytes of input used up by this step, framing included
    std::string_view data;  ///< payload bytes within `bytes` (may be empty); already part of `consumed`
  };
  /// `max_body`: payload bytes allowed (Bad::body_too_large beyond it; a declared length beyond it is refused at once).
  void start(http::BodyKind kind, uint64_t content_length, uint64_t max_body, const Limits& limits);
  /// Consumes as much as it can up to one run of payload; call again while it returns need_more with consumed > 0.
  Step next(std::string_view bytes);
  /// For BodyKind::until_close: the connection ended. True when that is a proper end of this body.
  [[nodiscard]] bool finish_at_close();
  [[nodiscard]] bool finished() const;
  /// Trailer fields of a finished stream, owned by the reader (valid until the next start); hop-by-hop and framing
  /// fields (Content-Length, Transfer-Encoding, Host, Trailer, ...: RFC 9110 section 6.5.1) are dropped.
  [[nodiscard]] const http::Fields& trailers() const;

 private:
  /// Where in RFC 9112 section 7.1 the reader is. From `size_first` to `line_lf`: within the line that opens a chunk.
  enum class State : uint8_t {
    done,
    failed,
    length,
    until_close,
    size_first,
    size,
    extension_gap,
    name_first,
    name,
    name_gap,
    value_first,
    value,
    quoted,
    escaped,
    quoted_end,
    line_lf,
    data,
    data_cr,
    data_lf,
    trailers,
  };
  struct TrailerSection {
    std::string text;  ///< all lines received so far; the fields are views into it
    http::Fields fields;
    HeadCursor cursor;
  };

  Step next_of_length(std::string_view bytes);
  Step next_until_close(std::string_view bytes);
  Step next_chunked(std::string_view bytes);
  Step read_trailers(std::string_view bytes, size_t at);
  Step end_of_trailers(size_t at);
  Step fail(Bad bad, size_t at);
  Bad framing_byte(char c);
  Bad size_byte(char c);
  Bad extension_byte(char c);
  Bad end_of_chunk_line();

  const Limits* limits_ = nullptr;
  std::unique_ptr<TrailerSection> trailer_section_;  ///< made only when trailer fields arrive: they are rare
  uint64_t left_ = 0;                                ///< payload bytes of this length or chunk still to come
  uint64_t allowed_ = 0;                             ///< payload bytes that max_body still permits
  uint32_t line_bytes_ = 0;                          ///< of the current chunk line
  State state_ = State::done;
  Bad bad_ = Bad::none;
};

}  // namespace weir::proto::http1
