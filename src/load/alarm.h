#pragma once
// Wakes a loop at an instant, to the microsecond: the loop's own timers round up to a millisecond, which a schedule of
// arrivals would show as lateness. A timerfd behind it (timerfd_create(2)); the thread of its loop only.

#include <functional>

#include "base/result.h"
#include "net/loop.h"

namespace weir::load {

class Alarm final : private net::Pollable, public net::Deferred {
 public:
  static Result<std::unique_ptr<Alarm>> create(net::Loop& loop, std::function<void()> ring);
  ~Alarm() override;

  /// Rings once, at `when` or in the next turn when that is past; replaces what was set.
  void set(Instant when);

 private:
  Alarm(net::Loop& loop, net::Fd fd, std::function<void()> ring);
  void on_ready(uint32_t events) override;

  net::Loop& loop_;
  net::Fd fd_;
  std::function<void()> ring_;
  Instant set_for_{};
};

}  // namespace weir::load
