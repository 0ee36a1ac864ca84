#pragma once
// Which certificate a client gets that asks for a name (SNI): an exact name before a wildcard, which stands for one
// label (RFC 6125 section 6.4.3), the one added first where two have the same name. Only names of SANs count: common
// names are no names any more. Lookups cost two hashes, however many certificates there are.

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace weir::net::tls {

class CertificateNames {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  /// `name` as a certificate has it, such as "example.org" or "*.example.org". False when another one has it already.
  bool add(std::string_view name, size_t certificate);
  /// `host` as a client sent it: hostile bytes. kNone where no name fits.
  [[nodiscard]] size_t find(std::string_view host) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Table = std::unordered_map<std::string, size_t, Hash, std::equal_to<>>;
  Table exact_;
  Table below_;  ///< "*.example.org" as "example.org"
};

}  // namespace weir::net::tls
