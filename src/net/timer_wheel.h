#pragma once
// Timers in O(1): a hierarchical wheel (Varghese & Lauck, 1987) of six levels with 64 slots of 1 ms, 64 ms, 4 s, ...
// Time is an argument: the wheel never reads a clock, so tests and the simulator drive it as they like.
//
// Timer is an intrusive node inside its owner; destroying or cancelling it unlinks it. A timer never fires early; it
// fires at the first `advance` at or after its millisecond. Not thread-safe: a wheel belongs to one loop.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.h"

namespace weir::net {

class Timer {
 public:
  using Fire = void (*)(void* owner);

  Timer(Fire fire, void* owner) : fire_(fire), owner_(owner) {}
  /// Timer timer_ = Timer::bind<&Session::on_timeout>(this);
  template <auto Method, class Owner>
  static Timer bind(Owner* owner) {
    return Timer([](void* self) { (static_cast<Owner*>(self)->*Method)(); }, owner);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  [[nodiscard]] bool armed() const { return next_ != nullptr; }
  /// When it is due, rounded up to the wheel's tick. Only while armed.
  [[nodiscard]] Instant due() const { return Instant::from_ns(static_cast<int64_t>(tick_) * 1'000'000); }
  void cancel();

 private:
  friend class TimerWheel;
  friend struct TimerList;
  Timer* prev_ = nullptr;
  Timer* next_ = nullptr;
  uint64_t tick_ = 0;
  uint64_t* occupied_ = nullptr;  ///< bitmap word of the level it is linked in; null in the due list
  uint8_t slot_ = 0;
  Fire fire_;
  void* owner_;
};

/// A ring with a sentinel, so that a timer can unlink itself without knowing where it is.
struct TimerList {
  TimerList() : head(nullptr, nullptr) { head.prev_ = head.next_ = &head; }
  ~TimerList() { head.prev_ = head.next_ = nullptr; }
  [[nodiscard]] bool empty() const { return head.next_ == &head; }
  void push_back(Timer& timer);
  void take(TimerList& from);  ///< moves all of `from` to the end of this
  Timer head;
};

class TimerWheel {
 public:
  explicit TimerWheel(Instant start) : tick_(floor_tick(start)) {}

  /// (Re)arms `timer`; a time in the past fires at the next advance.
  void arm(Timer& timer, Instant when);
  /// Fires everything due at `now`, in order of milliseconds. A callback may arm, cancel and destroy timers.
  void advance(Instant now);
  /// When `advance` should be called next; nothing when no timer is armed. May be earlier than the next timer is due.
  [[nodiscard]] std::optional<Instant> next_wakeup() const;

 private:
  static constexpr unsigned kBits = 6, kSlots = 1u << kBits, kLevels = 6;
  struct Expiration {
    uint64_t tick;
    unsigned level, slot;
  };
  static uint64_t floor_tick(Instant t) { return static_cast<uint64_t>(t.ns()) / 1'000'000; }
  static uint64_t ceil_tick(Instant t) { return (static_cast<uint64_t>(t.ns()) + 999'999) / 1'000'000; }
  void link(Timer& timer);
  [[nodiscard]] std::optional<Expiration> next_expiration() const;

  uint64_t tick_;
  std::array<uint64_t, kLevels> occupied_{};
  std::array<std::array<TimerList, kSlots>, kLevels> slots_;
  TimerList overdue_;  ///< armed with a time that had already come
};

/// A deadline that moves at almost every request but rarely fires: moving it later costs one store. Only when it moves
/// before the armed timer is the wheel touched; when the timer fires early it is re-armed for what is left.
class Deadline {
 public:
  explicit Deadline(Timer::Fire fire, void* owner) : timer_(&Deadline::on_timer, this), fire_(fire), owner_(owner) {}
  template <auto Method, class Owner>
  static Deadline bind(Owner* owner) {
    return Deadline([](void* self) { (static_cast<Owner*>(self)->*Method)(); }, owner);
  }

  void set(TimerWheel& wheel, Instant when) {
    when_ = when;
    wheel_ = &wheel;
    if (!timer_.armed() || timer_.due() > when) wheel.arm(timer_, when);
  }
  void clear() { when_ = Instant::max(); }
  [[nodiscard]] Instant when() const { return when_; }

 private:
  static void on_timer(void* self);

  Timer timer_;
  TimerWheel* wheel_ = nullptr;
  Instant when_ = Instant::max();
  Timer::Fire fire_;
  void* owner_;
};

}  // namespace weir::net
