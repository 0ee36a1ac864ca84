#pragma once
// IP addresses as values: what a text, a packet or a socket says about who somebody is, to be compared, printed and
// looked for in a network. Pure; nothing here asks a resolver or opens a socket (net::SocketAddress does).

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir {

struct IpAddress {
  enum class Family : uint8_t { none, v4, v6 };
  Family family = Family::none;
  std::array<uint8_t, 16> bytes{};  ///< in network order; the first four with v4, the others then 0

  static std::optional<IpAddress> parse(std::string_view text);
  /// `from`: 4 or 16 bytes in network order.
  static IpAddress from_bytes(std::span<const uint8_t> from);
  [[nodiscard]] std::span<const uint8_t> data() const {
    return {bytes.data(), family == Family::none ? 0u : family == Family::v4 ? 4u : 16u};
  }
  /// Without brackets; empty for none.
  [[nodiscard]] std::string text() const;
  /// The IPv4 address that stands in ::ffff:0:0/96 (as sockets for both families show it); any other as it is.
  [[nodiscard]] IpAddress unmapped() const;
  bool operator==(const IpAddress&) const = default;
};

struct IpPort {
  IpAddress address;
  uint16_t port = 0;
  bool operator==(const IpPort&) const = default;
};

/// "10.0.0.0/8", "2001:db8::/32", or one address.
struct IpNetwork {
  IpAddress address;
  uint8_t bits = 0;

  /// Bits of the address behind the prefix must be 0: 10.1.2.3/8 is more likely a mistake than a network.
  static std::optional<IpNetwork> parse(std::string_view text);
  /// IPv4 addresses are found in networks of IPv4, however the socket shows them.
  [[nodiscard]] bool contains(const IpAddress& one) const;
  bool operator==(const IpNetwork&) const = default;
};

}  // namespace weir
