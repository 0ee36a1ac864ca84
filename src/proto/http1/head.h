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

/// Goes on at `cursor`. `read_start(line, head)` reads the start line and returns a Fault.
template <class Head, class ReadStart>
HeadResult walk_lines(std::string_view bytes, const Limits& limits, const HeadRules& rules, HeadCursor& cursor,
                      Head& head, ReadStart read_start) {
  for (;;) {
    const size_t start = cursor.line_start;
    if (cursor.started && start < bytes.size() && scan::is_space(bytes[start])) return bad_head(Bad::obs_fold, start);
    const Line line = cursor.started
                          ? find_line(bytes, start, cursor.scanned, limits.field_bytes, Bad::field_too_long)
                          : find_line(bytes, start, cursor.scanned, limits.request_line_bytes, rules.start_line_too_long);
    if (line.state == Parse::bad) return bad_head(line.bad, line.end);
    if (line.state == Parse::need_more) {
      cursor.scanned = line.end;
      return {};
    }
    const std::string_view content = bytes.substr(start, line.end - start);
    cursor.line_start = cursor.scanned = line.end + 2;
    Fault fault;
    if (!cursor.started) {
      if (content.empty() && start == 0 && rules.leading_empty_line) continue;
      fault = read_start(content, head);
      cursor.started = true;
    } else if (content.empty()) {
      return {Parse::done, Bad::none, cursor.line_start, 0};
    } else {
      if (++cursor.fields > limits.fields) return bad_head(Bad::too_many_fields, start);
      fault = read_field(content, head.fields.emplace_back());
    }
    if (fault) return bad_head(fault.bad, static_cast<size_t>(fault.at - bytes.data()));
  }
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
