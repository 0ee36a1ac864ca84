#include "proto/http1/target.h"

namespace weir::proto::http1 {

using http::Method;
using http::RequestHead;

namespace {

bool is_port(std::string_view text) {
  unsigned value = 0;
  for (char c : text) {
    if (!scan::is(c, scan::kDigit)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > 65535) return false;
  }
  return true;
}

/// What stands between the brackets of an IPv6 address. No zone: it means something on one machine only.
bool is_ipv6_text(std::string_view text) {
  size_t colons = 0;
  for (char c : text) {
    if (c == ':') {
      ++colons;
    } else if (c != '.' && !scan::is(c, scan::kHex)) {
      return false;
    }
  }
  return colons >= 2 && text.size() <= 45;
}

/// Where the registered name at the front of `text` ends; npos when it has half an escape.
size_t reg_name_length(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* at = scan::find_name_end(text.data(), end, scan::kRegName);
  while (at != end && *at == '%') {
    if (end - at < 3 || !scan::is(at[1], scan::kHex) || !scan::is(at[2], scan::kHex)) return std::string_view::npos;
    at = scan::skip(at + 3, end, scan::kRegName);
  }
  return static_cast<size_t>(at - text.data());
}

size_t ipv6_length(std::string_view text) {
  const size_t close = text.find(']');
  const bool valid = close != std::string_view::npos && is_ipv6_text(text.substr(1, close - 1));
  return valid ? close + 1 : std::string_view::npos;
}

/// "scheme://" at the front of `target`: its length, and the scheme as a literal.
struct Scheme {
  std::string_view name;
  size_t length = 0;
};

Scheme scheme_of(std::string_view target) {
  if (http::iequals(target.substr(0, 7), "http://")) return {"http", 7};
  if (http::iequals(target.substr(0, 8), "https://")) return {"https", 8};
  return {};
}

Fault resolve_absolute(RequestHead& head) {
  const std::string_view raw = head.target;
  const Scheme scheme = scheme_of(raw);
  if (scheme.length == 0) return {Bad::bad_target, raw.data()};
  const std::string_view rest = raw.substr(scheme.length);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  const std::string_view target = rest.substr(authority.size());
  // Userinfo fails here too: '@' is in no host. A URI "http" without a host is invalid (RFC 9110 section 4.2.1).
  if (!is_authority(authority)) return {Bad::bad_target, rest.data()};
  head.scheme = scheme.name;
  head.authority = authority;
  if (target.empty()) {
    head.target = head.method == Method::options ? "*" : "/";
    return {};
  }
  // "http://host?query" would need a '/' that the bytes do not have; clients normalise the path, so nobody sends it.
  if (target.front() != '/') return {Bad::bad_target, target.data()};
  head.target = target;
  return {};
}

}  // namespace

bool is_authority(std::string_view text) {
  if (text.empty()) return false;
  const size_t host = text.front() == '[' ? ipv6_length(text) : reg_name_length(text);
  if (host == text.size()) return true;
  return host != 0 && host < text.size() && text[host] == ':' && is_port(text.substr(host + 1));
}

Fault resolve_target(RequestHead& head) {
  const std::string_view raw = head.target;
  const Fault fault{Bad::bad_target, raw.data()};
  if (head.method == Method::connect) {
    // RFC 9110 section 9.3.6: only authority-form, and with a port.
    const bool has_port = !raw.empty() && scan::is(raw.back(), scan::kDigit) &&
                          raw.rfind(':') != std::string_view::npos &&
                          raw.find(']', raw.rfind(':')) == std::string_view::npos;
    if (!has_port || !is_authority(raw)) return fault;
    head.authority = raw;
    return {};
  }
  if (raw.empty()) return fault;
  if (raw.front() == '/') return {};
  if (raw == "*") return head.method == Method::options ? Fault{} : fault;
  return resolve_absolute(head);
}

}  // namespace weir::proto::http1
