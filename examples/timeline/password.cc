#include "examples/timeline/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace weir::timeline {

namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;
constexpr uint64_t kMemoryMax = 256ULL << 20;
constexpr std::string_view kScheme = "scrypt$";

using Salt = std::array<uint8_t, kSaltBytes>;
using Hash = std::array<uint8_t, kHashBytes>;

struct Stored {
  PasswordCost cost;
  Salt salt{};
  Hash hash{};
};

bool derive(std::string_view password, const PasswordCost& cost, const Salt& salt, Hash& hash) {
  if (cost.log2_n < 1 || cost.log2_n > 20) return false;
  return EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), uint64_t{1} << cost.log2_n, cost.r,
                        cost.p, kMemoryMax, hash.data(), hash.size()) == 1;
}

std::string hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

/// Takes the text up to the next '$' (or the end) off the front.
std::string_view take(std::string_view& rest) {
  const size_t end = rest.find('$');
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return piece;
}

template <class T>
bool read_number(std::string_view text, T& value, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_hex(std::string_view text, std::span<uint8_t> bytes) {
  if (text.size() != bytes.size() * 2) return false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (!read_number(text.substr(i * 2, 2), bytes[i], 16)) return false;
  }
  return true;
}

std::optional<Stored> read_stored(std::string_view text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  text.remove_prefix(kScheme.size());
  Stored stored;
  const bool read = read_number(take(text), stored.cost.log2_n, 10) && read_number(take(text), stored.cost.r, 10) &&
                    read_number(take(text), stored.cost.p, 10) && read_hex(take(text), stored.salt) &&
                    read_hex(text, stored.hash);
  return read ? std::optional(stored) : std::nullopt;
}

}  // namespace

std::string hash_password(std::string_view password, const PasswordCost& cost) {
  Salt salt;
  Hash hash;
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) return {};
  if (!derive(password, cost, salt, hash)) return {};
  return fmt::format("{}{}${}${}${}${}", kScheme, cost.log2_n, cost.r, cost.p, hex(salt), hex(hash));
}

bool verify_password(std::string_view password, std::string_view stored) {
  const auto expected = read_stored(stored);
  Hash hash;
  if (!expected || !derive(password, expected->cost, expected->salt, hash)) return false;
  return CRYPTO_memcmp(hash.data(), expected->hash.data(), hash.size()) == 0;
}

}  // namespace weir::timeline
