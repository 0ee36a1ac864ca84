#include "examples/timeline/token.h"

#include <sys/stat.h>

#include <fstream>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "examples/timeline/temporary_directory.h"

namespace weir::timeline {
namespace {

constexpr int64_t kNow = 1'800'000'000;

// The key pair of RFC 7515 appendix A.3.
constexpr char kPublic[] = R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
                           R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr char kPrivate[] =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})";

std::string base64url(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  while (out.ends_with('=')) out.pop_back();
  return out;
}

std::string good_claims() { return R"({"iss":"timeline","sub":"mallory","exp":)" + std::to_string(kNow + 1000) + "}"; }

std::string unsigned_token(std::string_view header, std::string_view claims) {
  return base64url(header) + "." + base64url(claims) + ".";
}

TokenKey test_key() {
  auto key = TokenKey::parse(kPrivate);
  CHECK(key.has_value());
  return std::move(*key);
}

TEST(Token, NamesItsUserUntilItExpires) {
  const TokenKey key = test_key();
  const std::string token = key.issue("alice", kNow);
  const auto user = key.verify(token, kNow + TokenKey::kLifetimeSeconds - 1);
  ASSERT_TRUE(user) << text_of(user.error());
  EXPECT_EQ(*user, "alice");
  EXPECT_EQ(key.verify(token, kNow + TokenKey::kLifetimeSeconds).error(), TokenFault::expired);
}

TEST(Token, EveryChangedCharacterIsNoticed) {
  const TokenKey key = test_key();
  const std::string token = key.issue("alice", kNow);
  // The last character of the signature carries four bits that no byte uses; all the others carry meaning.
  for (size_t i = 0; i + 1 < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(key.verify(changed, kNow)) << "character " << i << " of " << token;
  }
}

TEST(Token, OtherAlgorithmsAreRefused) {
  const TokenKey key = test_key();
  const std::string es256 = key.issue("alice", kNow);
  const std::string signature = es256.substr(es256.rfind('.') + 1);
  const std::string hs256_signed = [] {  // the classic confusion: the public key's text taken for an HMAC secret
    std::string input = unsigned_token(R"({"alg":"HS256","typ":"JWT"})", good_claims());
    input.pop_back();
    unsigned char mac[32];
    unsigned int size = sizeof mac;
    HMAC(EVP_sha256(), kPublic, sizeof kPublic - 1, reinterpret_cast<const unsigned char*>(input.data()), input.size(),
         mac, &size);
    return input + "." + base64url(std::string_view(reinterpret_cast<const char*>(mac), size));
  }();
  const struct {
    const char* message;
    std::string token;
  } cases[] = {
      {"none", unsigned_token(R"({"alg":"none"})", good_claims())},
      {"none with a signature", unsigned_token(R"({"alg":"none"})", good_claims()) + signature},
      {"None", unsigned_token(R"({"alg":"None"})", good_claims()) + signature},
      {"HS256 with the public key", hs256_signed},
      {"no algorithm", unsigned_token(R"({"typ":"JWT"})", good_claims()) + signature},
      {"ES256 without signature", unsigned_token(R"({"alg":"ES256"})", good_claims())},
      {"ES384", unsigned_token(R"({"alg":"ES384"})", good_claims()) + signature},
      {"a critical extension",
       unsigned_token(R"({"alg":"ES256","crit":["b64"],"b64":false})", good_claims()) + signature},
      {"another's signature", unsigned_token(R"({"alg":"ES256"})", good_claims()) + signature},
      {"algorithm as a number", unsigned_token(R"({"alg":5})", good_claims()) + signature},
      {"header as a list", unsigned_token(R"(["ES256"])", good_claims()) + signature},
  };
  for (const auto& c : cases) EXPECT_FALSE(key.verify(c.token, kNow)) << c.message;
}

TEST(Token, NonsenseIsMalformed) {
  const TokenKey key = test_key();
  const std::string token = key.issue("alice", kNow);
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), std::string("..."),
                                  std::string("a.b.c"), token + ".x", token.substr(0, token.rfind('.')),
                                  std::string(TokenKey::kTokenBytesMax + 1, 'A'), std::string(3, '\0'), "{" + token}) {
    EXPECT_FALSE(key.verify(text, kNow)) << text;
  }
}

TEST(Token, AnotherKeysTokenIsRefused) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("key");
  ASSERT_TRUE(TokenKey::make_file(path));
  const auto other = TokenKey::load(path);
  ASSERT_TRUE(other) << other.error().detail;
  EXPECT_EQ(test_key().verify(other->issue("alice", kNow), kNow).error(), TokenFault::bad_signature);
  EXPECT_TRUE(other->verify(other->issue("alice", kNow), kNow));
}

TEST(TokenKey, FileIsForItsOwnerAndNeverReplaced) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("key");
  ASSERT_TRUE(TokenKey::make_file(path));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_FALSE(TokenKey::make_file(path)) << "would lock out everybody who is logged in";
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  const auto loaded = TokenKey::load(path);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::permission);
  EXPECT_EQ(TokenKey::load(directory.file("absent")).error().code, Code::not_found);
}

TEST(TokenKey, OnlyAPrivateP256KeyIsAccepted) {
  const struct {
    const char* message;
    const char* jwk;
  } cases[] = {
      {"nothing", ""},
      {"not JSON", "hello"},
      {"a public key", kPublic},
      {"a symmetric key", R"({"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75"})"},
  };
  for (const auto& c : cases) EXPECT_FALSE(TokenKey::parse(c.jwk)) << c.message;
  EXPECT_TRUE(TokenKey::parse(kPrivate));
}

}  // namespace
}  // namespace weir::timeline
