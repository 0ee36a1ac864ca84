#include "proto/http1/fields.h"

namespace weir::proto::http1 {

using http::Field;
using http::FieldId;

namespace {

bool starts_with(std::string_view name, std::string_view lower_case_prefix) {
  return name.size() >= lower_case_prefix.size() &&
         http::iequals(name.substr(0, lower_case_prefix.size()), lower_case_prefix);
}

/// Those without a FieldId. Modifiers and authentication of requests, control data of responses, and what caches go by.
constexpr std::string_view kEssentialNames[] = {
    "age",
    "cache-control",
    "etag",
    "expires",
    "last-modified",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "set-cookie",
    "vary",
    "via",
    "www-authenticate",
    "x-real-ip",
};
constexpr std::string_view kEssentialPrefixes[] = {"content-", "if-", "x-forwarded-"};

}  // namespace

Line unfinished_line(std::string_view bytes, const char* hit, const char* stop, bool over_limit, Bad too_long) {
  const char* const end = bytes.data() + bytes.size();
  if (hit == stop) return over_limit ? Line{Parse::bad, too_long, stop - 1} : Line{Parse::need_more, Bad::none, stop};
  if (*hit == '\r')
    return hit + 1 == end ? Line{Parse::need_more, Bad::none, hit} : Line{Parse::bad, Bad::bare_cr, hit};
  return {Parse::bad, *hit == '\n' ? Bad::bare_lf : Bad::control_character, hit};
}

Fault name_fault(const char* line, const char* name_end, const char* line_end) {
  if (name_end == line_end) return {Bad::missing_colon, name_end};
  if (name_end != line && scan::is_space(*name_end)) {
    const char* at = name_end;
    while (scan::is_space(*at)) ++at;
    if (*at == ':') return {Bad::space_before_colon, name_end};
  }
  return {Bad::bad_field_name, name_end};
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
    case FieldId::x_forwarded_client_cert:
    case FieldId::forwarded:
    case FieldId::x_request_id:
    case FieldId::traceparent:
    case FieldId::retry_after:
    case FieldId::date:
    case FieldId::content_type:
    case FieldId::authorization:
    case FieldId::cookie:
    case FieldId::lookalike: return true;
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
