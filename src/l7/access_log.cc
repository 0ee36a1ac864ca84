#include "l7/access_log.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weir::l7 {

namespace {

net::Fd open_target(const std::string& target) {
  if (target == "stdout") return net::Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  // O_NONBLOCK: or opening a pipe waits for somebody to read from it. Writing waits by itself.
  net::Fd fd(::open(target.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640));
  const int flags = fd.valid() ? ::fcntl(fd.get(), F_GETFL) : -1;
  if (flags >= 0) ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK);
  return fd;
}

// A pipe that polls writable takes this much without blocking (POSIX: PIPE_BUF).
constexpr size_t kPieceBytes = 4096;
// A reader that has stopped may not hold up the end of the process for longer than this.
constexpr int kPatienceMs = 500;

/// Writes `text`; gives up on a closed pipe or a full disk (the lines are lost, the service is not), and on a stopped
/// reader once `stop` is wanted.
void write_all(int fd, std::string_view text, const std::atomic<bool>& stop) {
  int waited_ms = 0;
  while (!text.empty()) {
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    const int polled = ::poll(&ready, 1, 100);
    if (polled == 0) {
      waited_ms += 100;
      if (stop && waited_ms >= kPatienceMs) return;
      continue;
    }
    const ssize_t n = polled < 0 ? -1 : ::write(fd, text.data(), std::min(text.size(), kPieceBytes));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

Result<std::shared_ptr<AccessLog>> AccessLog::open(const std::string& target) {
  net::Fd fd = open_target(target);
  if (!fd.valid()) return fail(Error{.code = Code::io_failed, .os_error = errno, .detail = "access_log"});
  return std::shared_ptr<AccessLog>(new AccessLog(target, std::move(fd)));
}

AccessLog::AccessLog(std::string target, net::Fd fd)
    : target_(std::move(target)), fd_(std::move(fd)), thread_([this] { write_loop(); }) {}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

bool AccessLog::append(std::string_view lines) {
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + lines.size() > kMaxPending) return false;
    pending_ += lines;
  }
  wake_.notify_one();
  return true;
}

void AccessLog::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

void AccessLog::write_loop() {
  std::string writing;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || reopen_ || !pending_.empty(); });
    if (pending_.empty() && stop_) return;
    writing.swap(pending_);
    const bool reopen = std::exchange(reopen_, false);
    lock.unlock();
    if (reopen) {
      if (net::Fd fresh = open_target(target_); fresh.valid()) {
        fd_ = std::move(fresh);
      } else {
        spdlog::error("access log {}: cannot reopen (errno {}); going on with the old file", target_, errno);
      }
    }
    write_all(fd_.get(), writing, stop_);
    writing.clear();
    lock.lock();
  }
}

}  // namespace weir::l7
