#pragma once
// The PROXY protocol, versions 1 (text) and 2 (binary): the header that a balancer puts before the first byte of a
// connection, to say whose it is (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). A header makes a claim
// about the client's address, or none (LOCAL, UNKNOWN, UNSPEC, unix sockets: then the connection's own addresses hold).
//
// Strict where the specification is: what it says receivers must drop is refused with a reason. Additional fields (TLV)
// are passed over once their lengths add up; a CRC32c among them is verified. Pure.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"

namespace weir::proto::proxy {

enum class Version : uint8_t { v1, v2 };

/// Whose the connection is. Without a claim both addresses are none.
struct Header {
  IpPort source;
  IpPort destination;
  [[nodiscard]] bool claims() const { return source.address.family != IpAddress::Family::none; }
  bool operator==(const Header&) const = default;
};

/// Why a header is refused.
enum class Bad : uint8_t {
  none,
  no_header,     ///< the connection begins with something else
  too_long,      ///< more than kMaxBytes, or a version 1 line over its 107 bytes
  bad_line,      ///< version 1: not its words and single spaces
  bad_address,   ///< version 1: no address of the family it names
  bad_port,      ///< version 1: no number from 0 to 65535 without leading zeros
  bad_version,   ///< version 2's signature, another version
  bad_command,   ///< neither LOCAL nor PROXY
  bad_family,    ///< an address family or a transport that is not defined
  bad_length,    ///< too short for its addresses
  bad_field,     ///< an additional field that is longer than what is left, or a checksum that has not four bytes
  bad_checksum,  ///< CRC32c
};
inline constexpr size_t kBads = 12;
/// Stable: the label `reason` of metrics.
std::string_view name_of(Bad bad);

/// Certificates of clients travel in additional fields: two of the usual size fit.
inline constexpr size_t kMaxBytes = 4096;

enum class Parse : uint8_t { done, need_more, bad };
struct Parsed {
  Parse state = Parse::need_more;
  size_t consumed = 0;  ///< done: the header's bytes
  Bad bad = Bad::none;
};

/// `bytes`: the connection from its first byte on, as far as it is there. `header` is set when done.
Parsed parse(std::string_view bytes, Header& header);

/// The header for `header`. Without a claim UNKNOWN or LOCAL. Where source and destination differ in family, IPv4 is
/// written as the IPv6 address that stands for it.
void append(std::string& out, Version version, const Header& header);

}  // namespace weir::proto::proxy
