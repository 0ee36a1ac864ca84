#pragma once
// The future of a simulated run: events by instant, and those of one instant in the order in which they were scheduled,
// so that a run never depends on how a heap breaks ties. A 4-ary heap in one vector (D. B. Johnson, "Priority queues
// with update and finding minimum spanning trees", 1975): half as deep as a binary one, and the four children share two
// cache lines at most three, because an event is 24 bytes.
//
//   queue.push(now + service, kServed, endpoint, request);
//   const Event event = queue.pop();
//
// What `kind`, `a` and `b` mean is the caller's affair. Nothing is ever cancelled: the caller recognises an event that
// has lost its meaning. One thread.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/time.h"

namespace weir::sim {

struct Event {
  Instant at{};
  uint64_t order_and_kind = 0;  ///< order of scheduling, above the kind's eight bits: comparing it compares the order
  uint32_t a = 0, b = 0;

  [[nodiscard]] uint32_t kind() const { return order_and_kind & 0xff; }
  [[nodiscard]] uint64_t order() const { return order_and_kind >> 8; }
  [[nodiscard]] bool before(const Event& other) const {
    return at != other.at ? at < other.at : order_and_kind < other.order_and_kind;
  }
};
static_assert(sizeof(Event) == 24, "the heap's speed is that of the cache");

class EventQueue {
 public:
  /// `kind` below 256.
  void push(Instant at, uint32_t kind, uint32_t a, uint32_t b = 0) {
    DCHECK(kind < 256);
    const Event event{at, next_order_++ << 8 | kind, a, b};
    heap_.push_back(event);
    rise(heap_.size() - 1, event);
  }

  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] size_t size() const { return heap_.size(); }
  /// Of a queue that is not empty, like pop.
  [[nodiscard]] Instant next_at() const { return heap_.front().at; }
  [[nodiscard]] const Event& next() const { return heap_.front(); }

  Event pop() {
    DCHECK(!heap_.empty());
    const Event first = heap_.front();
    const Event last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sink(last);
    return first;
  }

 private:
  static constexpr size_t kArity = 4;

  /// Moves parents down into the hole until `event` fits.
  void rise(size_t hole, const Event& event) {
    while (hole > 0) {
      const size_t parent = (hole - 1) / kArity;
      if (!event.before(heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = event;
  }

  /// Moves the earliest children up into the hole at the top until `event` fits.
  void sink(const Event& event) {
    size_t hole = 0;
    for (;;) {
      const size_t child = earliest_child(hole);
      if (child == 0 || !heap_[child].before(event)) break;
      heap_[hole] = heap_[child];
      hole = child;
    }
    heap_[hole] = event;
  }

  /// 0, which is nobody's child, when there is none.
  [[nodiscard]] size_t earliest_child(size_t parent) const {
    const size_t first = parent * kArity + 1;
    if (first >= heap_.size()) return 0;
    const size_t end = first + kArity < heap_.size() ? first + kArity : heap_.size();
    size_t earliest = first;
    for (size_t child = first + 1; child < end; ++child) {
      if (heap_[child].before(heap_[earliest])) earliest = child;
    }
    return earliest;
  }

  std::vector<Event> heap_;
  uint64_t next_order_ = 0;
};

}  // namespace weir::sim
