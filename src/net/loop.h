#pragma once
// The event loop: one per thread. It waits for sockets, fires timers, runs what other threads posted, and ends each
// turn with the hooks (buffered writes, postponed reads) and the deletion of what was retired during the turn. In a
// turn of many events the hooks run after every few of them, too.
//
// Everything that talks to a socket goes through Stream and Acceptor; only they register with the loop. They speak
// in deliveries ("here are bytes", "all is written"), not in readiness, so that io_uring can take epoll's place behind
// them.
//
// Thread rule: only `post` and `stop` may be called from another thread.

#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/fd.h"
#include "net/timer_wheel.h"

namespace weir::net {

/// What epoll reports to. A Pollable may be told of an event after it closed its descriptor in the same turn, so it
/// must look first, and it must outlive the turn: retire it with Loop::defer_delete.
class Pollable {
 public:
  virtual void on_ready(uint32_t epoll_events) = 0;

 protected:
  ~Pollable() = default;
};

/// Base of what may be retired in the middle of a turn and destroyed at its end.
class Deferred {
 public:
  virtual ~Deferred() = default;
};

/// Work for the end of the turn; scheduling twice is scheduling once. Unlinks itself when destroyed.
class Hook {
 public:
  using Run = void (*)(void* owner);
  Hook(Run run, void* owner) : run_(run), owner_(owner) {}
  template <auto Method, class Owner>
  static Hook bind(Owner* owner) {
    return Hook([](void* self) { (static_cast<Owner*>(self)->*Method)(); }, owner);
  }
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  ~Hook() { cancel(); }
  [[nodiscard]] bool scheduled() const { return next_ != nullptr; }
  void cancel() {
    if (next_ == nullptr) return;
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = nullptr;
  }

 private:
  friend class Loop;
  Hook* prev_ = nullptr;
  Hook* next_ = nullptr;
  Run run_;
  void* owner_;
};

/// Monotonic time of the operating system. The only place a clock is read.
Instant read_clock();

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();                             ///< until stop()
  void run_turn(Duration max_wait);       ///< one turn; for tests and for loops that live inside another
  void stop();                            ///< any thread
  void post(std::function<void()> task);  ///< any thread; tasks run in order of posting

  /// The time this turn began: good enough for deadlines. For latencies read the clock.
  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  void arm(Timer& timer, Duration delay) { timers_.arm(timer, now_ + delay); }

  void schedule(Hook& hook) { append(hooks_, hook); }
  /// Once, behind all events of the turn: for what gathers the more the later it runs, such as the answers of many
  /// streams to one peer.
  void schedule_last(Hook& hook) { append(last_hooks_, hook); }
  void defer_delete(std::unique_ptr<Deferred> object);

  /// Room for one read, shared by all streams of the loop: idle connections own no buffer.
  [[nodiscard]] std::span<char> scratch() { return {scratch_.get(), kScratchBytes}; }
  static constexpr size_t kScratchBytes = 128 * 1024;

  /// Strings for pending output and retained input, recycled so that only connections with something to keep own one.
  std::unique_ptr<std::string> take_buffer();
  /// Leaves `buffer` empty.
  void give_buffer(std::unique_ptr<std::string>& buffer);

  Result<void> add(int fd, Pollable& pollable, uint32_t events);
  void remove(int fd);

 private:
  explicit Loop(Fd epoll, Fd wake);
  [[nodiscard]] int wait_ms(Duration max_wait) const;
  void dispatch(int count);
  void run_posted();
  void run_hooks(int passes);
  static void run_list(Hook& list);
  static void append(Hook& list, Hook& hook);

  static constexpr int kEventsPerTurn = 256;
  /// What so many events have to say is written before the next are looked at: the buffers are then still in the cache,
  /// and few of them in use. With 512 connections under cachegrind, per request: 67 misses of a cache of 512 KiB become
  /// 56 with groups of 16 and 53 with groups of 4, and 88 of one of 32 KiB become 76 and 63.
  static constexpr int kEventsPerGroup = 8;
  static constexpr int kHookPasses = 4;  ///< hooks that re-schedule themselves yield to the sockets after this
  static constexpr size_t kBuffersKept = 256;
  static constexpr size_t kBufferBytesKept = 64 * 1024;

  Fd epoll_;
  Fd wake_;
  Instant now_;
  TimerWheel timers_;
  Hook hooks_;       ///< sentinel
  Hook last_hooks_;  ///< the same
  std::vector<std::unique_ptr<Deferred>> retired_;
  std::vector<std::unique_ptr<std::string>> buffers_;
  std::unique_ptr<char[]> scratch_;
  std::unique_ptr<epoll_event[]> events_;
  std::atomic<bool> stopping_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
  std::atomic<bool> has_posted_{false};
};

}  // namespace weir::net
