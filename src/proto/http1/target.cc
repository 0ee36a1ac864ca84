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

bool is_reg_name(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (scan::is(text[i], scan::kRegName)) continue;
    if (text[i] != '%' || text.size() - i < 3 || !scan::all(text.substr(i + 1, 2), scan::kHex)) return false;
    i += 2;
  }
  return !text.empty();
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
  size_t host_end = 0;
  if (text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || !is_ipv6_text(text.substr(1, close - 1))) return false;
    host_end = close + 1;
  } else {
    host_end = std::min(text.find(':'), text.size());
    if (!is_reg_name(text.substr(0, host_end))) return false;
  }
  if (host_end == text.size()) return true;
  return text[host_end] == ':' && is_port(text.substr(host_end + 1));
}

Fault resolve_target(RequestHead& head) {
  const std::string_view raw = head.target;
  const Fault fault{Bad::bad_target, raw.data()};
  if (head.method == Method::connect) {
    // RFC 9110 section 9.3.6: only authority-form, and with a port.
    const bool has_port = !raw.empty() && scan::is(raw.back(), scan::kDigit) && raw.rfind(':') != std::string_view::npos &&
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
