#include "net/stream.h"

#include <netinet/tcp.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "net/socket_io.h"

namespace weir::net {

namespace {

// A stream that always has more to read gives way to the others after this many full scratch buffers.
constexpr int kReadsPerTurn = 4;

Code code_of_errno(int error) {
  switch (error) {
    case ECONNREFUSED: return Code::connect_refused;
    case ETIMEDOUT: return Code::connect_timeout;
    case ECONNRESET:
    case EPIPE: return Code::reset;
    case EMFILE:
    case ENFILE: return Code::out_of_fds;
    default: return Code::io_failed;
  }
}

}  // namespace

Result<void> Stream::adopt(Fd fd) {
  fd_ = std::move(fd);
  auto added = loop_.add(fd_.get(), *this, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  if (!added) fd_.reset();
  return added;
}

Result<void> Stream::adopt(Detached detached) {
  auto adopted = adopt(std::move(detached.fd));
  if (!adopted) return adopted;
  if (detached.tls) take_over(std::move(detached.tls));
  if (!detached.unread.empty()) {
    retain(detached.unread);
    loop_.schedule(input_hook_);
  }
  return adopted;
}

Result<void> Stream::connect(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail(Error{.code = code_of_errno(errno), .origin = Origin::internal, .os_error = errno});
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd.get(), address.data(), address.length()) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    const Code code = error == ECONNREFUSED ? Code::connect_refused : Code::connect_failed;
    return fail(Error{.code = code, .origin = Origin::upstream, .retry = Retry::yes, .os_error = error});
  }
  connecting_ = true;
  return adopt(std::move(fd));
}

void Stream::on_ready(uint32_t events) {
  if (!open()) return;
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) hangup_ = true;
  if ((events & EPOLLERR) != 0) errored_ = true;
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
  if (connecting_ && !handshaking_) {
    on_connect_ready();
    if (!open() || (connecting_ && !handshaking_)) return;
  }
  if ((events & EPOLLERR) != 0 && (ended_ || (paused_ && fail_fast_))) {
    if (const int error = take_socket_error()) return fail_with(code_of_errno(error), error);
  }
  if ((events & EPOLLOUT) != 0 && blocked_) {
    blocked_ = false;
    flush();
    if (!open()) return;
  }
  if (readable_ && !paused_) read_some();
}

int Stream::take_socket_error() {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void Stream::on_connect_ready() {
  if (const int error = take_socket_error()) {
    const Code code = error == ECONNREFUSED ? Code::connect_refused : Code::connect_failed;
    fail_with(error == ETIMEDOUT ? Code::connect_timeout : code, error);
    return;
  }
  if (tls_) {
    if (first_ && !send_first()) return;
    handshaking_ = true;
    static_cast<void>(shake_hands());
    return;
  }
  connecting_ = false;
  handler_.on_connected();
  if (open() && pending() != 0) flush_later();
}

void Stream::begin_with(std::string_view bytes) {
  if (tls_) {
    first_ = std::make_unique<std::string>(bytes);
  } else {
    output().append(bytes);
  }
}

/// A socket that has just been connected takes a few bytes at once, or is broken.
bool Stream::send_first() {
  const std::unique_ptr<std::string> first = std::move(first_);
  const ssize_t n = ::send(fd_.get(), first->data(), first->size(), MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(first->size())) return true;
  const int error = n < 0 ? errno : ENOBUFS;
  fail_with(code_of_errno(error), error);
  return false;
}

void Stream::read_some() {
  if (ended_) return;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    if (!read_once()) return;
  }
  loop_.schedule(input_hook_);
}

/// Returns whether there may be more to read now.
bool Stream::read_once() {
  if (tls_ && tls_->end() != tls::Session::Step::need_more) {
    readable_ = false;
    finish_input();
    return false;
  }
  const auto room = tls_ ? loop_.scratch().first(kSealedBytes) : loop_.scratch();
  const ssize_t n = receive(fd_.get(), room.data(), room.size());
  if (n > 0) {
    bytes_read_ += static_cast<uint64_t>(n);
    const bool drained = static_cast<size_t>(n) < room.size();
    if (drained && !hangup_ && !errored_)
      readable_ = false;  // a short read emptied the socket: the next edge will tell
    if (tls_) {
      take_sealed({room.data(), static_cast<size_t>(n)});
      if (ended_) return false;
    } else {
      deliver({room.data(), static_cast<size_t>(n)});
    }
    if (!open() || paused_ || !readable_) return false;
    if (!drained || errored_) return true;  // a reset is no end: recv must say which it was
  } else if (n < 0) {
    if (errno == EINTR) return true;
    readable_ = false;
    if (errno != EAGAIN && errno != EWOULDBLOCK) fail_with(code_of_errno(errno), errno);
    return false;
  }
  // recv said 0, or the read was short with FIN known to be right behind it.
  readable_ = false;
  if (tls_) {
    // Without close_notify: anybody can forge a FIN.
    if (handshaking_) {
      fail_handshake(tls::Failure::closed);
    } else {
      fail_with(Code::closed_early, 0);
    }
    return false;
  }
  ended_ = true;
  handler_.on_end();
  return false;
}

void Stream::deliver(std::string_view fresh) {
  dropped_ = false;
  if (!in_) {
    const size_t consumed = handler_.on_data(fresh);
    if (open() && !dropped_ && consumed < fresh.size()) retain(fresh.substr(consumed));
    return;
  }
  // Held here during the call: the handler's views must outlive whatever it does to this stream.
  auto held = std::move(in_);
  held->append(fresh);
  const size_t consumed = handler_.on_data(*held);
  if (open() && !dropped_ && consumed < held->size()) {
    held->erase(0, consumed);
    in_ = std::move(held);
  } else {
    loop_.give_buffer(held);
  }
}

