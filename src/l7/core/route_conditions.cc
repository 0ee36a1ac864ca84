#include "l7/core/route_conditions.h"

#include <algorithm>
#include <optional>

#include "proto/http/cookie.h"
#include "proto/http/query.h"

namespace weir::l7::core {

using model::FieldMatch;
using proto::http::Field;
using proto::http::FieldId;
using proto::http::Method;
using proto::http::RequestHead;

namespace {

uint32_t bit_of(Method method) { return uint32_t{1} << static_cast<unsigned>(method); }

bool is_claim(FieldId id) {
  switch (id) {
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_proto:
    case FieldId::x_forwarded_host:
    case FieldId::forwarded:
    case FieldId::x_request_id: return true;
    default: return false;
  }
}

/// The fields with which Weir replaces a client's are marked as not to be passed on, too (forwarding.h).
bool is_visible(const Field& field, bool trust_forwarded) {
  if (!field.hop_by_hop || field.id == FieldId::upgrade || field.id == FieldId::traceparent) return true;
  return trust_forwarded && is_claim(field.id);
}

std::optional<std::string_view> find_field(const RequestHead& head, std::string_view name, bool trust_forwarded) {
  for (const Field& field : head.fields) {
    if (proto::http::iequals(field.name, name) && is_visible(field, trust_forwarded)) return field.value;
  }
  return std::nullopt;
}

bool holds(const FieldMatch& match, std::optional<std::string_view> value) {
  switch (match.kind) {
    case FieldMatch::Kind::exact: return value && *value == match.value;
    case FieldMatch::Kind::prefix: return value && value->starts_with(match.value);
    case FieldMatch::Kind::present: return value.has_value();
    case FieldMatch::Kind::absent: return !value.has_value();
  }
  return false;
}

size_t memory_of(const std::vector<FieldMatch>& matches) {
  size_t bytes = matches.capacity() * sizeof(FieldMatch);
  for (const FieldMatch& each : matches) bytes += each.name.capacity() + each.value.capacity();
  return bytes;
}

}  // namespace

RouteConditions::RouteConditions(const model::RouteConfig& route)
    : any_method_(route.methods.empty()), headers_(route.headers), cookies_(route.cookies), query_(route.query) {
  for (const std::string& each : route.methods) {
    const Method method = proto::http::method_of(each);
    if (method == Method::other) {
      other_methods_.push_back(each);
    } else {
      methods_ |= bit_of(method);
    }
  }
}

bool RouteConditions::needed(const model::RouteConfig& route) {
  return !route.methods.empty() || !route.headers.empty() || !route.cookies.empty() || !route.query.empty();
}

bool RouteConditions::method_holds(const RequestHead& head) const {
  if (any_method_) return true;
  if (head.method != Method::other) return (methods_ & bit_of(head.method)) != 0;
  return std::find(other_methods_.begin(), other_methods_.end(), head.method_text) != other_methods_.end();
}

bool RouteConditions::hold(const RequestHead& head, bool trust_forwarded) const {
  if (!method_holds(head)) return false;
  const auto all = [](const std::vector<FieldMatch>& matches, const auto& value_of) {
    return std::all_of(matches.begin(), matches.end(),
                       [&](const FieldMatch& each) { return holds(each, value_of(each.name)); });
  };
  return all(headers_, [&](const std::string& name) { return find_field(head, name, trust_forwarded); }) &&
         all(cookies_, [&](const std::string& name) { return proto::http::find_cookie(head.fields, name); }) &&
         all(query_, [&](const std::string& name) { return proto::http::find_query_parameter(head.target, name); });
}

size_t RouteConditions::memory_bytes() const {
  size_t bytes = memory_of(headers_) + memory_of(cookies_) + memory_of(query_);
  for (const std::string& each : other_methods_) bytes += sizeof each + each.capacity();
  return bytes;
}

}  // namespace weir::l7::core
