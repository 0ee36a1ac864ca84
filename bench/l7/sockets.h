#pragma once
// What the benchmark's small programs share: arguments of the form `--name number`, loopback sockets and an epoll set.
// They are tools: whatever they cannot have ends them with a message.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>
#include <vector>

namespace bench {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::perror(what);
  std::exit(1);
}

/// The value after `name`, or `fallback` where the argument is not given.
inline const char* argument(int argc, char** argv, std::string_view name, const char* fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (name == argv[i]) return argv[i + 1];
  }
  return fallback;
}

inline int number(int argc, char** argv, std::string_view name, const char* fallback) {
  return std::atoi(argument(argc, argv, name, fallback));
}

inline sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

inline void set_option(int fd, int level, int name) {
  const int on = 1;
  require(::setsockopt(fd, level, name, &on, sizeof on) == 0, "setsockopt");
}

/// Accepted sockets inherit TCP_NODELAY from the listening one, so they cost no system call for it.
inline int listen_on(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  require(fd >= 0, "socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR);
  set_option(fd, SOL_SOCKET, SO_REUSEPORT);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  const sockaddr_in address = loopback(port);
  require(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  require(::listen(fd, 4096) == 0, "listen");
  return fd;
}

/// A socket that is connecting to the port; its first EPOLLOUT says that it is connected.
inline int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY);
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 || errno == EINPROGRESS)
    return fd;
  ::close(fd);
  return -1;
}

inline int create_epoll() {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  require(epoll >= 0, "epoll_create1");
  return epoll;
}

inline void watch(int epoll, int fd, uint32_t events, void* owner) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = owner;
  require(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

/// Everything a stream may tell, each once per change: after this no epoll_ctl is needed for the socket's whole life.
inline constexpr uint32_t kStreamEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

/// Listening sockets, on `ports` ports from `port` up, and what became of them: one epoll set, whose entries point at
/// their owners.
class Events {
 public:
  explicit Events(int port, int ports = 1) : epoll_(create_epoll()) {
    for (int i = 0; i < ports; ++i) listeners_.push_back(listen_on(port + i));
    for (int& listener : listeners_) bench::watch(epoll_, listener, EPOLLIN, &listener);
  }

  void watch(int fd, void* owner) const { bench::watch(epoll_, fd, kStreamEvents, owner); }

  /// Waits once: `accepted(fd)` for each new connection, `told(owner, events)` for what others have to tell.
  template <typename Owner, typename Accepted, typename Told>
  void turn(const Accepted& accepted, const Told& told) {
    const int count = ::epoll_wait(epoll_, batch_.data(), static_cast<int>(batch_.size()), -1);
    require(count >= 0 || errno == EINTR, "epoll_wait");
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = batch_[static_cast<size_t>(i)];
      if (const int* listener = listener_of(event.data.ptr)) {
        accept_some(*listener, accepted);
      } else {
        told(*static_cast<Owner*>(event.data.ptr), event.events);
      }
    }
  }

 private:
  [[nodiscard]] const int* listener_of(const void* owner) const {
    const std::less<const void*> before;
    const bool inside = !before(owner, listeners_.data()) && before(owner, listeners_.data() + listeners_.size());
    return inside ? static_cast<const int*>(owner) : nullptr;
  }
  template <typename Accepted>
  void accept_some(int listener, const Accepted& accepted) const {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      accepted(fd);
    }
  }

  static constexpr int kAcceptsPerTurn = 64;

  int epoll_;
  std::vector<int> listeners_;
  std::array<epoll_event, 512> batch_{};
};

}  // namespace bench
