#include "base/ip.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace weir {

namespace {

constexpr std::array<uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// Do the first `bits` bits agree?
bool same_prefix(std::span<const uint8_t> a, std::span<const uint8_t> b, size_t bits) {
  const size_t whole = bits / 8, rest = bits % 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<ptrdiff_t>(whole), b.begin())) return false;
  const auto mask = static_cast<uint8_t>(0xff00 >> rest);
  return rest == 0 || (a[whole] & mask) == (b[whole] & mask);
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  // inet_pton stops at a NUL: what follows it would be overlooked.
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  *std::copy(text.begin(), text.end(), terminated) = '\0';
  IpAddress parsed;
  if (::inet_pton(AF_INET, terminated, parsed.bytes.data()) == 1) {
    parsed.family = Family::v4;
  } else if (::inet_pton(AF_INET6, terminated, parsed.bytes.data()) == 1) {
    parsed.family = Family::v6;
  } else {
    return std::nullopt;
  }
  return parsed;
}

IpAddress IpAddress::from_bytes(std::span<const uint8_t> from) {
  IpAddress made{.family = from.size() == 4 ? Family::v4 : Family::v6};
  std::copy(from.begin(), from.end(), made.bytes.begin());
  return made;
}

std::string IpAddress::text() const {
  if (family == Family::none) return {};
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family == Family::v4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

IpAddress IpAddress::unmapped() const {
  if (family != Family::v6 || !std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return *this;
  return from_bytes(std::span(bytes).subspan(kMapped.size()));
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const size_t most = 8 * address->data().size();
  uint8_t bits = static_cast<uint8_t>(most);
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const char* const end = number.data() + number.size();
    const auto parsed = std::from_chars(number.data(), end, bits);
    if (number.empty() || parsed.ec != std::errc{} || parsed.ptr != end || bits > most) return std::nullopt;
  }
  IpNetwork network{.address = *address, .bits = bits};
  for (size_t i = bits; i < most; ++i) {
    if ((network.address.bytes[i / 8] & (0x80 >> i % 8)) != 0) return std::nullopt;
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& one) const {
  const IpAddress plain = address.family == IpAddress::Family::v4 ? one.unmapped() : one;
  return plain.family == address.family && same_prefix(plain.data(), address.data(), bits);
}

}  // namespace weir
