#include "net/signals.h"

#include <pthread.h>
#include <sys/signalfd.h>

#include <csignal>
#include <utility>

#include "base/check.h"

namespace weir::net {

Signals::Signals(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal)
    : loop_(loop), on_signal_(std::move(on_signal)) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : signals) sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  fd_ = Fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  CHECK(fd_.valid());
  CHECK(loop_.add(fd_.get(), *this, EPOLLIN).has_value());
}

Signals::~Signals() { loop_.remove(fd_.get()); }

void Signals::on_ready(uint32_t /*events*/) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace weir::net
