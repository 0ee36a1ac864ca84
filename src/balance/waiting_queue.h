#pragma once
// Requests that wait for a place, first come first served, bounded by the cluster's `pending` limit: the queue between
// a circuit breaker and who it keeps out. Intrusive, because who waits already has memory and may leave from the
// middle. The proxy and the simulator both queue here.
//
//   if (!queue.enqueue(request)) refuse();                      // full
//   on any end of a request: queue.serve([](Waiter& w) { return try_to_admit(w); });
//
// One thread; only the limit is shared with other queues of the same cluster.

#include <cstdint>

#include "balance/circuit.h"

namespace weir::balance {

/// Base of who waits. The links are the queue's own.
class Waiter {
 public:
  [[nodiscard]] bool queued() const { return queued_; }

 protected:
  Waiter() = default;
  ~Waiter() = default;

 private:
  friend class WaitingQueue;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  bool queued_ = false;
};

class WaitingQueue {
 public:
  explicit WaitingQueue(CircuitLimit& pending) : pending_(pending) {}

  /// At the end. False when the limit is reached; then nothing is queued.
  [[nodiscard]] bool enqueue(Waiter& waiter) {
    if (!pending_.try_acquire()) return false;
    waiter.queued_ = true;
    waiter.previous_ = last_;
    waiter.next_ = nullptr;
    (last_ != nullptr ? last_->next_ : first_) = &waiter;
    last_ = &waiter;
    ++size_;
    return true;
  }

  /// From wherever it stands; nothing when it does not wait.
  void dequeue(Waiter& waiter) {
    if (!waiter.queued_) return;
    waiter.queued_ = false;
    (waiter.previous_ != nullptr ? waiter.previous_->next_ : first_) = waiter.next_;
    (waiter.next_ != nullptr ? waiter.next_->previous_ : last_) = waiter.previous_;
    waiter.previous_ = waiter.next_ = nullptr;
    --size_;
    pending_.release();
  }

  /// Lets those who wait now try, in order, each dequeued before `on_place(waiter)`, until one queues again: no place
  /// after all, nor for those behind it.
  template <class OnPlace>
  void serve(OnPlace&& on_place) {
    for (uint32_t tries = size_; tries > 0 && first_ != nullptr; --tries) {
      Waiter& waiter = *first_;
      dequeue(waiter);
      on_place(waiter);
      if (waiter.queued_) return;
    }
  }

  [[nodiscard]] uint32_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 private:
  CircuitLimit& pending_;
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  uint32_t size_ = 0;
};

}  // namespace weir::balance
