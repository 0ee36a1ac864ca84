#include "examples/timeline/token.h"

#include <cjose/header.h>
#include <cjose/jws.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <jansson.h>

#include "base/json.h"
#include "examples/timeline/flat_json.h"

namespace weir::timeline {

namespace {

constexpr std::string_view kIssuer = "timeline";
constexpr char kAlgorithm[] = "ES256";

struct ReleaseJws {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
struct ReleaseHeader {
  void operator()(cjose_header_t* header) const { cjose_header_release(header); }
};
struct CloseFile {
  int fd;
  ~CloseFile() { ::close(fd); }
};
using Jws = std::unique_ptr<cjose_jws_t, ReleaseJws>;
using Header = std::unique_ptr<cjose_header_t, ReleaseHeader>;

Error os_failure(const char* detail) {
  return Error{.code = errno == ENOENT   ? Code::not_found
                       : errno == EACCES ? Code::permission
                                         : Code::io_failed,
               .os_error = errno,
               .detail = detail};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ::fsync(fd) == 0;
}

/// Extensions that we do not understand but must (`crit`, RFC 7515 section 4.1.11) are refused with the rest.
bool header_is_ours(const json_t* header) {
  const char* algorithm = json_string_value(json_object_get(header, CJOSE_HDR_ALG));
  return algorithm != nullptr && std::string_view(algorithm) == kAlgorithm &&
         json_object_get(header, "crit") == nullptr;
}

Result<std::string, TokenFault> check_claims(std::string_view payload, int64_t now_unix) {
  const auto claims = FlatJson::parse(payload);
  if (!claims) return fail(TokenFault::bad_claims);
  const std::string* issuer = claims->string("iss");
  const std::string* subject = claims->string("sub");
  const int64_t* expires = claims->integer("exp");
  if (issuer == nullptr || *issuer != kIssuer || subject == nullptr || subject->empty() || expires == nullptr) {
    return fail(TokenFault::bad_claims);
  }
  if (now_unix >= *expires) return fail(TokenFault::expired);
  return *subject;
}

}  // namespace

std::string_view text_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::malformed: return "the token is not a compact JWS";
    case TokenFault::wrong_algorithm: return "the token is not signed with ES256";
    case TokenFault::bad_signature: return "the token's signature does not match";
    case TokenFault::bad_claims: return "the token lacks a claim that this service sets";
    case TokenFault::expired: return "the token has expired";
  }
  return "";
}

Result<void> TokenKey::make_file(const std::string& path) {
  cjose_err error{};
  const TokenKey key(cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error));
  if (key.key_ == nullptr) return fail(Error{.code = Code::io_failed, .detail = "generate a key"});
  const std::unique_ptr<char, decltype(&std::free)> text(cjose_jwk_to_json(key.key_.get(), true, &error), &std::free);
  if (text == nullptr) return fail(Error{.code = Code::io_failed, .detail = "write the key as JSON"});

  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return fail(os_failure("create the key file"));
  const CloseFile close_file{fd};
  if (!write_all(fd, text.get()) || !write_all(fd, "\n")) {
    const Error failure = os_failure("write the key file");
    ::unlink(path.c_str());
    return fail(failure);
  }
  return {};
}

Result<TokenKey> TokenKey::load(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail(os_failure("open the key file"));
  const CloseFile close_file{fd};
  struct stat status {};
  if (::fstat(fd, &status) != 0) return fail(os_failure("read the key file"));
  if ((status.st_mode & S_IRWXO) != 0) {
    return fail(Error{.code = Code::permission, .detail = "everybody may use the key file (chmod o= makes it safe)"});
  }
  std::array<char, 4096> text{};  // a P-256 JWK takes about 200 bytes
  const ssize_t size = ::read(fd, text.data(), text.size());
  if (size < 0) return fail(os_failure("read the key file"));
  return parse(std::string_view(text.data(), static_cast<size_t>(size)));
}

Result<TokenKey> TokenKey::parse(std::string_view jwk) {
  cjose_err error{};
  TokenKey key(cjose_jwk_import(jwk.data(), jwk.size(), &error));
  const auto refuse = [](const char* why) { return fail(Error{.code = Code::invalid_argument, .detail = why}); };
  if (key.key_ == nullptr) return refuse("the key is not a JWK");
  if (cjose_jwk_get_kty(key.key_.get(), &error) != CJOSE_JWK_KTY_EC ||
      cjose_jwk_EC_get_curve(key.key_.get(), &error) != CJOSE_JWK_EC_P_256) {
    return refuse("the key is not on the curve P-256");
  }
  // A public key imports just as well; only trying tells.
  if (!key.verify(key.issue("probe", 0), 0)) return refuse("the key has no private part");
  return key;
}

std::string TokenKey::issue(std::string_view user, int64_t now_unix) const {
  cjose_err error{};
  const Header header(cjose_header_new(&error));
  if (header == nullptr || !cjose_header_set(header.get(), CJOSE_HDR_ALG, kAlgorithm, &error) ||
      !cjose_header_set(header.get(), "typ", "JWT", &error)) {
    return {};
  }
  std::string claims =
      fmt::format("{{\"iss\":\"{}\",\"iat\":{},\"exp\":{},\"sub\":", kIssuer, now_unix, now_unix + kLifetimeSeconds);
  append_json_string(claims, user);
  claims += '}';
  const auto* bytes = reinterpret_cast<const uint8_t*>(claims.data());
  const Jws jws(cjose_jws_sign(key_.get(), header.get(), bytes, claims.size(), &error));
  const char* compact = nullptr;
  if (jws == nullptr || !cjose_jws_export(jws.get(), &compact, &error)) return {};
  return compact;
}

Result<std::string, TokenFault> TokenKey::verify(std::string_view token, int64_t now_unix) const {
  if (token.empty() || token.size() > kTokenBytesMax) return fail(TokenFault::malformed);
  cjose_err error{};
  const Jws jws(cjose_jws_import(token.data(), token.size(), &error));
  if (jws == nullptr) return fail(TokenFault::malformed);
  if (!header_is_ours(cjose_jws_get_protected(jws.get()))) return fail(TokenFault::wrong_algorithm);
  if (!cjose_jws_verify(jws.get(), key_.get(), &error)) return fail(TokenFault::bad_signature);
  uint8_t* payload = nullptr;
  size_t size = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &payload, &size, &error)) return fail(TokenFault::malformed);
  return check_claims(std::string_view(reinterpret_cast<const char*>(payload), size), now_unix);
}

}  // namespace weir::timeline
