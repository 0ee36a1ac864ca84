#include "l7/listening_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/acceptor.h"

namespace weir::l7 {

namespace {

std::string describe(const Error& error) {
  std::string text(text_of(error.code));
  if (error.os_error != 0) text += fmt::format(" ({})", std::strerror(error.os_error));
  return text;
}

}  // namespace

Result<std::vector<std::vector<net::Fd>>, std::string> sockets_for(const net::SocketAddress& address,
                                                                   std::vector<net::Fd> inherited, size_t workers,
                                                                   OwnSockets own) {
  if (inherited.empty() && own == OwnSockets::none) {
    // SO_REUSEPORT among our workers must not mean sharing the port with a stranger: ask for it alone first.
    if (auto alone = net::Acceptor::open(address, {.reuse_port = false}); !alone) return fail(describe(alone.error()));
  }
  std::vector<std::vector<net::Fd>> sockets(workers);
  const size_t known = inherited.size();
  for (size_t i = 0; i < known; ++i) sockets[i % workers].push_back(std::move(inherited[i]));
  for (size_t i = known; i < workers; ++i) {
    auto fd = net::Acceptor::open(address, {});
    if (!fd && known != 0) {
      fd = net::Fd(::fcntl(sockets[i % known].front().get(), F_DUPFD_CLOEXEC, 3));
      if (!fd->valid()) return fail(std::string(std::strerror(errno)));
    }
    if (!fd) return fail(describe(fd.error()));
    sockets[i].push_back(std::move(*fd));
  }
  return sockets;
}

}  // namespace weir::l7
