#include "proto/http2/request_fields.h"

#include "proto/http1/fields.h"
#include "proto/http1/framing.h"
#include "proto/http1/scan.h"
#include "proto/http1/target.h"

namespace weir::proto::http2 {

using http::BodyKind;
using http::Field;
using http::FieldId;
using http::Method;
using http::RequestHead;
using http1::Bad;
namespace scan = http1::scan;

namespace {

/// What each field costs beside its bytes (RFC 9113 section 6.5.2).
constexpr uint64_t kFieldOverhead = 32;
/// Memory that a connection's next request may inherit.
constexpr size_t kArenaBytesKept = 8 * 1024;
constexpr size_t kLinesKept = 128;

bool is_lower_token(std::string_view name) {
  const char* const end = name.data() + name.size();
  if (name.empty() || scan::find_name_end(name.data(), end, scan::kToken) != end) return false;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') return false;
  }
  return true;
}

bool is_clean_value(std::string_view value) {
  const char* const end = value.data() + value.size();
  return scan::find_control(value.data(), value.data(), end) == end;
}

Bad check_field(std::string_view name, std::string_view value, const http1::Limits& limits) {
  if (name.size() + value.size() > limits.field_bytes) return Bad::field_too_long;
  if (!is_lower_token(name)) return Bad::bad_field_name;
  return is_clean_value(value) ? Bad::none : Bad::control_character;
}

}  // namespace

void RequestFields::begin(const http1::Limits& limits) {
  limits_ = &limits;
  arena_.clear();
  lines_.clear();
  method_ = path_ = authority_ = {};
  list_bytes_ = 0;
  cookies_ = 0;
  seen_ = 0;
  https_ = false;
  bad_ = Bad::none;
}

void RequestFields::shrink() {
  if (arena_.capacity() > kArenaBytesKept) std::string().swap(arena_);
  if (lines_.capacity() > kLinesKept) std::vector<Line>().swap(lines_);
}

Bad RequestFields::refuse(Bad bad) {
  bad_ = bad;
  return bad;
}

Bad RequestFields::add(std::string_view name, std::string_view value) {
  list_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (bad_ != Bad::none) return bad_;
  if (list_bytes_ > limits_->head_bytes) return refuse(Bad::head_too_large);
  if (name.starts_with(':')) return refuse(add_pseudo(name, value));
  return refuse(add_field(name, scan::trim(value)));
}

Bad RequestFields::add_pseudo(std::string_view name, std::string_view value) {
  const uint8_t which = name == ":method"      ? kMethod
                        : name == ":scheme"    ? kScheme
                        : name == ":authority" ? kAuthority
                        : name == ":path"      ? kPath
                                               : 0;
  const bool late = !lines_.empty() && (lines_.size() > 1 || authority_.size == 0);
  if (which == 0 || (seen_ & which) != 0 || late) return Bad::bad_pseudo_field;
  seen_ |= which;
  if (value.size() > limits_->request_line_bytes) return Bad::request_line_too_long;
  switch (which) {
    case kMethod:
      if (value.empty() || !scan::all(value, scan::kToken)) return Bad::bad_method;
      method_ = keep(value);
      return Bad::none;
    case kScheme: https_ = value == "https"; return https_ || value == "http" ? Bad::none : Bad::bad_pseudo_field;
    case kPath: path_ = keep(value); return Bad::none;
    default:
      if (!is_clean_value(value)) return Bad::bad_host;
      if (value.empty()) return Bad::none;  // the same as none
      keep_line("host", value, FieldId::host);
      authority_ = lines_.back().value;
      return Bad::none;
  }
}

Bad RequestFields::add_field(std::string_view name, std::string_view value) {
  if (const Bad bad = check_field(name, value, *limits_); bad != Bad::none) return bad;
  const FieldId id = http::field_id_of(name);
  switch (id) {
    case FieldId::connection:
    case FieldId::proxy_connection:
    case FieldId::keep_alive:
    case FieldId::transfer_encoding:
    case FieldId::upgrade: return Bad::connection_field;
    case FieldId::te:
      if (value != "trailers") return Bad::connection_field;
      break;
    case FieldId::host:
      if (authority_.size == 0) break;
      // RFC 9113 section 8.3.1: they must agree, and then one is enough.
      return http::iequals(value, view(authority_)) ? Bad::none : Bad::host_mismatch;
    case FieldId::cookie: ++cookies_; break;
    default: break;
  }
  // Crumbs of a cookie are one field in the end (RFC 9113 section 8.2.3); head_bytes bounds them meanwhile.
  if (lines_.size() - (cookies_ > 1 ? cookies_ - 1 : 0) >= limits_->fields) return Bad::too_many_fields;
  keep_line(name, value, id);
  return Bad::none;
}

