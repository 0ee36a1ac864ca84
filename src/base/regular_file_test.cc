#include "base/regular_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace weir {
namespace {

class RegularFile : public ::testing::Test {
 protected:
  RegularFile() { std::filesystem::create_directories(directory_); }
  ~RegularFile() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string path(const char* name) const { return (directory_ / name).string(); }
  std::string write(const char* name, const std::string& text) {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  const std::filesystem::path directory_ = std::filesystem::path(::testing::TempDir()) / "regular_file_test";
};

TEST_F(RegularFile, IsReadAsItIs) {
  const std::string bytes("a\0b\nc", 5);
  EXPECT_EQ(bytes, read_regular_file(write("bytes", bytes), 100));
  EXPECT_EQ(bytes, read_regular_file(path("bytes"), 5));
  EXPECT_EQ(bytes.substr(0, 3), read_regular_file(path("bytes"), 3)) << "no more than was asked for";
  EXPECT_EQ("", read_regular_file(write("empty", ""), 100));
  const std::string large(300'000, 'x');
  EXPECT_EQ(large, read_regular_file(write("large", large), 1'000'000));
  std::filesystem::create_symlink(path("bytes"), path("link"));
  EXPECT_EQ(bytes, read_regular_file(path("link"), 100)) << "secrets of Kubernetes are links";
  EXPECT_FALSE(read_regular_file("/proc/self/status", 100'000).value_or("").empty()) << "its size is said to be 0";
}

TEST_F(RegularFile, NothingElseIsWaitedFor) {
  ASSERT_EQ(0, ::mkfifo(path("pipe").c_str(), 0600));
  std::filesystem::create_symlink(path("pipe"), path("link"));
  const std::string others[] = {path("pipe"), path("link"), "/dev/zero", "/dev/null", directory_.string()};
  for (const std::string& each : others) {
    const auto read = read_regular_file(each, 100);
    ASSERT_FALSE(read.has_value()) << each;
    EXPECT_EQ("is not a regular file", read.error()) << each;
  }
  EXPECT_EQ("cannot be opened: No such file or directory", read_regular_file(path("nothing"), 100).error());
}

TEST_F(RegularFile, WhoMayReadIt) {
  write("file", "secret");
  ::chmod(path("file").c_str(), 0640);
  EXPECT_FALSE(is_readable_by_all(path("file")));
  ::chmod(path("file").c_str(), 0644);
  EXPECT_TRUE(is_readable_by_all(path("file")));
  EXPECT_FALSE(is_readable_by_all(path("nothing")));
}

}  // namespace
}  // namespace weir
