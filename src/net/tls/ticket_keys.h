#pragma once
// The keys that session tickets are sealed with (RFC 5077, and the same for TLS 1.3): the first issues, the others are
// still accepted. A ticket holds the whole session, so that a client resumes at whichever worker or machine has the
// key, and no server remembers anything. Whoever has a key can read what was sent in sessions resumed with TLS 1.2:
// keys are rotated, and never leave the process unless a file shares them among machines, or another process takes over
// from it.
//
// Threads: any; the set of keys is replaced as a whole.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::net::tls {

struct TicketKey {
  std::array<uint8_t, 16> name{};  ///< stands in the ticket in the clear, to find the key by
  std::array<uint8_t, 32> mac{};
  std::array<uint8_t, 32> cipher{};
  bool aes256 = true;  ///< false: only the first 16 bytes of mac and cipher count
  [[nodiscard]] size_t secret_bytes() const { return aes256 ? 32 : 16; }
};

/// What is in a file of keys: one or more of 80 bytes (name, 32 of HMAC, 32 of AES-256), or of 48 (name, 16 of AES-128,
/// 16 of HMAC), as nginx has them. A size that both would fit (240 bytes and multiples) is refused. The message of an
/// error does not name the file.
Result<std::vector<TicketKey>, std::string> parse_ticket_keys(std::string_view bytes);

/// Keys of our own making, of 80 bytes each, as they go from process to process.
std::string ticket_keys_bytes(const std::vector<TicketKey>& keys);
Result<std::vector<TicketKey>, std::string> parse_own_ticket_keys(std::string_view bytes);

class TicketKeys {
 public:
  static constexpr size_t kKept = 3;      ///< the one that issues, and two of the past
  static constexpr size_t kKeysMax = 16;  ///< of a file
  using Set = std::vector<TicketKey>;     ///< never empty
  TicketKeys() { rotate(); }
  explicit TicketKeys(Set keys) : keys_(std::make_shared<const Set>(std::move(keys))) {}

  /// Reads a file; the error names it.
  static Result<Set, std::string> load(const std::string& path);
  /// A new key issues; those that it follows are accepted on, the oldest goes.
  void rotate();
  void replace(Set keys);
  [[nodiscard]] std::shared_ptr<const Set> current() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Set> keys_;
};

}  // namespace weir::net::tls
