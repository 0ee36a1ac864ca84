#pragma once
// Lines and field lines, as requests, responses and trailer sections share them. A line is first found (which refuses
// every control character, bare CR and bare LF in it) and then read; because reading waits for the whole line, the
// verdict on a message never depends on how its bytes were cut into pieces. RFC 9112 sections 2.2 and 5. Pure.

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "proto/http/message.h"
#include "proto/http1/parser.h"
#include "proto/http1/scan.h"

namespace weir::proto::http1 {

/// What is wrong and where: `at` points into the bytes being parsed.
struct Fault {
  Bad bad = Bad::none;
  const char* at = nullptr;
  explicit operator bool() const { return bad != Bad::none; }
};

struct Line {
  Parse state = Parse::need_more;
  Bad bad = Bad::none;
  size_t end = 0;  ///< done: offset of the CR; need_more: where to look on; bad: the offence
};

/// Finds the CRLF that ends the line at `start`, when bytes up to `from` are known to hold no end. A line of more than
/// `limit` bytes is refused (as `too_long`) when its first byte too many is seen, not when it ends.
inline Line find_line(std::string_view bytes, size_t start, size_t from, size_t limit, Bad too_long) {
  const char* const base = bytes.data();
  const size_t window = std::min(bytes.size() - start, limit + 1) + start;
  const char* const stop = base + window;
  const char* const hit = scan::find_control(base + from, stop);
  const auto at = static_cast<size_t>(hit - base);
  if (hit == stop) {
    if (window - start > limit) return {Parse::bad, too_long, at - 1};
    return {Parse::need_more, Bad::none, at};
  }
  if (*hit == '\r') {
    if (at + 1 == bytes.size()) return {Parse::need_more, Bad::none, at};
    if (base[at + 1] == '\n') return {Parse::done, Bad::none, at};
    return {Parse::bad, Bad::bare_cr, at};
  }
  return {Parse::bad, *hit == '\n' ? Bad::bare_lf : Bad::control_character, at};
}

/// Reads "name: value" from a line without its CRLF and without control characters.
Fault read_field(std::string_view line, http::Field& field);

/// Fields that belong to the message whatever Connection says, because dropping them changes what the message means
/// to whoever authenticates, routes, caches or logs it; and which for the same reason no trailer may carry
/// (RFC 9110 sections 6.5.1 and 7.6.1).
bool is_essential(const http::Field& field);

/// RFC 9110 section 7.6.1: meant for the next hop alone.
bool is_connection_field(http::FieldId id);

}  // namespace weir::proto::http1
