#include "l7/core/sticky_cookie.h"

#include <charconv>

#include "base/pen.h"
#include "proto/http/cookie.h"

namespace weir::l7::core {

namespace {

constexpr size_t kDigits = 16;

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

std::optional<uint64_t> read_sticky_cookie(const proto::http::RequestHead& head, const model::StickyConfig& config) {
  const auto value = proto::http::find_cookie(head.fields, config.cookie);
  if (!value || value->size() != kDigits || !is_lower_hex(*value)) return std::nullopt;
  uint64_t token = 0;
  std::from_chars(value->data(), value->data() + value->size(), token, 16);
  return token;
}

std::string make_sticky_cookie(uint64_t token, const model::StickyConfig& config, bool secure) {
  std::string out = config.cookie + "=";
  Pen(out, kDigits).hex(token);
  out += "; Path=/";
  if (config.ttl > Duration{}) out.append("; Max-Age=").append(std::to_string(config.ttl.ms() / 1000));
  out += "; HttpOnly; SameSite=Lax";
  if (secure) out += "; Secure";
  return out;
}

bool is_secure(const proto::http::RequestHead& head, bool trust_forwarded) {
  if (head.scheme == "https") return true;
  const auto* forwarded = head.find(proto::http::FieldId::x_forwarded_proto);
  return trust_forwarded && forwarded != nullptr && proto::http::iequals(forwarded->value, "https");
}

}  // namespace weir::l7::core
