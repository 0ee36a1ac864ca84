#pragma once
// Lines and field lines, as requests, responses and trailer sections share them. A line is first found (which refuses
// every control character, bare CR and bare LF in it) and then read; because reading waits for the whole line, the
// verdict on a message never depends on how its bytes were cut into pieces. RFC 9112 sections 2.2 and 5. Pure.

#include <cstddef>
#include <cstring>
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

/// Where a line ends, or why not.
struct Line {
  Parse state = Parse::need_more;
  Bad bad = Bad::none;
  const char* end = nullptr;  ///< done: the CR; need_more: where to look on; bad: the offence
};

/// `hit` is the first control character from `line` on, or `stop`, and no CRLF is there.
Line unfinished_line(std::string_view bytes, const char* hit, const char* stop, bool over_limit, Bad too_long);

/// Finds the CRLF that ends the line at `line`, when up to `from` there is known to be none. A line of more than
/// `limit` bytes is refused (as `too_long`) when its first byte too many is seen, not when it ends.
inline Line find_line(std::string_view bytes, const char* line, const char* from, size_t limit, Bad too_long) {
  const char* const end = bytes.data() + bytes.size();
  const bool over_limit = static_cast<size_t>(end - line) > limit;
  const char* const stop = over_limit ? line + limit + 1 : end;
  const char* const hit = scan::find_control(bytes.data(), from, stop);
  if (end - hit >= 2 && std::memcmp(hit, "\r\n", 2) == 0 && hit != stop) [[likely]]
    return {Parse::done, Bad::none, hit};
  return unfinished_line(bytes, hit, stop, over_limit, too_long);
}

/// A set of ids, to ask for membership with one shift.
template <class... Ids>
constexpr uint32_t id_set(Ids... ids) {
  return (... | (uint32_t{1} << static_cast<unsigned>(ids)));
}
constexpr bool in(uint32_t set, http::FieldId id) { return (set >> static_cast<unsigned>(id) & 1U) != 0; }

/// RFC 9110 section 7.6.1: meant for the next hop alone.
inline constexpr uint32_t kConnectionFields =
    id_set(http::FieldId::connection, http::FieldId::proxy_connection, http::FieldId::keep_alive, http::FieldId::te,
           http::FieldId::transfer_encoding, http::FieldId::upgrade);

/// Why the name that begins at `line` does not end with a colon at `name_end`.
Fault name_fault(const char* line, const char* name_end, const char* line_end);

/// Reads "name: value" from [line, line_end), which find_line found: CRLF follows. Bytes up to `readable` may be read.
inline Fault read_field(const char* line, const char* line_end, const char* readable, http::Field& field) {
  const char* const colon = scan::find_name_end(line, readable, scan::kToken);
  if (*colon != ':' || colon == line) [[unlikely]]
    return name_fault(line, colon, line_end);
  const char* value = colon + 1;
  while (scan::is_space(*value)) ++value;  // stops at the CR
  const char* end = line_end;
  while (end != value && scan::is_space(end[-1])) --end;
  field.name = std::string_view(line, static_cast<size_t>(colon - line));
  field.value = std::string_view(value, static_cast<size_t>(end - value));
  field.id = http::field_id_of(field.name);
  field.hop_by_hop = in(kConnectionFields, field.id);
  return {};
}

/// Fields that belong to the message whatever Connection says, because dropping them changes what the message means
/// to whoever authenticates, routes, caches or logs it; and which for the same reason no trailer may carry
/// (RFC 9110 sections 6.5.1 and 7.6.1).
bool is_essential(const http::Field& field);

/// RFC 9110 section 6.5.1: a trailer field is merged by recipients at their peril; those that frame, route,
/// authenticate or modify are not passed on at all.
inline bool may_trail(const http::Field& field) {
  return !is_essential(field) && !in(kConnectionFields, field.id) && field.id != http::FieldId::trailer;
}

}  // namespace weir::proto::http1
