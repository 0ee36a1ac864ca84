#include "l7/core/forwarding.h"

#include <algorithm>
#include <cstdint>

#include "base/pen.h"

namespace weir::l7::core {

using proto::http::Field;
using proto::http::FieldId;

namespace {

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

/// The client's claims, as far as they are to be kept.
struct Claims {
  std::string_view request_id, traceparent, proto;
  size_t lists = 0;  ///< bytes that the X-Forwarded-For and Forwarded fields to be extended take, with separators
};

/// What a list says over all its fields, in order (RFC 9110 section 5.3), followed by a separator.
void put_list(Pen& pen, const proto::http::RequestHead& head, FieldId id) {
  for (const Field& field : head.fields) {
    if (field.id == id && !field.value.empty()) pen.put(field.value).put(", ");
  }
}

Claims take_claims(proto::http::RequestHead& head, bool trust, bool verified) {
  Claims claims;
  const auto take = [&](Field& field, std::string_view& into, bool keep) {
    field.hop_by_hop = true;
    if (keep) into = field.value;
  };
  for (Field& field : head.fields) {
    switch (field.id) {
      case FieldId::host: field.hop_by_hop = field.value != head.authority; break;
      case FieldId::x_forwarded_for:
      case FieldId::forwarded:
        field.hop_by_hop = true;
        claims.lists += field.value.size() + 2;
        break;
      case FieldId::x_forwarded_proto: take(field, claims.proto, trust); break;
      case FieldId::x_forwarded_client_cert: field.hop_by_hop = !trust || verified; break;
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

/// The fields lie in memory as they would on an HTTP/1 wire, one behind the other: a codec that wants it so copies them
/// in one go.
void ForwardingFields::end_field(Pen& pen, FieldId id, std::string_view name, const char* value) {
  Field& field = fields_[count_++];
  field.name = {value - 2 - name.size(), name.size()};
  field.value = {value, static_cast<size_t>(pen.at() - value)};
  field.id = id;
  pen.put("\r\n");
}

void ForwardingFields::build(proto::http::RequestHead& head, const ForwardingContext& context, Prng& prng) {
  const Claims claims = take_claims(head, context.trust_forwarded, !context.certificate.empty());
  count_ = 0;
  const size_t most = 416 + 2 * context.client.size() + head.authority.size() + 2 * head.scheme.size() +
                      claims.proto.size() + claims.lists + context.certificate.size() + claims.request_id.size();
  if (memory_.size() < most || memory_.size() > most + kBytesKept) std::vector<char>(most).swap(memory_);
  Pen pen(memory_);
  add_ids(pen, claims.request_id, claims.traceparent, prng);

  const char* value = pen.put("X-Forwarded-For: ").at();
  if (context.trust_forwarded) put_list(pen, head, FieldId::x_forwarded_for);
  pen.put(context.client);
  end_field(pen, FieldId::x_forwarded_for, "X-Forwarded-For", value);

  value = pen.put("X-Forwarded-Proto: ").at();
  pen.put(claims.proto.empty() ? head.scheme : claims.proto);
  end_field(pen, FieldId::x_forwarded_proto, "X-Forwarded-Proto", value);

  if (!context.certificate.empty()) {
    value = pen.put("X-Forwarded-Client-Cert: ").at();
    pen.put(context.certificate);
    end_field(pen, FieldId::x_forwarded_client_cert, "X-Forwarded-Client-Cert", value);
  }

  add_forwarded(pen, head, context);

  value = pen.put("Via: ").at();
  pen.put(head.version_major == 2   ? std::string_view("2.0 weir")
          : head.version_minor == 0 ? std::string_view("1.0 weir")
                                    : std::string_view("1.1 weir"));
  end_field(pen, FieldId::other, "Via", value);
}

void ForwardingFields::add_ids(Pen& pen, std::string_view request_id, std::string_view traceparent, Prng& prng) {
  const uint64_t high = prng.next(), low = prng.next() | 1;
  const char* value = pen.put("X-Request-Id: ").at();
  if (request_id.empty()) {
    pen.hex(high).hex(low);
  } else {
    pen.put(request_id);
  }
  request_id_ = {value, static_cast<size_t>(pen.at() - value)};
  end_field(pen, FieldId::x_request_id, "X-Request-Id", value);

  value = pen.put("traceparent: ").at();
  if (traceparent.empty()) {
    // A new trace whose id is the request's, sampled: the decision not to keep it is the collector's.
    pen.put("00-");
    if (request_id.empty()) {
      pen.put(request_id_);
    } else {
      pen.hex(high).hex(low);
    }
    pen.put("-").hex(prng.next() | 1).put("-01");
  } else {
    pen.put(traceparent);
  }
  end_field(pen, FieldId::traceparent, "traceparent", value);
}

void ForwardingFields::add_forwarded(Pen& pen, const proto::http::RequestHead& head, const ForwardingContext& context) {
  const char* value = pen.put("Forwarded: ").at();
  if (context.trust_forwarded) put_list(pen, head, FieldId::forwarded);
  if (context.client.find(':') != std::string_view::npos) {
    pen.put("for=\"[").put(context.client).put("]\"");
  } else {
    pen.put("for=").put(context.client);
  }
  // RFC 7239 section 4: a host with a port is no token and must be quoted. Host syntax admits no quote.
  if (!head.authority.empty()) pen.put(";host=\"").put(head.authority).put("\"");
  pen.put(";proto=").put(head.scheme);
  end_field(pen, FieldId::forwarded, "Forwarded", value);
}

}  // namespace weir::l7::core