void Stream::retain(std::string_view rest) {
  in_ = loop_.take_buffer();
  in_->assign(rest);
}

void Stream::release_input() {
  if (in_) loop_.give_buffer(in_);
}

void Stream::resume() {
  if (!paused_) return;
  paused_ = false;
  if (in_ || readable_) loop_.schedule(input_hook_);
}

void Stream::on_input_hook() {
  if (!open() || paused_) return;
  if (in_) {
    deliver({});
    if (!open() || paused_) return;
  }
  if (readable_) read_some();
  if (open() && !paused_ && write_error_ != 0) fail_with(code_of_errno(write_error_), write_error_);
}

std::string& Stream::output() {
  if (!out_) out_ = loop_.take_buffer();
  return *out_;
}

void Stream::write(std::string_view data) {
  if (!open() || data.empty() || write_error_ != 0) return;
  if (data.size() < kWriteThroughBytes || blocked_ || connecting_) {
    output().append(data);
    flush_later();
  } else {
    write_out(data);
  }
}

void Stream::flush() {
  if (congested()) was_congested_ = true;
  if (!open() || blocked_) return;
  if (tls_) return flush_sealed();
  if (connecting_) return;
  if (pending() != 0) {
    write_out({});
  } else {
    after_flush();
  }
}

bool Stream::flush_now() {
  flush_hook_.cancel();
  flush();
  return open() && pending() == 0 && write_error_ == 0;
}

void Stream::write_out(std::string_view extra) {
  if (tls_) return write_sealed(extra);
  const size_t waiting = queued();
  ssize_t n = 0;
  if (waiting == 0 || extra.empty()) {
    const std::string_view only = waiting == 0 ? extra : std::string_view(*out_).substr(out_offset_);
    n = transmit(fd_.get(), only.data(), only.size());
  } else {
    iovec parts[2] = {{out_->data() + out_offset_, waiting}, {const_cast<char*>(extra.data()), extra.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  }
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    on_write_error(errno);
    return;
  }
  const size_t written = n > 0 ? static_cast<size_t>(n) : 0;
  bytes_written_ += written;
  blocked_ = written < waiting + extra.size();
  if (!blocked_ && !was_congested_ && !shutdown_pending_) return forget_output();
  consume_output(written, extra);
  after_flush();
}

/// The caller may stand in the middle of its own work, and the peer may have said something before it broke off: read
/// that first, and report from a place where handlers expect to be closed.
void Stream::on_write_error(int error) {
  write_error_ = error;
  blocked_ = true;
  readable_ = true;
  if (out_) loop_.give_buffer(out_);
  out_offset_ = 0;
  if (tls_) drop_sealed();
  if (fail_fast_) paused_ = false;
  loop_.schedule(input_hook_);
}

/// All of it is written, as nearly always.
void Stream::forget_output() {
  out_offset_ = 0;
  if (out_) loop_.give_buffer(out_);
}

void Stream::consume_output(size_t written, std::string_view extra) {
  const size_t from_queue = std::min(written, queued());
  const std::string_view rest = extra.substr(written - from_queue);
  out_offset_ += from_queue;
  if (out_ && out_offset_ == out_->size()) {
    out_offset_ = 0;
    out_->clear();
    if (rest.empty()) loop_.give_buffer(out_);
  }
  if (!rest.empty()) output().append(rest);
}

void Stream::after_flush() {
  if (congested()) was_congested_ = true;
  if (blocked_) {
    // Keep the memory of a slow reader's buffer proportional to what is really waiting.
    if (out_offset_ > kCongestedBytes) out_->erase(0, std::exchange(out_offset_, 0));
    if (pending() > kDrainedBytes) return;
  }
  if (pending() == 0 && shutdown_pending_) {
    shutdown_pending_ = false;
    ::shutdown(fd_.get(), SHUT_WR);
  }
  if (was_congested_ && pending() <= kDrainedBytes) {
    was_congested_ = false;
    handler_.on_drained();
  }
}

void Stream::shutdown_write() {
  shutdown_pending_ = true;
  flush_later();
}

void Stream::fail_with(Code code, int os_error) {
  const bool was_connecting = connecting_;
  if (handshaking_ && tls_failure_ == tls::Failure::none) tls_failure_ = tls::Failure::closed;
  drop();
  handler_.on_closed(Error{.code = code,
                           .origin = Origin::upstream,
                           .retry = was_connecting ? Retry::yes : Retry::no,
                           .os_error = os_error});
}

void Stream::close() {
  if (!open()) return;
  if (tls_) say_goodbye();
  drop();
}

/// Closes without a word.
void Stream::drop() {
  fd_.reset();
  forget_buffers();
}

Fd Stream::release() {
  loop_.remove(fd_.get());
  forget_buffers();
  return std::move(fd_);
}

void Stream::forget_buffers() {
  if (tls_) drop_sealed();
  tls_.reset();
  flush_hook_.cancel();
  input_hook_.cancel();
  if (in_) loop_.give_buffer(in_);
  if (out_) loop_.give_buffer(out_);
  out_offset_ = 0;
}

void Stream::abort() {
  if (!open()) return;
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  drop();
}

}  // namespace weir::net
