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

void RequestFields::begin(const http1::Limits& limits) {
  limits_ = &limits;
  list_.clear();
  method_ = path_ = authority_ = {};
  list_bytes_ = 0;
  cookies_ = 0;
  seen_ = 0;
  https_ = false;
  bad_ = Bad::none;
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
  return refuse(add_field(name, value));
}

Bad RequestFields::add_pseudo(std::string_view name, std::string_view value) {
  const uint8_t which = name == ":method"      ? kMethod
                        : name == ":scheme"    ? kScheme
                        : name == ":authority" ? kAuthority
                        : name == ":path"      ? kPath
                                               : 0;
  const size_t before = list_.lines().size();
  const bool late = before != 0 && (before > 1 || authority_.size == 0);
  if (which == 0 || (seen_ & which) != 0 || late) return Bad::bad_pseudo_field;
  seen_ |= which;
  if (value.size() > limits_->request_line_bytes) return Bad::request_line_too_long;
  switch (which) {
    case kMethod:
      if (value.empty() || !scan::all(value, scan::kToken)) return Bad::bad_method;
      method_ = list_.keep(value);
      return Bad::none;
    case kScheme: https_ = value == "https"; return https_ || value == "http" ? Bad::none : Bad::bad_pseudo_field;
    case kPath: path_ = list_.keep(value); return Bad::none;
    default:
      if (!is_clean_value(value)) return Bad::bad_host;
      if (value.empty()) return Bad::none;  // the same as none
      list_.add("host", value, FieldId::host);
      authority_ = list_.lines().back().value;
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
      return http::iequals(value, list_.view(authority_)) ? Bad::none : Bad::host_mismatch;
    case FieldId::cookie: ++cookies_; break;
    default: break;
  }
  // Crumbs of a cookie are one field in the end (RFC 9113 section 8.2.3); head_bytes bounds them meanwhile.
  if (list_.lines().size() - (cookies_ > 1 ? cookies_ - 1 : 0) >= limits_->fields) return Bad::too_many_fields;
  list_.add(name, value, id);
  return Bad::none;
}

Bad RequestFields::set_target(RequestHead& head) {
  const bool connect = head.method == Method::connect;
  // RFC 9113 section 8.5: CONNECT has an authority and nothing else.
  const uint8_t wanted = connect ? kMethod | kAuthority : kMethod | kScheme | kPath;
  const auto present = static_cast<uint8_t>(connect ? seen_ : seen_ & ~kAuthority);
  if (present != wanted) return Bad::bad_pseudo_field;
  head.target = connect ? list_.view(authority_) : list_.view(path_);
  const char* const end = head.target.data() + head.target.size();
  if (scan::find_target_end(head.target.data(), end) != end) return Bad::bad_target;
  // Only HTTP/1 has absolute-form; what is neither a path nor "*" would become it on the other side.
  if (!connect && !head.target.starts_with('/') && head.target != "*") return Bad::bad_target;
  return http1::resolve_target(head).bad;
}

void RequestFields::set_host(RequestHead& head) {
  // Otherwise settle() takes it from Host, or misses it; and it is settle() that looks at what the field holds.
  if (authority_.size != 0) head.authority = list_.view(authority_);
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
  if (cookies_ > 1) list_.join_cookies();
  head.clear();
  head.version_major = 2;
  head.version_minor = 0;
  head.method_text = list_.view(method_);
  head.method = http::method_of(head.method_text);
  head.scheme = https_ ? "https" : "http";
  list_.append_to(head.fields);
  if (const Bad bad = set_target(head); bad != Bad::none) return bad;
  set_host(head);
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

}  // namespace weir::proto::http2
