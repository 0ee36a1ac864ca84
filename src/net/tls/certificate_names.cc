#include "net/tls/certificate_names.h"

#include <algorithm>
#include <array>

namespace weir::net::tls {

namespace {

constexpr size_t kNameBytes = 255;

/// The name in lower case without the dot of the root, in `room`; empty when it cannot be a host name.
std::string_view canonical(std::string_view name, std::array<char, kNameBytes>& room) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > room.size()) return {};
  std::transform(name.begin(), name.end(), room.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return {room.data(), name.size()};
}

}  // namespace

bool CertificateNames::add(std::string_view name, size_t certificate) {
  std::array<char, kNameBytes> room;
  name = canonical(name, room);
  if (name.empty()) return true;
  const bool wildcard = name.substr(0, 2) == "*.";
  if (wildcard) name.remove_prefix(2);
  // A star elsewhere stands for nothing: partial wildcards have been given up by browsers, too.
  if (name.empty() || name.find('*') != std::string_view::npos) return true;
  return (wildcard ? below_ : exact_).try_emplace(std::string(name), certificate).second;
}

size_t CertificateNames::find(std::string_view host) const {
  std::array<char, kNameBytes> room;
  host = canonical(host, room);
  if (host.empty()) return kNone;
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  const size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0) return kNone;
  const auto found = below_.find(host.substr(dot + 1));
  return found != below_.end() ? found->second : kNone;
}

}  // namespace weir::net::tls
