#include "app/admin_token.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/regular_file.h"
#include "model/endpoints_file.h"
#include "net/tls/pem.h"
#include "proto/http/message.h"

namespace weir::app {

namespace {

constexpr size_t kMinBytes = 16;
constexpr size_t kMaxBytes = 512;

bool is_visible(char c) { return c > ' ' && c < 0x7f; }

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

/// What follows `scheme` and blanks in a field's value.
std::optional<std::string_view> credentials(std::string_view field, std::string_view scheme) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return std::nullopt;
  if (!proto::http::iequals(field.substr(0, scheme.size()), scheme)) return std::nullopt;
  return trim(field.substr(scheme.size()));
}

/// The password of a Basic credential.
std::optional<std::string> password_of(std::string_view encoded) {
  if (encoded.empty() || encoded.size() % 4 != 0 || encoded.size() > 2 * kMaxBytes) return std::nullopt;
  std::string decoded(encoded.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                      reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size()));
  if (size < 0) return std::nullopt;
  const auto padding = static_cast<size_t>(std::count(encoded.end() - 2, encoded.end(), '='));
  decoded.resize(static_cast<size_t>(size) - padding);
  const size_t colon = decoded.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return decoded.substr(colon + 1);
}

}  // namespace

Result<std::string, std::string> read_secret(const std::string& path) {
  const auto wrong = [&](std::string_view what) { return fail(fmt::format("{}: {}", path, what)); };
  auto text = read_regular_file(path, kMaxBytes + 64);
  if (!text) return wrong(text.error());
  if (is_readable_by_all(path)) return wrong(net::tls::kReadableByAll);
  std::string secret(trim(*text));
  OPENSSL_cleanse(text->data(), text->size());
  if (secret.size() < kMinBytes || secret.size() > kMaxBytes ||
      !std::all_of(secret.begin(), secret.end(), is_visible)) {
    return wrong(fmt::format("must hold one token of {} to {} visible characters; `openssl rand -hex 32` makes one",
                             kMinBytes, kMaxBytes));
  }
  return secret;
}

Result<AdminToken, std::string> AdminToken::read(const std::string& path) {
  auto secret = read_secret(path);
  if (!secret) return fail(secret.error());
  AdminToken token(*secret);
  OPENSSL_cleanse(secret->data(), secret->size());
  return token;
}

AdminToken::AdminToken(std::string_view secret) : digest_(digest_of(secret)) {}

AdminToken::Digest AdminToken::digest_of(std::string_view secret) {
  Digest digest{};
  CHECK(EVP_Digest(secret.data(), secret.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return digest;
}

bool AdminToken::admits(std::string_view authorization) const {
  Digest said{};
  if (const auto bearer = credentials(authorization, "bearer")) {
    said = digest_of(*bearer);
  } else if (const auto basic = credentials(authorization, "basic")) {
    const auto password = password_of(*basic);
    if (!password) return false;
    said = digest_of(*password);
  } else {
    return false;
  }
  return CRYPTO_memcmp(said.data(), digest_.data(), digest_.size()) == 0;
}

Result<std::shared_ptr<const AdminToken>, std::string> admin_token(const model::Config& config) {
  if (config.admin_token_file.empty()) return std::shared_ptr<const AdminToken>();
  auto token = AdminToken::read(model::endpoints_path(config.path, config.admin_token_file));
  if (!token) return fail("admin_token_file: " + token.error());
  return std::make_shared<const AdminToken>(*token);
}

}  // namespace weir::app
