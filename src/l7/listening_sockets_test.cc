#include "l7/listening_sockets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <set>
#include <utility>

#include "net/acceptor.h"

namespace weir::l7 {
namespace {

ino_t inode_of(const net::Fd& fd) {
  struct stat status {};
  EXPECT_EQ(0, ::fstat(fd.get(), &status));
  return status.st_ino;
}

/// An address that nobody else has: the port is the system's choice.
net::SocketAddress some_address() {
  const auto fd = net::Acceptor::open(*net::SocketAddress::parse("127.0.0.1", 0), {.reuse_port = false});
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  EXPECT_EQ(0, ::getsockname(fd->get(), reinterpret_cast<sockaddr*>(&storage), &length));
  return {storage, length};
}

TEST(ListeningSockets, EveryWorkerHasOneAndNoneIsLeftOver) {
  const struct {
    const char* message;
    size_t inherited, workers;
    size_t expected;  ///< different sockets in all
  } cases[] = {
      {"a first start", 0, 3, 3},
      {"as many workers as before", 3, 3, 3},
      {"more workers: further sockets", 2, 5, 5},
      {"fewer workers: some accept from several", 5, 2, 5},
      {"one for all", 4, 1, 4},
  };
  for (const auto& row : cases) {
    SCOPED_TRACE(row.message);
    const net::SocketAddress address = some_address();
    std::vector<net::Fd> inherited;
    std::set<ino_t> before;
    for (size_t i = 0; i < row.inherited; ++i) {
      inherited.push_back(std::move(*net::Acceptor::open(address, {})));
      before.insert(inode_of(inherited.back()));
    }
    const auto sockets = sockets_for(address, std::move(inherited), row.workers);
    ASSERT_TRUE(sockets.has_value()) << sockets.error();
    ASSERT_EQ(row.workers, sockets->size());
    std::set<ino_t> after;
    for (const auto& mine : *sockets) {
      EXPECT_FALSE(mine.empty());
      for (const net::Fd& fd : mine) after.insert(inode_of(fd));
    }
    EXPECT_EQ(row.expected, after.size());
    for (const ino_t each : before) EXPECT_TRUE(after.contains(each)) << "an inherited socket is served";
  }
}

TEST(ListeningSockets, WhereNoFurtherOneCanBeOpenedWorkersShare) {
  const net::SocketAddress address = some_address();
  // Without SO_REUSEPORT nobody may join it, as with a socket of another user.
  std::vector<net::Fd> inherited;
  inherited.push_back(std::move(*net::Acceptor::open(address, {.reuse_port = false})));
  const ino_t only = inode_of(inherited.front());
  const auto sockets = sockets_for(address, std::move(inherited), 3);
  ASSERT_TRUE(sockets.has_value()) << sockets.error();
  for (const auto& mine : *sockets) {
    ASSERT_EQ(1u, mine.size());
    EXPECT_EQ(only, inode_of(mine.front()));
  }
}

TEST(ListeningSockets, AStrangersPortIsNotShared) {
  const net::SocketAddress address = some_address();
  const auto stranger = net::Acceptor::open(address, {.reuse_port = true});
  ASSERT_TRUE(stranger.has_value());
  const auto sockets = sockets_for(address, {}, 2);
  ASSERT_FALSE(sockets.has_value());
  EXPECT_NE(std::string::npos, sockets.error().find("Address already in use")) << sockets.error();
}

TEST(ListeningSockets, OurOwnThatAreAboutToGoAreInNobodysWay) {
  const net::SocketAddress address = some_address();
  const auto leaving = net::Acceptor::open(address, {});
  ASSERT_TRUE(leaving.has_value());
  const auto sockets = sockets_for(address, {}, 2, OwnSockets::perhaps);
  ASSERT_TRUE(sockets.has_value()) << sockets.error();
  EXPECT_EQ(2u, sockets->size());
}

}  // namespace
}  // namespace weir::l7
