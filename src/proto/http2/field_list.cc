#include "proto/http2/field_list.h"

#include <algorithm>

#include "proto/http1/fields.h"
#include "proto/http1/scan.h"

namespace weir::proto::http2 {

using http::FieldId;
using http1::Bad;
namespace scan = http1::scan;

namespace {

/// Memory that a connection's next message may inherit.
constexpr size_t kArenaBytesKept = 8 * 1024;
constexpr size_t kLinesKept = 128;

}  // namespace

bool is_clean_value(std::string_view value) {
  const char* const end = value.data() + value.size();
  return scan::find_control(value.data(), value.data(), end) == end;
}

Bad check_field(std::string_view name, std::string_view value, const http1::Limits& limits) {
  if (name.size() + value.size() > limits.field_bytes) return Bad::field_too_long;
  if (name.empty() || !scan::all(name, scan::kLowerToken)) return Bad::bad_field_name;
  if (!is_clean_value(value)) return Bad::control_character;
  const bool padded = !value.empty() && (scan::is_space(value.front()) || scan::is_space(value.back()));
  return padded ? Bad::space_around_value : Bad::none;
}

void FieldList::clear() {
  used_ = 0;
  lines_.clear();
}

void FieldList::shrink() {
  if (arena_.size() > kArenaBytesKept) {
    std::vector<char>().swap(arena_);
    used_ = 0;
  }
  if (lines_.capacity() > kLinesKept) std::vector<Line>().swap(lines_);
}

char* FieldList::take(size_t bytes) {
  if (arena_.size() - used_ < bytes) arena_.resize(std::max(2 * arena_.size(), used_ + bytes));
  char* const room = arena_.data() + used_;
  used_ += bytes;
  return room;
}

Text FieldList::keep(std::string_view text) {
  const Text kept{static_cast<uint32_t>(used_), static_cast<uint32_t>(text.size())};
  text.copy(take(text.size()), text.size());
  return kept;
}

void FieldList::add(std::string_view name, std::string_view value, FieldId id) {
  const size_t at = used_;
  char* to = take(name.size() + value.size() + 4);
  name.copy(to, name.size());
  to += name.size();
  *to++ = ':';
  *to++ = ' ';
  value.copy(to, value.size());
  to += value.size();
  *to++ = '\r';
  *to = '\n';
  const auto begin = static_cast<uint32_t>(at);
  const auto name_size = static_cast<uint32_t>(name.size());
  lines_.push_back(
      {.name = {begin, name_size}, .value = {begin + name_size + 2, static_cast<uint32_t>(value.size())}, .id = id});
}

void FieldList::join_cookies() {
  std::string joined;
  std::erase_if(lines_, [&](const Line& line) {
    if (line.id != FieldId::cookie) return false;
    if (!joined.empty()) joined += "; ";
    joined += view(line.value);
    return true;
  });
  add("cookie", joined, FieldId::cookie);
}

void FieldList::append_to(http::Fields& fields) const {
  for (const Line& line : lines_) {
    fields.push_back({.name = view(line.name), .value = view(line.value), .id = line.id});
  }
}

Bad TrailerFields::add(std::string_view name, std::string_view value, const http1::Limits& limits) {
  list_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (list_bytes_ > limits.trailer_bytes) return Bad::trailer_too_large;
  if (lines_.size() >= limits.fields) return Bad::too_many_fields;
  if (const Bad bad = check_field(name, value, limits); bad != Bad::none) return bad;
  if (!http1::may_trail({.name = name, .value = value, .id = http::field_id_of(name)})) return Bad::none;
  lines_.push_back(
      {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
  text_ += name;
  text_ += value;
  return Bad::none;
}

const http::Fields& TrailerFields::finish() {
  fields_.clear();
  for (const Line& line : lines_) {
    const std::string_view both = std::string_view(text_).substr(line.at, line.name_size + line.value_size);
    const std::string_view name = both.substr(0, line.name_size);
    fields_.push_back({.name = name, .value = both.substr(line.name_size), .id = http::field_id_of(name)});
  }
  return fields_;
}

void TrailerFields::clear() {
  text_.clear();
  lines_.clear();
  fields_.clear();
  list_bytes_ = 0;
}

}  // namespace weir::proto::http2
