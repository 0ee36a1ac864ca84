#pragma once
// CRC32c (RFC 3309, iSCSI): a table of 256 entries, for headers of some hundred bytes once per connection.

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::proto::proxy {

inline constexpr std::array<uint32_t, 256> kCrc32cTable = [] {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78;
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < table.size(); ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? kReversedPolynomial : 0);
    table[byte] = rest;
  }
  return table;
}();

class Crc32c {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) rest_ = (rest_ >> 8) ^ kCrc32cTable[(rest_ ^ static_cast<uint8_t>(c)) & 0xff];
  }
  [[nodiscard]] uint32_t value() const { return ~rest_; }

 private:
  uint32_t rest_ = 0xffffffff;
};

}  // namespace weir::proto::proxy
