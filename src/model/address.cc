#include "model/address.h"

#include <arpa/inet.h>
#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace weir::model {
namespace {

constexpr std::string_view kForm = "host:port with a numeric IPv4 or [IPv6] host, or localhost";
constexpr std::string_view kNameForm = "host:port with a numeric IPv4 or [IPv6] host, or a host name";

enum class Names : bool { refused, allowed };

std::string form(Names names) { return std::string(names == Names::allowed ? kNameForm : kForm); }

Problem bad_form(std::string_view text, Names names) {
  return {fmt::format("{} is not an address", quote(text)), form(names)};
}

/// The canonical spelling of a numeric host; empty when it is not one.
std::string canonical(const std::string& host, int family) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> spelled{};
  if (inet_pton(family, host.c_str(), bytes.data()) != 1) return {};
  if (inet_ntop(family, bytes.data(), spelled.data(), spelled.size()) == nullptr) return {};
  return spelled.data();
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && std::all_of(label.begin(), label.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

Result<uint16_t, Problem> parse_port(std::string_view text, uint16_t port_min) {
  uint32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool number = !text.empty() && end == text.data() + text.size() && error != std::errc::invalid_argument;
  if (!number) {
    return fail(Problem{fmt::format("{} is not a port", quote(text)), "a number from 1 to 65535"});
  }
  if (error == std::errc::result_out_of_range || port > 65535 || port < port_min) {
    return fail(Problem{fmt::format("port {} is out of range", text), "1 to 65535"});
  }
  return static_cast<uint16_t>(port);
}

Result<Address, Problem> parse(std::string_view text, uint16_t port_min, Names names) {
  constexpr size_t kLongest = 300;  // a DNS name has at most 253 bytes
  const size_t colon = text.rfind(':');
  const bool embedded_nul = text.find('\0') != std::string_view::npos;  // inet_pton would stop there
  if (colon == std::string_view::npos || colon == 0 || text.size() > kLongest || embedded_nul) {
    return fail(bad_form(text, names));
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (!bracketed && host.find(':') != std::string_view::npos) {
    return fail(Problem{fmt::format("{} has an IPv6 host without brackets", quote(text)), form(names)});
  }
  const auto port = parse_port(text.substr(colon + 1), port_min);
  if (!port) return fail(port.error());
  if (!bracketed && host == "localhost") return Address{"localhost", *port};
  std::string numeric = canonical(std::string(host), bracketed ? AF_INET6 : AF_INET);
  if (!numeric.empty()) return Address{std::move(numeric), *port};
  if (bracketed || !is_dns_name(host)) return fail(bad_form(text, names));
  if (names == Names::allowed) return Address{lower(host), *port};
  return fail(Problem{fmt::format("{} is a name, and only endpoints may have one", quote(host)), form(names)});
}

}  // namespace

bool is_dns_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return false;
  for (std::string_view rest = text;;) {
    const size_t dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return std::any_of(label.begin(), label.end(), is_letter);
    rest.remove_prefix(dot + 1);
  }
}

Result<Address, Problem> parse_address(std::string_view text, uint16_t port_min) {
  return parse(text, port_min, Names::refused);
}

Result<Address, Problem> parse_endpoint_address(std::string_view text) { return parse(text, 1, Names::allowed); }

bool is_loopback(const Address& address) {
  return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

}  // namespace weir::model
