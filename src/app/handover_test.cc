#include "app/handover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "net/acceptor.h"

namespace weir::app {
namespace {

using ::testing::HasSubstr;

net::Fd listening() {
  return std::move(*net::Acceptor::open(*net::SocketAddress::parse("127.0.0.1", 0), {.reuse_port = false}));
}

ino_t inode_of(const net::Fd& fd) {
  struct stat status {};
  EXPECT_EQ(0, ::fstat(fd.get(), &status));
  return status.st_ino;
}

class HandoverTest : public ::testing::Test {
 protected:
  HandoverTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(0, ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()));
    old_ = net::Fd(ends[0]);
    new_ = net::Fd(ends[1]);
    ::fcntl(old_.get(), F_SETFL, O_NONBLOCK);
  }
  net::Fd old_, new_;
};

TEST_F(HandoverTest, TheSameSocketsArrive) {
  Handover sent{.listeners = {}, .admin_address = "127.0.0.1:9901", .admin = listening(), .state = "{\"a\": 1}"};
  for (int i = 0; i < 3; ++i) sent.listeners["0.0.0.0:80"].push_back(listening());
  sent.listeners["[::]:443"].push_back(listening());
  ASSERT_TRUE(send_handover(old_.get(), sent).has_value());
  const auto got = Predecessor(std::move(new_)).receive();
  ASSERT_TRUE(got.has_value()) << got.error();
  EXPECT_EQ("{\"a\": 1}", got->state);
  EXPECT_EQ("127.0.0.1:9901", got->admin_address);
  EXPECT_EQ(inode_of(sent.admin), inode_of(got->admin));
  ASSERT_EQ(2u, got->listeners.size());
  for (const auto& [address, sockets] : sent.listeners) {
    ASSERT_EQ(sockets.size(), got->listeners.at(address).size()) << address;
    for (size_t i = 0; i < sockets.size(); ++i) {
      const net::Fd& fd = got->listeners.at(address)[i];
      EXPECT_EQ(inode_of(sockets[i]), inode_of(fd));
      EXPECT_EQ(FD_CLOEXEC, ::fcntl(fd.get(), F_GETFD)) << "no child of ours keeps it open";
    }
  }
}

TEST_F(HandoverTest, MoreSocketsThanFitIntoAPacket) {
  Handover sent{.listeners = {}, .admin_address = {}, .admin = {}, .state = std::string(1'000'000, 's')};
  const net::Fd one = listening();
  for (int i = 0; i < 450; ++i) sent.listeners["0.0.0.0:80"].emplace_back(::fcntl(one.get(), F_DUPFD_CLOEXEC, 3));
  ASSERT_TRUE(send_handover(old_.get(), sent).has_value());
  const auto got = Predecessor(std::move(new_)).receive();
  ASSERT_TRUE(got.has_value()) << got.error();
  EXPECT_EQ(450u, got->listeners.at("0.0.0.0:80").size());
  EXPECT_EQ(sent.state, got->state);
  EXPECT_FALSE(got->admin.valid());
}

TEST_F(HandoverTest, TheOldProcessHasGone) {
  old_.reset();
  const auto got = Predecessor(std::move(new_)).receive();
  ASSERT_FALSE(got.has_value());
  EXPECT_THAT(got.error(), HasSubstr("gone"));
}

TEST_F(HandoverTest, VerdictsComeAcross) {
  const struct {
    const char* message;
    Verdict verdict;
  } cases[] = {
      {"ready", {.ready = true, .failure = {}, .listeners = {"0.0.0.0:80", "[::1]:1"}, .admin_address = "127.0.0.1:1"}},
      {"ready, without admin", {.ready = true, .failure = {}, .listeners = {"0.0.0.0:80"}, .admin_address = {}}},
      {"not ready",
       {.ready = false, .failure = "weir.yaml:1: no\nweir.yaml:2: \"no\"", .listeners = {}, .admin_address = {}}},
  };
  for (const auto& row : cases) {
    const auto read = read_verdict(text_of(row.verdict));
    ASSERT_TRUE(read.has_value()) << row.message;
    EXPECT_EQ(row.verdict.ready, read->ready) << row.message;
    EXPECT_EQ(row.verdict.failure, read->failure) << row.message;
    EXPECT_EQ(row.verdict.listeners, read->listeners) << row.message;
    EXPECT_EQ(row.verdict.admin_address, read->admin_address) << row.message;
  }
  for (const char* none : {"", "ready", "{}", "{\"ready\": 1}", "[true]"}) EXPECT_FALSE(read_verdict(none)) << none;
}

TEST_F(HandoverTest, ItIsFoundInTheEnvironmentOnce) {
  ::setenv(Predecessor::kVariable, std::to_string(new_.release()).c_str(), 1);
  auto predecessor = Predecessor::from_environment();
  ASSERT_TRUE(predecessor.has_value());
  EXPECT_EQ(nullptr, std::getenv(Predecessor::kVariable)) << "what this process starts takes over from nobody";
  EXPECT_FALSE(Predecessor::from_environment().has_value());
  predecessor->say({.ready = false, .failure = "no", .listeners = {}, .admin_address = {}});
  std::array<char, 256> text{};
  const ssize_t n = ::recv(old_.get(), text.data(), text.size(), 0);
  ASSERT_GT(n, 0);
  EXPECT_EQ("no", read_verdict({text.data(), static_cast<size_t>(n)})->failure);
}

TEST_F(HandoverTest, WhatIsNoChannelIsNone) {
  for (const char* text : {"", "x", "2", "9999", "3x"}) {
    ::setenv(Predecessor::kVariable, text, 1);
    EXPECT_FALSE(Predecessor::from_environment().has_value()) << text;
  }
}

}  // namespace
}  // namespace weir::app
