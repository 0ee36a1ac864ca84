#include "net/tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/regular_file.h"

namespace weir::net::tls {

namespace {

constexpr size_t kLong = 80;
constexpr size_t kShort = 48;

template <size_t N>
void take(std::string_view& from, std::array<uint8_t, N>& to, size_t count) {
  std::memcpy(to.data(), from.data(), count);
  from.remove_prefix(count);
}

TicketKey parse_one(std::string_view bytes) {
  TicketKey key;
  key.aes256 = bytes.size() == kLong;
  take(bytes, key.name, 16);
  if (key.aes256) {
    take(bytes, key.mac, 32);
    take(bytes, key.cipher, 32);
  } else {
    take(bytes, key.cipher, 16);
    take(bytes, key.mac, 16);
  }
  return key;
}

/// `one`: how many bytes each has.
Result<std::vector<TicketKey>, std::string> parse_keys(std::string_view bytes, size_t one) {
  std::vector<TicketKey> keys;
  for (; !bytes.empty(); bytes.remove_prefix(one)) {
    keys.push_back(parse_one(bytes.substr(0, one)));
    const auto same = [&](const TicketKey& each) { return each.name == keys.back().name; };
    if (std::any_of(keys.begin(), keys.end() - 1, same))
      return fail("key " + std::to_string(keys.size()) + " has the name of another one: their first 16 bytes differ");
    if (keys.size() > TicketKeys::kKeysMax)
      return fail("there are more than " + std::to_string(TicketKeys::kKeysMax) + " ticket keys");
  }
  return keys;
}

}  // namespace

Result<std::vector<TicketKey>, std::string> parse_ticket_keys(std::string_view bytes) {
  const bool of_long = bytes.size() % kLong == 0, of_short = bytes.size() % kShort == 0;
  if (bytes.empty() || (!of_long && !of_short))
    return fail(std::string("ticket keys have 80 or 48 bytes each, and the file has ") + std::to_string(bytes.size()) +
                "; `openssl rand 80` makes one");
  const size_t longs = bytes.size() / kLong, shorts = bytes.size() / kShort;
  // Read as the others, they would be keys that no other machine has, and parts of secrets sent in the clear as names.
  if (of_long && of_short && shorts <= TicketKeys::kKeysMax)
    return fail("the file's " + std::to_string(bytes.size()) + " bytes may be " + std::to_string(longs) +
                " keys of 80 bytes or " + std::to_string(shorts) +
                " of 48, which nothing tells apart: one key more or less, please");
  return parse_keys(bytes, of_long ? kLong : kShort);
}

Result<std::vector<TicketKey>, std::string> parse_own_ticket_keys(std::string_view bytes) {
  if (bytes.empty() || bytes.size() % kLong != 0) return fail(std::string("these are no ticket keys of 80 bytes"));
  return parse_keys(bytes, kLong);
}

std::string ticket_keys_bytes(const std::vector<TicketKey>& keys) {
  std::string bytes;
  const auto put = [&](const auto& part) { bytes.append(part.begin(), part.end()); };
  for (const TicketKey& key : keys) {
    DCHECK(key.aes256);
    put(key.name);
    put(key.mac);
    put(key.cipher);
  }
  return bytes;
}

Result<TicketKeys::Set, std::string> TicketKeys::load(const std::string& path) {
  constexpr size_t kBytesMax = kLong * (kKeysMax + 1);
  auto bytes = read_regular_file(path, kBytesMax);
  if (!bytes) return fail(path + ": " + bytes.error());
  auto keys = parse_ticket_keys(*bytes);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  if (!keys) return fail(path + ": " + keys.error());
  return keys;
}

void TicketKeys::rotate() {
  TicketKey fresh;
  CHECK(RAND_bytes(fresh.name.data(), static_cast<int>(fresh.name.size())) == 1);
  CHECK(RAND_priv_bytes(fresh.mac.data(), static_cast<int>(fresh.mac.size())) == 1);
  CHECK(RAND_priv_bytes(fresh.cipher.data(), static_cast<int>(fresh.cipher.size())) == 1);
  const std::lock_guard lock(mutex_);
  Set keys{fresh};
  if (keys_) keys.insert(keys.end(), keys_->begin(), keys_->begin() + std::min(keys_->size(), kKept - 1));
  keys_ = std::make_shared<const Set>(std::move(keys));
}

void TicketKeys::replace(Set keys) {
  CHECK(!keys.empty());
  const std::lock_guard lock(mutex_);
  keys_ = std::make_shared<const Set>(std::move(keys));
}

std::shared_ptr<const TicketKeys::Set> TicketKeys::current() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

}  // namespace weir::net::tls
