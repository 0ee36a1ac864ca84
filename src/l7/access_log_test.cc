// AccessLog: lines reach files and pipes, and a reader that has stopped holds up nobody.
#include "l7/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>

namespace weir::l7 {
namespace {

class AccessLogTest : public ::testing::Test {
 protected:
  AccessLogTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "weir-access-log-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  ~AccessLogTest() override { std::filesystem::remove_all(directory_); }
  [[nodiscard]] std::string path(const char* name) const { return directory_ / name; }
  [[nodiscard]] static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  /// The writer has a thread of its own; looks again until it is true, for a generous time.
  static void until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    EXPECT_TRUE(done());
  }
  std::filesystem::path directory_;
};

TEST_F(AccessLogTest, LinesArriveInOrderBehindWhatWasThere) {
  std::ofstream(path("log")) << "before\n";
  std::string expected = "before\n";
  {
    const auto log = AccessLog::open(path("log")).value();
    EXPECT_EQ(log->target(), path("log"));
    for (int i = 0; i < 1000; ++i) {
      const std::string line = "{\"n\":" + std::to_string(i) + "}\n";
      EXPECT_TRUE(log->append(line));
      expected += line;
    }
  }
  EXPECT_EQ(read(path("log")), expected) << "what was taken is written before the end";
}

TEST_F(AccessLogTest, APipeThatNobodyReadsIsNotWaitedFor) {
  ASSERT_EQ(0, ::mkfifo(path("pipe").c_str(), 0600));
  const auto none = AccessLog::open(path("pipe"));
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().os_error, ENXIO);
  const net::Fd reader(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK));
  const auto log = AccessLog::open(path("pipe"));
  ASSERT_TRUE(log.has_value()) << "there is a reader now";
  EXPECT_TRUE((*log)->append("line\n"));
  std::string received;
  until([&] {
    char room[16];
    if (const ssize_t n = ::read(reader.get(), room, sizeof room); n > 0) received.append(room, static_cast<size_t>(n));
    return received == "line\n";
  });
  EXPECT_TRUE(AccessLog::open("/dev/null").has_value());
}

TEST_F(AccessLogTest, AnyThreadMayAppend) {
  {
    const auto log = AccessLog::open(path("log")).value();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) EXPECT_TRUE(log->append("0123456789abcde\n"));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::istringstream lines(read(path("log")));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_EQ(line, "0123456789abcde");
  EXPECT_EQ(count, 2000);
}

TEST_F(AccessLogTest, ReopenFollowsARotation) {
  const auto log = AccessLog::open(path("log")).value();
  ASSERT_TRUE(log->append("one\n"));
  until([&] { return read(path("log")) == "one\n"; });
  std::filesystem::rename(path("log"), path("log.1"));
  ASSERT_TRUE(log->append("two\n"));
  until([&] { return read(path("log.1")) == "one\ntwo\n"; });
  log->reopen();
  ASSERT_TRUE(log->append("three\n"));
  until([&] { return read(path("log")) == "three\n"; });
  EXPECT_EQ(read(path("log.1")), "one\ntwo\n");
}

TEST_F(AccessLogTest, AReopenThatFailsKeepsTheOldFile) {
  std::filesystem::create_directory(path("dir"));
  const std::string inside = path("dir") + "/log";
  const auto log = AccessLog::open(inside).value();
  std::filesystem::rename(path("dir"), path("moved"));
  log->reopen();
  ASSERT_TRUE(log->append("still here\n"));
  until([&] { return read(path("moved") + "/log") == "still here\n"; });
}

TEST_F(AccessLogTest, APathThatCannotBeOpenedIsAnError) {
  const auto log = AccessLog::open(path("missing") + "/log");
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, Code::io_failed);
  EXPECT_EQ(log.error().os_error, ENOENT);
}

TEST_F(AccessLogTest, OthersMayNotReadIt) {
  const auto log = AccessLog::open(path("log")).value();
  struct stat status {};
  ASSERT_EQ(::stat(path("log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07u, 0u);
}

TEST_F(AccessLogTest, AReaderThatStoppedHoldsUpNeitherAppendNorTheEnd) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const net::Fd reader(::open(path("pipe").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(reader.valid());
  auto log = AccessLog::open(path("pipe")).value();
  const std::string lines(1024 * 1024, 'x');
  int taken = 0;
  while (taken < 100 && log->append(lines)) ++taken;
  EXPECT_GE(taken, 8) << "eight megabytes may wait";
  EXPECT_LT(taken, 100) << "and then no more";
  EXPECT_FALSE(log->append(lines));
  // The test's own time limit is the assertion: an end that waits for the reader never comes.
  log.reset();
  pollfd readable{.fd = reader.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&readable, 1, 0), 1);
}

TEST_F(AccessLogTest, AReaderThatComesBackGetsWhatWaited) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const net::Fd reader(::open(path("pipe").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  auto log = AccessLog::open(path("pipe")).value();
  constexpr size_t kBytes = 512 * 1024;
  ASSERT_TRUE(log->append(std::string(kBytes, 'x')));
  size_t got = 0;
  char piece[4096];
  while (got < kBytes) {
    pollfd readable{.fd = reader.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(::poll(&readable, 1, 20'000), 1);
    const ssize_t n = ::read(reader.get(), piece, sizeof piece);
    ASSERT_GT(n, 0);
    got += static_cast<size_t>(n);
  }
  EXPECT_EQ(got, kBytes);
}

}  // namespace
}  // namespace weir::l7
