#include "app/binary.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace weir::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class BinaryTest : public ::testing::Test {
 protected:
  BinaryTest() {
    std::string pattern = (fs::temp_directory_path() / "weir-binary-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~BinaryTest() override { fs::remove_all(directory_); }
  std::string file(const std::string& name, mode_t mode) {
    const fs::path path = directory_ / name;
    std::ofstream(path) << "#!/bin/sh\n";
    EXPECT_EQ(0, ::chmod(path.c_str(), mode));
    return path.string();
  }
  fs::path directory_;
};

TEST_F(BinaryTest, WhatMayBeExecuted) {
  fs::create_directory(directory_ / "open");
  fs::create_directory(directory_ / "sticky");
  const std::string in_open = file("open/weir", 0755), in_sticky = file("sticky/weir", 0755);
  ASSERT_EQ(0, ::chmod((directory_ / "open").c_str(), 0777));
  ASSERT_EQ(0, ::chmod((directory_ / "sticky").c_str(), 01777));
  fs::create_symlink(in_open, directory_ / "link");
  const struct {
    const char* message;
    const char* refused;  ///< empty: it is fine
    std::string path;
  } cases[] = {
      {"ours, and nobody else writes it", "", file("good", 0755)},
      {"in a directory like /tmp", "", in_sticky},
      {"its group may write it", "can be written by others", file("group", 0775)},
      {"everybody may", "can be written by others", file("all", 0757)},
      {"everybody may put another one there", "can be written by others", in_open},
      {"a link to such a one", "can be written by others", (directory_ / "link").string()},
      {"it cannot be executed", "Permission denied", file("data", 0644)},
      {"a directory", "is no file", (directory_ / "sticky").string()},
      {"it is not there", "No such file", (directory_ / "absent").string()},
      {"relative to whom?", "absolute", "weir"},
  };
  for (const auto& row : cases) {
    const auto trusted = trusted_binary(row.path);
    if (*row.refused == '\0') {
      ASSERT_TRUE(trusted.has_value()) << row.message << ": " << trusted.error();
      EXPECT_EQ(fs::canonical(row.path).string(), *trusted) << row.message;
    } else {
      ASSERT_FALSE(trusted.has_value()) << row.message;
      EXPECT_THAT(trusted.error(), HasSubstr(row.refused)) << row.message;
    }
  }
}

TEST_F(BinaryTest, SomebodyElses) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const std::string path = file("foreign", 0755);
  ASSERT_EQ(0, ::chown(path.c_str(), 12345, 12345));
  const auto trusted = trusted_binary(path);
  ASSERT_FALSE(trusted.has_value());
  EXPECT_THAT(trusted.error(), HasSubstr("another user"));
}

TEST_F(BinaryTest, OnesOwn) {
  const auto own = own_binary();
  ASSERT_TRUE(own.has_value());
  EXPECT_THAT(*own, HasSubstr("app_test"));
  const auto words = own_arguments("/other");
  ASSERT_TRUE(words.has_value());
  EXPECT_EQ("/other", words->front());
}

}  // namespace
}  // namespace weir::app
