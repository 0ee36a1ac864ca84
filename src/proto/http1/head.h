#pragma once
// The walk over a head's lines, shared by the request and the response parser.
//
// Usually the whole head is there and one pass does. When it comes in pieces, each line is judged as soon as it is
// complete, and once the head has ended it is read again from its beginning, since the views must point into the last
// call's bytes: every byte is looked at a bounded number of times, however the head was cut. Pure.

#include "proto/http1/fields.h"

namespace weir::proto::http1 {

/// How one kind of head differs from another.
struct HeadRules {
  bool leading_empty_line = false;  ///< RFC 9112 section 2.2: one is tolerated before a request line
  Bad start_line_too_long = Bad::none;
};

inline HeadResult bad_head(Bad bad, size_t at) { return {Parse::bad, bad, 0, at}; }
inline HeadResult bad_head(std::string_view bytes, Bad bad, const char* at) {
  return bad_head(bad, static_cast<size_t>(at - bytes.data()));
}

/// The verdict when a line did not end.
inline HeadResult stop_at(std::string_view bytes, const Line& line, HeadCursor& cursor) {
  if (line.state == Parse::bad) return bad_head(bytes, line.bad, line.end);
  cursor.scanned = static_cast<size_t>(line.end - bytes.data());
  return {};
}

/// Reads the start line at `cursor`, if it has not been read. `read_start(line, head)` returns a Fault. Parse::done
/// says no more than that the cursor stands behind it.
template <class Head, class ReadStart>
HeadResult walk_start(std::string_view bytes, const Limits& limits, const HeadRules& rules, HeadCursor& cursor,
                      Head& head, ReadStart read_start) {
  while (!cursor.started) {
    const char* const begin = bytes.data() + cursor.line_start;
    const Line line =
        find_line(bytes, begin, bytes.data() + cursor.scanned, limits.request_line_bytes, rules.start_line_too_long);
    if (line.state != Parse::done) return stop_at(bytes, line, cursor);
    const bool tolerated = line.end == begin && cursor.line_start == 0 && rules.leading_empty_line;
    cursor.line_start = cursor.scanned = static_cast<size_t>(line.end - bytes.data()) + 2;
    if (tolerated) continue;
    cursor.started = true;
    const Fault fault = read_start(std::string_view(begin, static_cast<size_t>(line.end - begin)), head);
    if (fault) return bad_head(bytes, fault.bad, fault.at);
  }
  return {Parse::done, Bad::none, 0, 0};
}

/// Reads the field lines from `cursor` to the empty line.
inline HeadResult walk_fields(std::string_view bytes, const Limits& limits, HeadCursor& cursor, http::Fields& fields) {
  const char* const base = bytes.data();
  const char* const end = base + bytes.size();
  const char* begin = base + cursor.line_start;
  const char* from = base + cursor.scanned;
  for (;;) {
    if (begin != end && scan::is_space(*begin)) return bad_head(bytes, Bad::obs_fold, begin);
    const Line line = find_line(bytes, begin, from, limits.field_bytes, Bad::field_too_long);
    if (line.state != Parse::done) [[unlikely]] {
      cursor.line_start = static_cast<size_t>(begin - base);
      return stop_at(bytes, line, cursor);
    }
    if (line.end == begin) return {Parse::done, Bad::none, static_cast<size_t>(line.end - base) + 2, 0};
    if (++cursor.fields > limits.fields) return bad_head(bytes, Bad::too_many_fields, begin);
    http::Field field;
    const Fault fault = read_field(begin, line.end, end, field);
    if (fault) [[unlikely]]
      return bad_head(bytes, fault.bad, fault.at);
    fields.push_back(field);
    begin = from = line.end + 2;
  }
}

template <class Head, class ReadStart>
HeadResult walk_lines(std::string_view bytes, const Limits& limits, const HeadRules& rules, HeadCursor& cursor,
                      Head& head, ReadStart read_start) {
  const HeadResult start = walk_start(bytes, limits, rules, cursor, head, read_start);
  return start.state == Parse::done ? walk_fields(bytes, limits, cursor, head.fields) : start;
}

template <class Head, class ReadStart>
HeadResult read_head(std::string_view bytes, const Limits& limits, const HeadRules& rules, HeadCursor& cursor,
                     Head& head, ReadStart read_start) {
  const bool resumed = cursor.scanned != 0;
  const std::string_view window = bytes.substr(0, limits.head_bytes);
  head.clear();
  HeadResult result = walk_lines(window, limits, rules, cursor, head, read_start);
  if (result.state == Parse::need_more && window.size() == limits.head_bytes) {
    return bad_head(Bad::head_too_large, window.size());
  }
  if (result.state == Parse::done && resumed) {
    cursor = {};
    head.clear();
    result = walk_lines(window, limits, rules, cursor, head, read_start);
  }
  return result;
}

}  // namespace weir::proto::http1
