#include "proto/http1/framing.h"

#include <limits>

#include "proto/http1/target.h"

namespace weir::proto::http1 {

using http::BodyKind;
using http::Field;
using http::FieldId;
using http::Fields;
using http::Method;
using http::RequestHead;
using http::ResponseHead;

namespace {

/// What a first pass over the fields gathers.
struct Facts {
  const Field* length_field = nullptr;
  const Field* coding_field = nullptr;
  uint64_t length = 0;
  uint32_t options = 0;  ///< all that Connection lists
  bool close = false;
  bool keep_alive = false;
  bool upgrade_option = false;
  bool upgrade_field = false;
  bool names_fields = false;  ///< Connection lists something besides close, keep-alive and upgrade
  bool trailer_field = false;
};

/// Takes the next element off a comma-separated list; empty elements too.
std::string_view next_element(std::string_view& list) {
  const size_t comma = list.find(',');
  const std::string_view element = scan::trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

/// 1*DIGIT. At most 2^63-1, so that no peer's signed 64 bits read it as something else.
bool read_length(std::string_view text, uint64_t& length) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr size_t kSafeDigits = std::numeric_limits<int64_t>::digits10;
  if (text.empty()) return false;
  length = 0;
  for (char c : text) {
    if (!scan::is(c, scan::kDigit)) return false;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (text.size() > kSafeDigits && length > (kMost - digit) / 10) return false;
    length = length * 10 + digit;
  }
  return true;
}

/// Several equal values are one (RFC 9110 section 8.6): the field keeps the first, further fields become hop-by-hop.
Fault note_length(Field& field, Facts& facts) {
  const size_t comma = field.value.find(',');
  const std::string_view first = scan::trim(field.value.substr(0, comma));
  std::string_view rest = comma == std::string_view::npos ? std::string_view{} : field.value.substr(comma);
  uint64_t length = 0;
  if (!read_length(first, length)) return {Bad::bad_content_length, field.value.data()};
  while (!rest.empty()) {
    rest.remove_prefix(1);
    uint64_t again = 0;
    if (!read_length(scan::trim(rest.substr(0, rest.find(','))), again)) return {Bad::bad_content_length, rest.data()};
    if (again != length) return {Bad::conflicting_content_length, rest.data()};
    rest.remove_prefix(std::min(rest.find(','), rest.size()));
  }
  if (facts.length_field != nullptr) {
    if (facts.length != length) return {Bad::conflicting_content_length, field.value.data()};
    field.hop_by_hop = true;
    return {};
  }
  field.value = first;
  facts.length_field = &field;
  facts.length = length;
  return {};
}

/// Exactly one "chunked", in one field. Lists of anything else are told apart only to answer 501 where a sender does
/// something legal that Weir does not support.
Fault note_coding(const Field& field, Facts& facts) {
  if (facts.coding_field != nullptr) return {Bad::bad_transfer_encoding, field.value.data()};
  facts.coding_field = &field;
  if (http::iequals(field.value, "chunked")) return {};
  bool chunked = false;
  for (std::string_view list = field.value; !list.empty();) {
    const std::string_view coding = next_element(list);
    const std::string_view name = scan::trim(coding.substr(0, coding.find(';')));
    if (chunked || name.empty() || !scan::all(name, scan::kToken))
      return {Bad::bad_transfer_encoding, field.value.data()};
    chunked = http::iequals(name, "chunked");
    if (chunked && name.size() != coding.size()) return {Bad::bad_transfer_encoding, field.value.data()};
  }
  return {field.value.empty() ? Bad::bad_transfer_encoding : Bad::unsupported_transfer_coding, field.value.data()};
}

Fault note_connection(const Field& field, const Limits& limits, Facts& facts) {
  for (std::string_view list = field.value; !list.empty();) {
    const std::string_view option = next_element(list);
    if (++facts.options > limits.fields) return {Bad::too_many_fields, field.value.data()};
    if (http::iequals(option, "close")) {
      facts.close = true;
    } else if (http::iequals(option, "keep-alive")) {
      facts.keep_alive = true;
    } else if (http::iequals(option, "upgrade")) {
      facts.upgrade_option = true;
    } else if (!option.empty()) {
      facts.names_fields = true;
    }
  }
  return {};
}

/// Fields that say something about the connection or the body; all others are passed over.
constexpr uint32_t kTelling = id_set(FieldId::content_length, FieldId::transfer_encoding, FieldId::connection,
                                     FieldId::upgrade, FieldId::trailer, FieldId::host, FieldId::expect);
constexpr uint32_t kTellingOfRequest = kTelling | id_set(FieldId::lookalike);

Fault note_field(Field& field, const Limits& limits, Facts& facts) {
  switch (field.id) {
    case FieldId::content_length: return note_length(field, facts);
    case FieldId::transfer_encoding: return note_coding(field, facts);
    case FieldId::connection: return note_connection(field, limits, facts);
    case FieldId::upgrade: facts.upgrade_field = true; return {};
    case FieldId::trailer: facts.trailer_field = true; return {};
    default: return {};
  }
}

/// Limits hold the number of options as well as that of fields, so the product stays small.
void mark_named_fields(Fields& fields) {
  for (const Field& connection : fields) {
    if (connection.id != FieldId::connection) continue;
    for (std::string_view list = connection.value; !list.empty();) {
      const std::string_view option = next_element(list);
      for (Field& field : fields) {
        if (http::iequals(field.name, option) && !is_essential(field)) field.hop_by_hop = true;
      }
    }
  }
}

void mark_fields(Fields& fields, BodyKind body, const Facts& facts) {
  if (facts.names_fields) mark_named_fields(fields);
  if (!facts.trailer_field || body == BodyKind::stream) return;
  for (Field& field : fields) {
    if (field.id == FieldId::trailer) field.hop_by_hop = true;
  }
}

/// The two framing fields against each other and the version.
Fault check_framing(const Facts& facts, uint8_t version_minor) {
  if (facts.coding_field == nullptr) return {};
  if (version_minor == 0) return {Bad::transfer_encoding_in_http10, facts.coding_field->name.data()};
  if (facts.length_field != nullptr) return {Bad::length_with_transfer_encoding, facts.length_field->name.data()};
  return {};
}

bool persists(uint8_t version_minor, const Facts& facts) {
  return !facts.close && (version_minor == 1 || facts.keep_alive);
}

/// A fault that is an absence points at the start line.
Fault settle_host(RequestHead& head, Field* host) {
  if (host == nullptr) {
    if (head.version_minor == 0) return {};
    return {Bad::missing_host, head.method_text.data()};
  }
  if (!host->value.empty() && !is_authority(host->value)) return {Bad::bad_host, host->value.data()};
  if (head.authority.empty()) {
    head.authority = host->value;
  } else {
    host->value = head.authority;
  }
  return {};
}

Fault note_expect(Field& field, RequestHead& head) {
  if (head.version_minor == 0) {
    // Ignored, as section 10.1.1 says; and it must not come to life when the request goes on as HTTP/1.1.
    field.hop_by_hop = true;
    return {};
  }
  if (!http::iequals(field.value, "100-continue")) return {Bad::unsupported_expectation, field.value.data()};
  head.expect_continue = true;
  return {};
}

/// RFC 9112 section 6.3 for requests: a body only when one of the two fields says so.
Fault settle_request_body(RequestHead& head, const Facts& facts) {
  if (head.method == Method::connect) {
    if (facts.coding_field != nullptr) return {Bad::bad_transfer_encoding, facts.coding_field->name.data()};
    if (facts.length != 0) return {Bad::bad_content_length, facts.length_field->value.data()};
    return {};
  }
  if (facts.coding_field != nullptr) {
    head.body = BodyKind::stream;
  } else if (facts.length_field != nullptr) {
    head.body = BodyKind::length;
    head.content_length = facts.length;
  }
  return {};
}

/// RFC 9112 section 6.3 for responses, in the order given there.
Fault settle_response_body(ResponseHead& head, Method request, const Facts& facts) {
  if (request == Method::connect && head.status / 100 == 2) {
    // The second case, which goes before all others here: whatever the framing fields say, it is not about a body.
    head.body = BodyKind::tunnel;
    return {};
  }
  if (head.status < 200 || head.status == 204) {
    if (facts.coding_field != nullptr) return {Bad::bad_transfer_encoding, facts.coding_field->name.data()};
    if (facts.length != 0) return {Bad::bad_content_length, facts.length_field->value.data()};
    return {};
  }
  if (request == Method::head || head.status == 304) {
    head.content_length = facts.length;  // what a GET would have had; `body` says that nothing follows
    return {};
  }
  if (facts.coding_field != nullptr) {
    head.body = BodyKind::stream;
  } else if (facts.length_field != nullptr) {
    head.body = BodyKind::length;
    head.content_length = facts.length;
  } else {
    head.body = BodyKind::until_close;
  }
  return {};
}

}  // namespace

Fault settle(RequestHead& head, const Limits& limits) {
  Facts facts;
  Field* host = nullptr;
  for (Field& field : head.fields) {
    if (!in(kTellingOfRequest, field.id)) continue;
    Fault fault;
    if (field.id == FieldId::host) {
      if (host != nullptr) return {Bad::duplicate_host, field.name.data()};
      host = &field;
    } else if (field.id == FieldId::expect) {
      fault = note_expect(field, head);
    } else if (field.id == FieldId::lookalike) {
      // X_Forwarded_For beside our X-Forwarded-For: an endpoint that makes one variable of both may believe the client.
      field.hop_by_hop = true;
    } else {
      fault = note_field(field, limits, facts);
    }
    if (fault) return fault;
  }
  if (const Fault fault = settle_host(head, host)) return fault;
  if (const Fault fault = check_framing(facts, head.version_minor)) return fault;
  if (const Fault fault = settle_request_body(head, facts)) return fault;
  mark_fields(head.fields, head.body, facts);
  head.keep_alive = persists(head.version_minor, facts);
  // RFC 9110 section 7.8: ignored in HTTP/1.0.
  head.upgrade = facts.upgrade_option && facts.upgrade_field && head.version_minor == 1;
  // RFC 9110 section 10.1.1: no 100 where no content can follow.
  const bool content = head.body == BodyKind::stream || head.content_length != 0;
  head.expect_continue = head.expect_continue && content;
  return {};
}

Fault settle(ResponseHead& head, Method request, const Limits& limits) {
  Facts facts;
  for (Field& field : head.fields) {
    if (!in(kTelling, field.id)) continue;
    if (const Fault fault = note_field(field, limits, facts)) return fault;
  }
  if (const Fault fault = check_framing(facts, head.version_minor)) return fault;
  if (const Fault fault = settle_response_body(head, request, facts)) return fault;
  mark_fields(head.fields, head.body, facts);
  head.keep_alive = persists(head.version_minor, facts) && head.body != BodyKind::until_close;
  head.upgrade = facts.upgrade_option && facts.upgrade_field && head.version_minor == 1;
  return {};
}

}  // namespace weir::proto::http1
