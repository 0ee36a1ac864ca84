#pragma once
// Who is asking, without remembering anybody: a signed token (JWT, RFC 7519) that any instance with the same key file
// can check. The algorithm is pinned to ES256 (RFC 7518 section 3.4) on both sides: a token that names another one,
// `none` and HS256 above all, is refused before its signature is looked at (RFC 8725 section 3.1).
//
// The key is a file with a private EC P-256 JWK (RFC 7517). Time is an argument. One thread per TokenKey.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <cjose/jwk.h>

#include "base/result.h"

namespace weir::timeline {

enum class TokenFault : uint8_t { malformed, wrong_algorithm, bad_signature, bad_claims, expired };
std::string_view text_of(TokenFault fault);

class TokenKey {
 public:
  static constexpr int64_t kLifetimeSeconds = 24 * 3600;
  static constexpr size_t kTokenBytesMax = 2048;

  /// Writes a fresh key for its owner only (mode 0600); refuses to replace a file.
  [[nodiscard]] static Result<void> make_file(const std::string& path);
  /// Refuses a file that everybody may read.
  [[nodiscard]] static Result<TokenKey> load(const std::string& path);
  [[nodiscard]] static Result<TokenKey> parse(std::string_view jwk);

  /// Empty only when the cryptographic library fails.
  [[nodiscard]] std::string issue(std::string_view user, int64_t now_unix) const;
  /// The user whom the token names.
  [[nodiscard]] Result<std::string, TokenFault> verify(std::string_view token, int64_t now_unix) const;

 private:
  struct Release {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
  };
  explicit TokenKey(cjose_jwk_t* key) : key_(key) {}
  std::unique_ptr<cjose_jwk_t, Release> key_;
};

}  // namespace weir::timeline
