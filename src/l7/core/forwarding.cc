#include "l7/core/forwarding.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"

namespace weir::l7::core {

using proto::http::Field;
using proto::http::FieldId;

namespace {

constexpr char kHex[] = "0123456789abcdef";

void write_hex(char* out, uint64_t value) {
  for (int i = 15; i >= 0; --i, value >>= 4) out[i] = kHex[value & 15];
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

/// The client's claims, as far as they are to be kept.
struct Claims {
  std::string_view forwarded_for, forwarded, request_id, traceparent, proto;
};

Claims take_claims(proto::http::RequestHead& head, bool trust) {
  Claims claims;
  const auto take = [&](Field& field, std::string_view& into, bool keep) {
    field.hop_by_hop = true;
    if (keep) into = field.value;
  };
  for (Field& field : head.fields) {
    switch (field.id) {
      case FieldId::host: field.hop_by_hop = field.value != head.authority; break;
      case FieldId::x_forwarded_for: take(field, claims.forwarded_for, trust); break;
      case FieldId::forwarded: take(field, claims.forwarded, trust); break;
      case FieldId::x_forwarded_proto: take(field, claims.proto, trust); break;
      case FieldId::x_forwarded_host: field.hop_by_hop = !trust; break;
      case FieldId::x_request_id: take(field, claims.request_id, trust && is_valid_request_id(field.value)); break;
      case FieldId::traceparent: take(field, claims.traceparent, is_valid_traceparent(field.value)); break;
      default: break;
    }
  }
  return claims;
}

}  // namespace

bool is_valid_traceparent(std::string_view v) {
  return v.size() == 55 && v.starts_with("00-") && v[35] == '-' && v[52] == '-' && is_lower_hex(v.substr(3, 32)) &&
         is_lower_hex(v.substr(36, 16)) && is_lower_hex(v.substr(53, 2)) && !is_zero(v.substr(3, 32)) &&
         !is_zero(v.substr(36, 16));
}

bool is_valid_request_id(std::string_view value) {
  const auto plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("._~+/=-").find(c) != std::string_view::npos;
  };
  return !value.empty() && value.size() <= 128 && std::all_of(value.begin(), value.end(), plain);
}

std::string_view ForwardingFields::store(std::string_view text) {
  const size_t offset = memory_.size();
  DCHECK(offset + text.size() <= memory_.capacity());  // views would dangle
  memory_.append(text);
  return std::string_view(memory_).substr(offset);
}

void ForwardingFields::add(std::string_view name, std::string_view value) {
  fields_[count_++] = Field{.name = name, .value = value};
}

void ForwardingFields::build(proto::http::RequestHead& head, const ForwardingContext& context, Prng& prng) {
  const Claims claims = take_claims(head, context.trust_forwarded);
  count_ = 0;
  memory_.clear();
  memory_.reserve(320 + 2 * context.client.size() + head.authority.size() + claims.forwarded_for.size() +
                  claims.forwarded.size() + claims.request_id.size());

  if (claims.request_id.empty()) {
    char id[32];
    write_hex(id, prng.next());
    write_hex(id + 16, prng.next());
    request_id_ = store({id, sizeof id});
  } else {
    request_id_ = store(claims.request_id);
  }
  add("X-Request-Id", request_id_);
  if (claims.traceparent.empty()) {
    // A new trace whose id can be found by the request's, sampled: the decision not to keep it is the collector's.
    char trace[55] = {'0', '0', '-'};
    write_hex(trace + 3, prng.next());
    write_hex(trace + 19, prng.next() | 1);
    if (claims.request_id.empty()) request_id_.copy(trace + 3, 32);
    trace[35] = '-';
    write_hex(trace + 36, prng.next() | 1);
    trace[52] = '-';
    trace[53] = '0';
    trace[54] = '1';
    add("traceparent", store({trace, sizeof trace}));
  } else {
    add("traceparent", claims.traceparent);
  }
  const size_t start = memory_.size();
  if (!claims.forwarded_for.empty()) memory_.append(claims.forwarded_for).append(", ");
  memory_.append(context.client);
  add("X-Forwarded-For", std::string_view(memory_).substr(start));
  add("X-Forwarded-Proto", claims.proto.empty() ? head.scheme : claims.proto);
  add_forwarded(head, context, claims.forwarded);
  add("Via", head.version_minor == 0 ? "1.0 weir" : "1.1 weir");
}

void ForwardingFields::add_forwarded(const proto::http::RequestHead& head, const ForwardingContext& context,
                                     std::string_view previous) {
  const size_t start = memory_.size();
  if (!previous.empty()) memory_.append(previous).append(", ");
  const bool v6 = context.client.find(':') != std::string_view::npos;
  memory_.append(v6 ? "for=\"[" : "for=").append(context.client).append(v6 ? "]\"" : "");
  // RFC 7239 section 4: a host with a port is no token and must be quoted. Host syntax admits no quote.
  if (!head.authority.empty()) memory_.append(";host=\"").append(head.authority).append("\"");
  memory_.append(";proto=").append(head.scheme);
  add("Forwarded", std::string_view(memory_).substr(start));
}

}  // namespace weir::l7::core
