#include "proto/http2/response_fields.h"

#include "proto/http1/fields.h"
#include "proto/http1/framing.h"
#include "proto/http1/scan.h"

namespace weir::proto::http2 {

using http::BodyKind;
using http::Field;
using http::FieldId;
using http::ResponseHead;
using http1::Bad;
namespace scan = http1::scan;

void ResponseFields::begin(const http1::Limits& limits) {
  limits_ = &limits;
  list_.clear();
  list_.shrink();
  list_bytes_ = 0;
  status_ = 0;
  bad_ = Bad::none;
}

Bad ResponseFields::refuse(Bad bad) {
  bad_ = bad;
  return bad;
}

Bad ResponseFields::add(std::string_view name, std::string_view value) {
  if (bad_ != Bad::none) return bad_;
  list_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (list_bytes_ > limits_->head_bytes) return refuse(Bad::head_too_large);
  if (name == ":status") return refuse(add_status(value));
  if (name.starts_with(':')) return refuse(Bad::bad_pseudo_field);
  return refuse(add_field(name, value));
}

/// As narrow as HTTP/1.1's status line. HTTP/2 has no 101 (RFC 9113 section 8.6).
Bad ResponseFields::add_status(std::string_view value) {
  if (status_ != 0 || !list_.lines().empty()) return Bad::bad_pseudo_field;
  if (value.size() != 3 || !scan::all(value, scan::kDigit)) return Bad::bad_status_line;
  const int status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
  if (status < 100 || status > 599 || status == 101) return Bad::bad_status_line;
  status_ = static_cast<uint16_t>(status);
  return Bad::none;
}

Bad ResponseFields::add_field(std::string_view name, std::string_view value) {
  if (const Bad bad = check_field(name, value, *limits_); bad != Bad::none) return bad;
  const FieldId id = http::field_id_of(name);
  if (http1::in(http1::kConnectionFields, id)) return Bad::connection_field;
  if (list_.lines().size() >= limits_->fields) return Bad::too_many_fields;
  list_.add(name, value, id);
  return Bad::none;
}

/// The frames say whether there is a body; Content-Length, if it is there, how long it has to be. A body that announces
/// trailers is a stream all the same: HTTP/1.1 has no place for trailers behind a declared length.
void ResponseFields::set_body(bool end, ResponseHead& head) {
  content_bytes_ = head.body == BodyKind::none ? 0 : head.body == BodyKind::length ? head.content_length : kAnyLength;
  if (head.body == BodyKind::none) return;
  if (end) {
    if (head.body != BodyKind::length) head.body = BodyKind::none;  // "Content-Length: 0" is passed on as saying it
    return;
  }
  if (head.body == BodyKind::length && head.find(FieldId::trailer) == nullptr) return;
  head.body = BodyKind::stream;
  for (Field& field : head.fields) {
    if (field.id == FieldId::trailer) field.hop_by_hop = false;  // there may be some after all
  }
}

Bad ResponseFields::finish(http::Method request, bool end, ResponseHead& head) {
  if (bad_ != Bad::none) return bad_;
  if (status_ == 0) return Bad::bad_pseudo_field;
  if (end && status_ < 200) return Bad::bad_status_line;
  head.clear();
  head.status = status_;
  list_.append_to(head.fields);
  // HTTP/1.1's rules for the fields that frame a message; there is no Transfer-Encoding to judge here.
  const http1::Fault fault = http1::settle(head, request, *limits_);
  if (fault) return fault.bad;
  head.keep_alive = true;  // the response says nothing about its connection
  if (end && head.body == BodyKind::length && head.content_length != 0) return Bad::bad_content_length;
  set_body(end, head);
  return Bad::none;
}

}  // namespace weir::proto::http2
