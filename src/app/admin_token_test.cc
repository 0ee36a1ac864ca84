#include "app/admin_token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace weir::app {
namespace {

constexpr std::string_view kSecret = "0123456789abcdef";

TEST(AdminToken, AdmitsWhoKnowsIt) {
  struct Row {
    const char* authorization;
    bool admitted;
  };
  const Row rows[] = {
      {"Bearer 0123456789abcdef", true},
      {"bearer   0123456789abcdef ", true},
      {"Basic YWRtaW46MDEyMzQ1Njc4OWFiY2RlZg==", true},   // admin:...
      {"basic OjAxMjM0NTY3ODlhYmNkZWY=", true},           // no name
      {"Basic MDEyMzQ1Njc4OWFiY2RlZg==", false},          // no colon: no password
      {"Basic YWRtaW46MDEyMzQ1Njc4OWFiY2RlZgo=", false},  // a line feed behind it
      {"Basic YWRtaW46MDEyMzQ1Njc4OWFiY2RlZg=", false},
      {"Basic !!!!", false},
      {"Basic ====", false},
      {"Basic ", false},
      {"Bearer 0123456789abcdeF", false},
      {"Bearer 0123456789abcde", false},
      {"Bearer 0123456789abcdef0", false},
      {"Bearer 0123456789abcdef, Bearer x", false},
      {"Bearer", false},
      {"Bearer ", false},
      {"0123456789abcdef", false},
      {"Digest 0123456789abcdef", false},
      {"", false},
  };
  const AdminToken token(kSecret);
  for (const Row& row : rows) EXPECT_EQ(token.admits(row.authorization), row.admitted) << row.authorization;
}

class SecretFile : public ::testing::Test {
 protected:
  SecretFile() : path_(::testing::TempDir() + "weir-token-" + std::to_string(::getpid())) {}
  ~SecretFile() override { std::filesystem::remove(path_); }
  std::string said(const std::string& text, mode_t mode = 0600) {
    std::ofstream(path_) << text;
    ::chmod(path_.c_str(), mode);
    const auto secret = read_secret(path_);
    return secret ? "=" + *secret : secret.error().substr(path_.size());
  }
  std::string path_;
};

TEST_F(SecretFile, HoldsOneTokenThatNotEverybodyCanRead) {
  const std::string none = ": must hold one token of 16 to 512 visible characters; `openssl rand -hex 32` makes one";
  EXPECT_EQ(said("0123456789abcdef\n"), "=0123456789abcdef");
  EXPECT_EQ(said(" \t0123456789abcdef\r\n\n"), "=0123456789abcdef");
  EXPECT_EQ(said(std::string(512, 'x')), "=" + std::string(512, 'x'));
  EXPECT_EQ(said("0123456789abcdef", 0640), "=0123456789abcdef");
  for (const char* text :
       {"", "\n", "0123456789abcde", "0123456789 abcdef", "0123456789abcd\x01f", "0123456789abcdé"}) {
    EXPECT_EQ(said(text), none) << text;
  }
  EXPECT_EQ(said(std::string(513, 'x')), none);
  EXPECT_EQ(said(std::string(100'000, 'x')), none);
  EXPECT_EQ(said("0123456789abcdef", 0644), ": can be read by everybody on this machine: chmod o-r");
}

TEST_F(SecretFile, MustBeThere) {
  EXPECT_EQ(read_secret(path_).error(), path_ + ": cannot be opened: No such file or directory");
  EXPECT_EQ(read_secret("/").error(), "/: is not a regular file");
  EXPECT_EQ(read_secret("/dev/zero").error(), "/dev/zero: is not a regular file");
}

}  // namespace
}  // namespace weir::app
