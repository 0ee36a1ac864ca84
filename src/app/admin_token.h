#pragma once
// The secret by which the admin interface knows who may use it: read from a file, kept as its SHA-256 only, so that no
// page, log or memory of ours has the secret itself, and compared as such, which takes the same time whatever was said.
//
// It comes as `Authorization: Bearer TOKEN`, or as browsers send it after they have asked whoever sits before them:
// Basic (RFC 7617), with any name and the token as the password. Any thread.

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/config.h"

namespace weir::app {

/// What the file says: 16 to 512 visible characters, blanks around them apart. A file that everybody can read is none.
/// An error is one sentence that names the file.
Result<std::string, std::string> read_secret(const std::string& path);

class AdminToken {
 public:
  static Result<AdminToken, std::string> read(const std::string& path);
  explicit AdminToken(std::string_view secret);

  /// `authorization`: the value of that field; empty when there is none.
  [[nodiscard]] bool admits(std::string_view authorization) const;

 private:
  using Digest = std::array<unsigned char, 32>;
  static Digest digest_of(std::string_view secret);

  Digest digest_;
};

/// That of the configuration; null: it names none.
Result<std::shared_ptr<const AdminToken>, std::string> admin_token(const model::Config& config);

}  // namespace weir::app
