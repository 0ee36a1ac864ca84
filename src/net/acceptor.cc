#include "net/acceptor.h"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <utility>

namespace weir::net {

namespace {

Error listen_error(int error) {
  Error result{.code = Code::io_failed, .os_error = error, .detail = "listen"};
  if (error == EADDRINUSE) result.code = Code::address_in_use;
  if (error == EACCES || error == EPERM) result.code = Code::permission;
  if (error == EADDRNOTAVAIL || error == EINVAL) result.code = Code::invalid_argument;
  return result;
}

/// Transient by accept(2): the connection at the head of the queue died, or the network did; the next one may be fine.
bool is_transient(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return true;
    default: return false;
  }
}

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::listen(Loop& loop, const SocketAddress& address, Handler& handler,
                                                   Options options) {
  auto fd = open(address, options);
  if (!fd) return fail(fd.error());
  return adopt(loop, std::move(*fd), handler);
}

Result<Fd> Acceptor::open(const SocketAddress& address, Options options) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail(listen_error(errno));
  const int one = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (options.reuse_port) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  // Accepted sockets inherit it: no system call per connection.
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::bind(fd.get(), address.data(), address.length()) != 0) return fail(listen_error(errno));
  if (::listen(fd.get(), options.backlog) != 0) return fail(listen_error(errno));
  return fd;
}

std::unique_ptr<Acceptor> Acceptor::adopt(Loop& loop, Fd listening, Handler& handler) {
  std::unique_ptr<Acceptor> acceptor(new Acceptor(loop, handler, std::move(listening)));
  acceptor->watch(true);
  return acceptor;
}

void Acceptor::finish() {
  while (fd_.valid() && !starved_ && accept_one()) {
  }
  close();
}

Fd Acceptor::duplicate() const { return Fd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 3)); }

void Acceptor::watch(bool on) {
  if (on == watched_ || !fd_.valid()) return;
  if (on) {
    watched_ = loop_.add(fd_.get(), *this, EPOLLIN).has_value();
  } else {
    loop_.remove(fd_.get());
    watched_ = false;
  }
}

void Acceptor::on_ready(uint32_t /*events*/) {
  for (int i = 0; i < kAcceptsPerTurn && fd_.valid() && !paused(); ++i) {
    if (!accept_one()) return;
  }
}

bool Acceptor::accept_one() {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  Fd fd(::accept4(fd_.get(), reinterpret_cast<sockaddr*>(&storage), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd.valid()) {
    handler_.on_accept(std::move(fd), SocketAddress(storage, length));
    return true;
  }
  if (is_transient(errno)) return true;
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) starve();
  return false;
}

void Acceptor::starve() {
  starved_ = true;
  ++times_starved_;
  watch(false);
  loop_.arm(retry_, kRetry);
}

void Acceptor::on_retry() {
  starved_ = false;
  watch(!paused());
}

void Acceptor::pause() {
  paused_ = true;
  watch(false);
}

void Acceptor::resume() {
  paused_ = false;
  watch(!paused());
}

void Acceptor::close() {
  watch(false);
  retry_.cancel();
  fd_.reset();
}

}  // namespace weir::net
