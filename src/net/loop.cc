#include "net/loop.h"

#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace weir::net {

Instant read_clock() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant::from_ns(int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

Result<std::unique_ptr<Loop>> Loop::create() {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  Fd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!epoll.valid() || !wake.valid()) {
    return fail(Error{.code = Code::out_of_fds, .os_error = errno, .detail = "event loop"});
  }
  epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return fail(Error{.code = Code::io_failed, .os_error = errno, .detail = "epoll_ctl"});
  }
  return std::unique_ptr<Loop>(new Loop(std::move(epoll), std::move(wake)));
}

Loop::Loop(Fd epoll, Fd wake)
    : epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      now_(read_clock()),
      timers_(now_),
      hooks_(nullptr, nullptr),
      last_hooks_(nullptr, nullptr),
      scratch_(new char[kScratchBytes]),
      events_(new epoll_event[kEventsPerTurn]) {
  hooks_.prev_ = hooks_.next_ = &hooks_;
  last_hooks_.prev_ = last_hooks_.next_ = &last_hooks_;
}

Loop::~Loop() {
  retired_.clear();
  for (Hook* list : {&hooks_, &last_hooks_}) {
    while (list->next_ != list) list->next_->cancel();
    list->prev_ = list->next_ = nullptr;
  }
}

void Loop::run() {
  while (!stopping_.load(std::memory_order_relaxed)) run_turn(Duration::s(3600));
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  post([] {});
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
  }
  if (!has_posted_.exchange(true, std::memory_order_acq_rel)) {
    const uint64_t one = 1;
    // The counter cannot overflow (one write per drain), so a failed write can only mean that it is already set.
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  }
}

int Loop::wait_ms(Duration max_wait) const {
  if (hooks_.next_ != &hooks_ || last_hooks_.next_ != &last_hooks_) return 0;
  Duration wait = max_wait;
  if (const auto next = timers_.next_wakeup()) wait = std::min(wait, *next - read_clock());
  if (wait <= Duration{}) return 0;
  return static_cast<int>(std::min<int64_t>((wait.ns() + 999'999) / 1'000'000, 3'600'000));
}

void Loop::run_turn(Duration max_wait) {
  const int count = ::epoll_wait(epoll_.get(), events_.get(), kEventsPerTurn, wait_ms(max_wait));
  CHECK(count >= 0 || errno == EINTR);
  now_ = read_clock();
  dispatch(count);
  timers_.advance(now_);
  if (has_posted_.load(std::memory_order_acquire)) run_posted();
  run_hooks(1);
  run_list(last_hooks_);
  run_hooks(kHookPasses - 1);
  // Destructors may retire more; they go in the same turn.
  while (!retired_.empty()) std::exchange(retired_, {}).clear();
}

void Loop::dispatch(int count) {
  for (int i = 0; i < count; ++i) {
    if (i % kEventsPerGroup == 0) run_hooks(1);
    const epoll_event& event = events_[static_cast<size_t>(i)];
    if (event.data.ptr != nullptr) {
      static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
    } else {
      uint64_t drained = 0;
      [[maybe_unused]] const auto n = ::read(wake_.get(), &drained, sizeof drained);
    }
  }
}

void Loop::run_posted() {
  has_posted_.store(false, std::memory_order_release);
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(posted_mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

void Loop::append(Hook& list, Hook& hook) {
  if (hook.scheduled()) return;
  hook.prev_ = list.prev_;
  hook.next_ = &list;
  list.prev_->next_ = &hook;
  list.prev_ = &hook;
}

void Loop::run_hooks(int passes) {
  for (int pass = 0; pass < passes && hooks_.next_ != &hooks_; ++pass) run_list(hooks_);
}

void Loop::run_list(Hook& list) {
  if (list.next_ == &list) return;
  // A list of its own for this pass: what gets scheduled from here on belongs to the next one.
  Hook pending(nullptr, nullptr);
  pending.next_ = list.next_;
  pending.prev_ = list.prev_;
  pending.next_->prev_ = pending.prev_->next_ = &pending;
  list.prev_ = list.next_ = &list;
  while (pending.next_ != &pending) {
    Hook& hook = *pending.next_;
    hook.cancel();
    hook.run_(hook.owner_);
  }
  pending.prev_ = pending.next_ = nullptr;
}

void Loop::defer_delete(std::unique_ptr<Deferred> object) { retired_.push_back(std::move(object)); }

std::unique_ptr<std::string> Loop::take_buffer() {
  if (buffers_.empty()) return std::make_unique<std::string>();
  auto buffer = std::move(buffers_.back());
  buffers_.pop_back();
  return buffer;
}

void Loop::give_buffer(std::unique_ptr<std::string>& buffer) {
  if (buffers_.size() >= kBuffersKept || buffer->capacity() > kBufferBytesKept) return buffer.reset();
  buffer->clear();
  buffers_.push_back(std::move(buffer));
}

Result<void> Loop::add(int fd, Pollable& pollable, uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &pollable}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return fail(Error{.code = Code::io_failed, .os_error = errno, .detail = "epoll_ctl"});
}

void Loop::remove(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

}  // namespace weir::net