RequestFields::Text RequestFields::keep(std::string_view text) {
  const Text kept{static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())};
  arena_ += text;
  return kept;
}

void RequestFields::keep_line(std::string_view name, std::string_view value, FieldId id) {
  const size_t at = arena_.size();
  arena_.resize(at + name.size() + value.size() + 4);
  char* to = arena_.data() + at;
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

/// HTTP/1.1 knows one Cookie field only; the crumbs are put together again behind everything else.
void RequestFields::join_cookies() {
  std::string joined;
  std::erase_if(lines_, [&](const Line& line) {
    if (line.id != FieldId::cookie) return false;
    if (!joined.empty()) joined += "; ";
    joined += view(line.value);
    return true;
  });
  keep_line("cookie", joined, FieldId::cookie);
}

Bad RequestFields::set_target(RequestHead& head) {
  const bool connect = head.method == Method::connect;
  // RFC 9113 section 8.5: CONNECT has an authority and nothing else.
  const uint8_t wanted = connect ? kMethod | kAuthority : kMethod | kScheme | kPath;
  const auto present = static_cast<uint8_t>(connect ? seen_ : seen_ & ~kAuthority);
  if (present != wanted) return Bad::bad_pseudo_field;
  head.target = connect ? view(authority_) : view(path_);
  const char* const end = head.target.data() + head.target.size();
  if (scan::find_target_end(head.target.data(), end) != end) return Bad::bad_target;
  // Only HTTP/1 has absolute-form; what is neither a path nor "*" would become it on the other side.
  if (!connect && !head.target.starts_with('/') && head.target != "*") return Bad::bad_target;
  return http1::resolve_target(head).bad;
}

Bad RequestFields::set_host(RequestHead& head) {
  if (authority_.size == 0) return Bad::none;  // settle() takes it from Host, or misses it
  head.authority = view(authority_);
  return http1::is_authority(head.authority) ? Bad::none : Bad::bad_host;
}

/// The frames say whether there is a body; Content-Length, if it is there, how long it has to be. A body that announces
/// trailers is a stream all the same: HTTP/1.1 has no place for trailers behind a declared length.
void RequestFields::set_body(bool end, RequestHead& head) {
  if (end || head.method == Method::connect) return;
  if (head.body == BodyKind::length && head.find(FieldId::trailer) == nullptr) return;
  head.body = BodyKind::stream;
  for (Field& field : head.fields) {
    if (field.id == FieldId::trailer) field.hop_by_hop = false;  // there may be some after all
  }
}

Bad RequestFields::finish(bool end, RequestHead& head) {
  if (bad_ != Bad::none) return bad_;
  if (cookies_ > 1) join_cookies();
  head.clear();
  head.version_major = 2;
  head.version_minor = 0;
  head.method_text = view(method_);
  head.method = http::method_of(head.method_text);
  head.scheme = https_ ? "https" : "http";
  for (const Line& line : lines_) {
    head.fields.push_back({.name = view(line.name), .value = view(line.value), .id = line.id});
  }
  if (const Bad bad = set_target(head); bad != Bad::none) return bad;
  if (const Bad bad = set_host(head); bad != Bad::none) return bad;
  // HTTP/1.1's rules for the fields that frame and address a message; it has no Transfer-Encoding to judge here.
  head.version_minor = 1;
  const http1::Fault fault = http1::settle(head, *limits_);
  head.version_minor = 0;
  if (fault) return fault.bad;
  if (end && head.content_length != 0) return Bad::bad_content_length;
  set_body(end, head);
  const bool content = head.body == BodyKind::stream || head.content_length != 0;
  head.expect_continue = head.expect_continue || (content && head.find(FieldId::expect) != nullptr);
  return Bad::none;
}

Bad TrailerFields::add(std::string_view name, std::string_view value, const http1::Limits& limits) {
  value = scan::trim(value);
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
