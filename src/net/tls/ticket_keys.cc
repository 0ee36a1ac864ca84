#include "net/tls/ticket_keys.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/check.h"

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

}  // namespace

Result<std::vector<TicketKey>, std::string> parse_ticket_keys(std::string_view bytes) {
  const size_t one = !bytes.empty() && bytes.size() % kLong == 0 ? kLong : kShort;
  if (bytes.empty() || bytes.size() % one != 0)
    return fail(std::string("ticket keys have 80 or 48 bytes each, and the file has ") + std::to_string(bytes.size()) +
                "; `openssl rand 80` makes one");
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
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return fail(path + ": " + std::strerror(errno));
  std::array<char, kBytesMax> room;
  const size_t size = std::fread(room.data(), 1, room.size(), file.get());
  auto keys = parse_ticket_keys({room.data(), size});
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
