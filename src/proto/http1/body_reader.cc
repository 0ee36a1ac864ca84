// Bodies of all four kinds; the chunked coding byte by byte, since its lines are short and arrive cut anywhere:
// RFC 9112 section 7.1. Payload is never copied.

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "proto/http1/fields.h"

namespace weir::proto::http1 {

using http::BodyKind;
using http::Field;
using http::Fields;

namespace {

unsigned hex_value(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>((c | 0x20) - 'a') + 10;
}

}  // namespace

void BodyReader::start(BodyKind kind, uint64_t content_length, uint64_t max_body, const Limits& limits) {
  limits_ = &limits;
  trailer_section_.reset();
  left_ = kind == BodyKind::length ? content_length : 0;
  allowed_ = max_body;
  line_bytes_ = 0;
  bad_ = Bad::none;
  switch (kind) {
    case BodyKind::none: state_ = State::done; break;
    case BodyKind::length: state_ = content_length == 0 ? State::done : State::length; break;
    case BodyKind::stream: state_ = State::size_first; break;
    case BodyKind::until_close:
    case BodyKind::tunnel: state_ = State::until_close; break;
  }
}

BodyReader::Step BodyReader::next(std::string_view bytes) {
  switch (state_) {
    case State::done: return {Parse::done, Bad::none, 0, {}};
    case State::failed: return {Parse::bad, bad_, 0, {}};
    case State::length: return next_of_length(bytes);
    case State::until_close: return next_until_close(bytes);
    default: return next_chunked(bytes);
  }
}

bool BodyReader::finish_at_close() {
  if (state_ == State::until_close) state_ = State::done;
  return state_ == State::done;
}

bool BodyReader::finished() const { return state_ == State::done; }

const Fields& BodyReader::trailers() const {
  static const Fields kNone;
  return finished() && trailer_section_ ? trailer_section_->fields : kNone;
}

BodyReader::Step BodyReader::fail(Bad bad, size_t at) {
  state_ = State::failed;
  bad_ = bad;
  return {Parse::bad, bad, at, {}};
}

BodyReader::Step BodyReader::next_of_length(std::string_view bytes) {
  if (left_ > allowed_) return fail(Bad::body_too_large, 0);
  const std::string_view data = bytes.substr(0, left_);
  left_ -= data.size();
  allowed_ -= data.size();
  if (left_ == 0) state_ = State::done;
  return {left_ == 0 ? Parse::done : Parse::need_more, Bad::none, data.size(), data};
}

BodyReader::Step BodyReader::next_until_close(std::string_view bytes) {
  if (bytes.empty()) return {};
  // What is allowed goes out first, so that the outcome does not depend on how the bytes were cut.
  if (allowed_ == 0) return fail(Bad::body_too_large, 0);
  const std::string_view data = bytes.substr(0, allowed_);
  allowed_ -= data.size();
  return {Parse::need_more, Bad::none, data.size(), data};
}

BodyReader::Step BodyReader::next_chunked(std::string_view bytes) {
  size_t at = 0;
  while (at < bytes.size()) {
    if (state_ == State::data) {
      const std::string_view data = bytes.substr(at, left_);
      left_ -= data.size();
      if (left_ == 0) state_ = State::data_cr;
      return {Parse::need_more, Bad::none, at + data.size(), data};
    }
    if (state_ == State::trailers) return read_trailers(bytes, at);
    const Bad bad = framing_byte(bytes[at]);
    if (bad != Bad::none) return fail(bad, at);
    ++at;
  }
  return {Parse::need_more, Bad::none, at, {}};
}

Bad BodyReader::framing_byte(char c) {
  if (state_ == State::data_cr || state_ == State::data_lf) {
    if (c != (state_ == State::data_cr ? '\r' : '\n')) return Bad::bad_chunk_end;
    state_ = state_ == State::data_cr ? State::data_lf : State::size_first;
    return Bad::none;
  }
  if (state_ == State::line_lf) return c == '\n' ? end_of_chunk_line() : Bad::bare_cr;
  if (c == '\n') return Bad::bare_lf;
  const bool in_size = state_ == State::size_first || state_ == State::size;
  if (state_ == State::size_first) line_bytes_ = 0;
  if (c != '\r' && ++line_bytes_ > limits_->chunk_line_bytes) {
    return in_size ? Bad::bad_chunk_size : Bad::bad_chunk_extension;
  }
  return in_size ? size_byte(c) : extension_byte(c);
}

Bad BodyReader::size_byte(char c) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (scan::is(c, scan::kHex)) {
    if (left_ > kMost >> 4) return Bad::chunk_size_too_large;
    left_ = left_ << 4 | hex_value(c);
    state_ = State::size;
    return Bad::none;
  }
  if (state_ == State::size_first) return Bad::bad_chunk_size;
  if (c == '\r') {
    state_ = State::line_lf;
  } else if (c == ';') {
    state_ = State::name_first;
  } else if (scan::is_space(c)) {
    state_ = State::extension_gap;
  } else {
    return Bad::bad_chunk_size;
  }
  return Bad::none;
}

/// chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), checked and forgotten: section 7.1.1
/// lets a recipient ignore extensions, and passing on what nobody checks has been used to hide requests.
Bad BodyReader::extension_byte(char c) {
  const bool space = scan::is_space(c);
  const bool token = scan::is(c, scan::kToken);
  const auto go = [this](State state) {
    state_ = state;
    return Bad::none;
  };
  switch (state_) {
    case State::extension_gap:
      if (space) return Bad::none;
      if (c == ';') return go(State::name_first);
      break;
    case State::name_first:
      if (space) return Bad::none;
      if (token) return go(State::name);
      break;
    case State::name:
      if (token) return Bad::none;
      [[fallthrough]];
    case State::name_gap:
      if (c == '=') return go(State::value_first);
      if (c == ';') return go(State::name_first);
      if (space) return go(State::name_gap);
      if (c == '\r' && state_ == State::name) return go(State::line_lf);
      break;
    case State::value_first:
      if (space) return Bad::none;
      if (c == '"') return go(State::quoted);
      if (token) return go(State::value);
      break;
    case State::value:
      if (token) return Bad::none;
      [[fallthrough]];
    case State::quoted_end:
      if (c == ';') return go(State::name_first);
      if (space) return go(State::extension_gap);
      if (c == '\r') return go(State::line_lf);
      break;
    case State::quoted:
    case State::escaped:
      if (c == '\r') return Bad::bare_cr;
      if (!scan::is(c, scan::kText)) return Bad::control_character;
      if (state_ == State::escaped) return go(State::quoted);
      return go(c == '"' ? State::quoted_end : c == '\\' ? State::escaped : State::quoted);
    default: UNREACHABLE();
  }
  return Bad::bad_chunk_extension;
}

Bad BodyReader::end_of_chunk_line() {
  if (left_ > allowed_) return Bad::body_too_large;
  allowed_ -= left_;
  state_ = left_ == 0 ? State::trailers : State::data;
  return Bad::none;
}

/// Collects the section line by line into storage of its own. `at` is where it goes on in `bytes`.
BodyReader::Step BodyReader::read_trailers(std::string_view bytes, size_t at) {
  if (!trailer_section_) {
    if (bytes.substr(at, 2) == "\r\n") {
      state_ = State::done;
      return {Parse::done, Bad::none, at + 2, {}};
    }
    trailer_section_ = std::make_unique<TrailerSection>();
  }
  TrailerSection& section = *trailer_section_;
  HeadCursor& cursor = section.cursor;
  while (at < bytes.size()) {
    const size_t room = limits_->trailer_bytes - section.text.size();
    if (room == 0) return fail(Bad::trailer_too_large, at);
    const size_t before = section.text.size();
    const std::string_view piece =
        bytes.substr(at, std::min(bytes.find('\n', at), bytes.size() - 1) - at + 1).substr(0, room);
    section.text.append(piece);
    if (scan::is_space(section.text[cursor.line_start])) return fail(Bad::obs_fold, at);
    const char* const base = section.text.data();
    const char* const begin = base + cursor.line_start;
    const Line line = find_line(section.text, begin, base + cursor.scanned, limits_->field_bytes, Bad::field_too_long);
    const auto end = static_cast<size_t>(line.end - base);
    // A CR is known to be bare one byte later, and that may be the first byte of this call.
    if (line.state == Parse::bad) return fail(line.bad, at + end + (line.bad == Bad::bare_cr ? 1 : 0) - before);
    at += piece.size();
    cursor.scanned = end;
    if (line.state == Parse::need_more) continue;
    cursor.line_start = cursor.scanned = end + 2;
    if (line.end == begin) return end_of_trailers(at);
    Field field;
    if (++cursor.fields > limits_->fields) return fail(Bad::too_many_fields, at);
    if (const Fault fault = read_field(begin, line.end, base + section.text.size(), field)) return fail(fault.bad, at);
  }
  return {Parse::need_more, Bad::none, at, {}};
}

/// Every line has been judged and the text will not move any more: now the views can be made.
BodyReader::Step BodyReader::end_of_trailers(size_t at) {
  TrailerSection& section = *trailer_section_;
  const char* const readable = section.text.data() + section.text.size();
  for (const char* line = section.text.data(); *line != '\r';) {
    const char* const end = scan::find_control(section.text.data(), line, readable);
    Field field;
    read_field(line, end, readable, field);
    if (may_trail(field)) section.fields.push_back(field);
    line = end + 2;
  }
  state_ = State::done;
  return {Parse::done, Bad::none, at, {}};
}

}  // namespace weir::proto::http1
