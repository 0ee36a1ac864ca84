#include "proto/http1/fields.h"

namespace weir::proto::http1 {

using http::Field;
using http::FieldId;

namespace {

/// Why `name_end` is not the colon it should be.
Fault name_fault(std::string_view line, const char* name_end) {
  const char* const end = line.data() + line.size();
  if (name_end == end) return {Bad::missing_colon, end};
  if (name_end == line.data()) return {Bad::bad_field_name, name_end};
  if (scan::is_space(*name_end)) {
    const char* at = name_end;
    while (at != end && scan::is_space(*at)) ++at;
    if (at != end && *at == ':') return {Bad::space_before_colon, name_end};
  }
  return {Bad::bad_field_name, name_end};
}

bool starts_with(std::string_view name, std::string_view lower_case_prefix) {
  return name.size() >= lower_case_prefix.size() &&
         http::iequals(name.substr(0, lower_case_prefix.size()), lower_case_prefix);
}

/// Those without a FieldId. Modifiers and authentication of requests, control data of responses, and what caches go by.
constexpr std::string_view kEssentialNames[] = {
    "age",        "cache-control", "etag",  "expires", "last-modified", "location",         "max-forwards", "pragma",
    "proxy-authenticate", "proxy-authorization", "range", "set-cookie", "vary", "via", "www-authenticate", "x-real-ip",
};
constexpr std::string_view kEssentialPrefixes[] = {"content-", "if-", "x-forwarded-"};

}  // namespace

Fault read_field(std::string_view line, Field& field) {
  const char* const begin = line.data();
  const char* end = begin + line.size();
  const char* const colon = scan::find_token_end(begin, end);
  if (colon == end || *colon != ':' || colon == begin) return name_fault(line, colon);
  const char* value = colon + 1;
  while (value != end && scan::is_space(*value)) ++value;
  while (end != value && scan::is_space(end[-1])) --end;
  field.name = std::string_view(begin, static_cast<size_t>(colon - begin));
  field.value = std::string_view(value, static_cast<size_t>(end - value));
  field.id = http::field_id_of(field.name);
  field.hop_by_hop = is_connection_field(field.id);
  return {};
}

bool is_connection_field(FieldId id) {
  constexpr auto bit = [](FieldId of) { return uint32_t{1} << static_cast<unsigned>(of); };
  constexpr uint32_t kSet = bit(FieldId::connection) | bit(FieldId::proxy_connection) | bit(FieldId::keep_alive) |
                            bit(FieldId::te) | bit(FieldId::transfer_encoding) | bit(FieldId::upgrade);
  return (kSet >> static_cast<unsigned>(id) & 1U) != 0;
}

bool is_essential(const Field& field) {
  switch (field.id) {
    case FieldId::host:
    case FieldId::content_length:
    case FieldId::transfer_encoding:
    case FieldId::expect:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_proto:
    case FieldId::x_forwarded_host:
    case FieldId::forwarded:
    case FieldId::x_request_id:
    case FieldId::traceparent:
    case FieldId::retry_after:
    case FieldId::date:
    case FieldId::content_type:
    case FieldId::authorization:
    case FieldId::cookie: return true;
    case FieldId::connection:
    case FieldId::upgrade:
    case FieldId::te:
    case FieldId::trailer:
    case FieldId::keep_alive:
    case FieldId::proxy_connection:
    case FieldId::server:
    case FieldId::user_agent: return false;
    case FieldId::other: break;
  }
  for (std::string_view name : kEssentialNames) {
    if (http::iequals(field.name, name)) return true;
  }
  for (std::string_view prefix : kEssentialPrefixes) {
    if (starts_with(field.name, prefix)) return true;
  }
  return false;
}

}  // namespace weir::proto::http1
