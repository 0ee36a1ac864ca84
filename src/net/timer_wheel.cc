#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace weir::net {

void Timer::cancel() {
  if (next_ == nullptr) return;
  prev_->next_ = next_;
  next_->prev_ = prev_;
  // In a slot the neighbours are one and the same node exactly when only the sentinel is left.
  if (occupied_ != nullptr && prev_ == next_) *occupied_ &= ~(uint64_t{1} << slot_);
  prev_ = next_ = nullptr;
  occupied_ = nullptr;
}

void TimerList::push_back(Timer& timer) {
  timer.prev_ = head.prev_;
  timer.next_ = &head;
  head.prev_->next_ = &timer;
  head.prev_ = &timer;
}

void TimerList::take(TimerList& from) {
  while (!from.empty()) {
    Timer& timer = *from.head.next_;
    timer.cancel();
    push_back(timer);
  }
}

void TimerWheel::link(Timer& timer) {
  if (timer.tick_ <= tick_) {
    overdue_.push_back(timer);
    return;
  }
  const auto highest = static_cast<unsigned>(std::bit_width(timer.tick_ ^ tick_)) - 1;
  const unsigned level = highest / kBits;
  const auto slot = static_cast<unsigned>((timer.tick_ >> (level * kBits)) & (kSlots - 1));
  timer.slot_ = static_cast<uint8_t>(slot);
  timer.occupied_ = &occupied_[level];
  occupied_[level] |= uint64_t{1} << slot;
  slots_[level][slot].push_back(timer);
}

void TimerWheel::arm(Timer& timer, Instant when) {
  timer.cancel();
  // Beyond the last level (about two years) a timer waits at the horizon; nobody will notice.
  const uint64_t horizon = (tick_ | ((uint64_t{1} << (kBits * kLevels)) - 1));
  timer.tick_ = std::min(ceil_tick(when), horizon);
  link(timer);
}

std::optional<TimerWheel::Expiration> TimerWheel::next_expiration() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    // All slots in use lie after the current one: earlier ones would belong to a lower level.
    const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
    const uint64_t level_start = tick_ & ~((uint64_t{1} << ((level + 1) * kBits)) - 1);
    return Expiration{level_start + (uint64_t{slot} << (level * kBits)), level, slot};
  }
  return std::nullopt;
}

std::optional<Instant> TimerWheel::next_wakeup() const {
  if (!overdue_.empty()) return Instant::from_ns(static_cast<int64_t>(tick_) * 1'000'000);
  const auto next = next_expiration();
  if (!next) return std::nullopt;
  return Instant::from_ns(static_cast<int64_t>(next->tick) * 1'000'000);
}

void TimerWheel::advance(Instant now) {
  const uint64_t target = floor_tick(now);
  TimerList due;
  due.take(overdue_);
  while (true) {
    while (!due.empty()) {
      Timer& timer = *due.head.next_;
      timer.cancel();
      timer.fire_(timer.owner_);
    }
    const auto next = next_expiration();
    if (!next || next->tick > target) break;
    tick_ = next->tick;
    TimerList moving;
    moving.take(slots_[next->level][next->slot]);
    while (!moving.empty()) {
      Timer& timer = *moving.head.next_;
      timer.cancel();
      if (timer.tick_ <= tick_) {
        due.push_back(timer);
      } else {
        link(timer);
      }
    }
  }
  tick_ = std::max(tick_, target);
}

void Deadline::on_timer(void* self) {
  auto& deadline = *static_cast<Deadline*>(self);
  if (deadline.when_ == Instant::max()) return;
  // The wheel fires at whole milliseconds at or after the armed time, so an unmoved deadline has come.
  if (deadline.timer_.due() < deadline.when_) {
    deadline.wheel_->arm(deadline.timer_, deadline.when_);
    return;
  }
  deadline.when_ = Instant::max();
  deadline.fire_(deadline.owner_);
}

}  // namespace weir::net
