#pragma once
// Objects by number, in chunks that never move: an event names an object by its slot, and intrusive links may point
// into it. A slot that was given back is used again, which keeps a long run in a small memory; `generation` tells a
// slot's tenants apart, for who may hold a number longer than the tenant lives.
//
// T has members `uint32_t slot`, `uint32_t generation` and `bool live`. One thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"

namespace weir::sim {

inline constexpr uint32_t kNone = UINT32_MAX;

template <class T>
class Slots {
 public:
  /// What the last tenant left in it is for the caller to overwrite.
  T& take() {
    if (free_.empty()) grow();
    T& object = (*this)[free_.back()];
    free_.pop_back();
    object.live = true;
    return object;
  }

  void give_back(T& object) {
    DCHECK(object.live);
    object.live = false;
    ++object.generation;
    free_.push_back(object.slot);
  }

  T& operator[](uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
  /// The tenant that had this generation; null when it is gone.
  T* find(uint32_t slot, uint32_t generation) {
    T& object = (*this)[slot];
    return object.live && object.generation == generation ? &object : nullptr;
  }

  [[nodiscard]] size_t capacity() const { return chunks_.size() * kChunk; }

  template <class Visit>
  void for_each_live(Visit&& visit) {
    for (uint32_t slot = 0; slot < capacity(); ++slot) {
      if (T& object = (*this)[slot]; object.live) visit(object);
    }
  }

 private:
  static constexpr uint32_t kChunk = 1024;

  void grow() {
    const auto first = static_cast<uint32_t>(capacity());
    chunks_.push_back(std::make_unique<T[]>(kChunk));
    for (uint32_t i = kChunk; i-- > 0;) {
      chunks_.back()[i].slot = first + i;
      free_.push_back(first + i);
    }
  }

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<uint32_t> free_;
};

/// Place in an intrusive list, by slot.
struct Links {
  uint32_t previous = kNone, next = kNone;
};

/// Doubly linked through a member of T, so that an object can leave from the middle.
template <class T, Links T::*Member>
class SlotList {
 public:
  [[nodiscard]] bool empty() const { return first_ == kNone; }
  [[nodiscard]] uint32_t size() const { return size_; }
  [[nodiscard]] uint32_t first() const { return first_; }

  void push_back(Slots<T>& slots, T& object) {
    (object.*Member) = {.previous = last_, .next = kNone};
    (last_ != kNone ? (slots[last_].*Member).next : first_) = object.slot;
    last_ = object.slot;
    ++size_;
  }

  void remove(Slots<T>& slots, T& object) {
    const Links links = object.*Member;
    (links.previous != kNone ? (slots[links.previous].*Member).next : first_) = links.next;
    (links.next != kNone ? (slots[links.next].*Member).previous : last_) = links.previous;
    --size_;
  }

  T* pop_front(Slots<T>& slots) {
    if (empty()) return nullptr;
    T& object = slots[first_];
    remove(slots, object);
    return &object;
  }

 private:
  uint32_t first_ = kNone, last_ = kNone;
  uint32_t size_ = 0;
};

}  // namespace weir::sim
