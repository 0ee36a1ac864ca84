#include "load/alarm.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

namespace weir::load {

Result<std::unique_ptr<Alarm>> Alarm::create(net::Loop& loop, std::function<void()> ring) {
  net::Fd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!fd.valid()) return fail(Error{.code = Code::io_failed, .os_error = errno, .detail = "timerfd_create"});
  std::unique_ptr<Alarm> alarm(new Alarm(loop, std::move(fd), std::move(ring)));
  // Edge-triggered: a ring needs no read, and setting the alarm anew takes back what was not read.
  if (auto added = loop.add(alarm->fd_.get(), *alarm, EPOLLIN | EPOLLET); !added) return fail(added.error());
  return alarm;
}

Alarm::Alarm(net::Loop& loop, net::Fd fd, std::function<void()> ring)
    : loop_(loop), fd_(std::move(fd)), ring_(std::move(ring)) {}

Alarm::~Alarm() { loop_.remove(fd_.get()); }

void Alarm::set(Instant when) {
  if (when == set_for_) return;
  set_for_ = when;
  const int64_t ns = std::max<int64_t>(1, when.ns());  // zero would mean never
  itimerspec spec{};
  spec.it_value.tv_sec = ns / 1'000'000'000;
  spec.it_value.tv_nsec = ns % 1'000'000'000;
  ::timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
}

void Alarm::on_ready(uint32_t /*events*/) {
  set_for_ = Instant{};
  ring_();
}

}  // namespace weir::load
