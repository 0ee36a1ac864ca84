#include "net/preamble.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weir::net {

Result<void> Preamble::adopt(Fd fd) {
  fd_ = std::move(fd);
  // Edge-triggered: what has been looked at stays in the kernel, and must not wake us again.
  auto added = loop_.add(fd_.get(), *this, EPOLLIN | EPOLLRDHUP | EPOLLET);
  if (!added) fd_.reset();
  return added;
}

void Preamble::on_ready(uint32_t events) {
  if (!fd_.valid()) return;
  const auto room = loop_.scratch();
  ssize_t n = 0;
  do {
    n = ::recv(fd_.get(), room.data(), std::min(limit_, room.size()), MSG_PEEK);
  } while (n < 0 && errno == EINTR);
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (n > 0) {
    seen_ = static_cast<size_t>(n);
    handler_.on_preamble({room.data(), seen_});
    if (!fd_.valid() || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  }
  close();
  handler_.on_preamble_end(seen_);
}

Fd Preamble::take(size_t bytes) {
  loop_.remove(fd_.get());
  Fd taken = std::move(fd_);
  const auto room = loop_.scratch();
  while (bytes > 0) {
    const ssize_t n = ::recv(taken.get(), room.data(), std::min(bytes, room.size()), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return {};
    bytes -= static_cast<size_t>(n);
  }
  return taken;
}

void Preamble::close() { fd_.reset(); }

}  // namespace weir::net
