#pragma once
// An array whose size is known once, of objects that can neither be moved nor copied (they hold atomics that others
// point to), each made with its own arguments. Contiguous, because a pick jumps among ten thousand of them. One thread.

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "base/check.h"

namespace weir::sim {

template <class T>
class FixedArray {
 public:
  explicit FixedArray(size_t capacity) : capacity_(capacity), memory_(std::allocator<T>().allocate(capacity)) {}
  FixedArray(const FixedArray&) = delete;
  FixedArray& operator=(const FixedArray&) = delete;
  ~FixedArray() {
    std::destroy_n(memory_, size_);
    std::allocator<T>().deallocate(memory_, capacity_);
  }

  template <class... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    DCHECK(size_ < capacity_);
    T* object = std::construct_at(memory_ + size_, std::forward<Arguments>(arguments)...);
    ++size_;
    return *object;
  }

  T& operator[](size_t i) { return memory_[i]; }
  const T& operator[](size_t i) const { return memory_[i]; }
  [[nodiscard]] size_t size() const { return size_; }
  T* begin() { return memory_; }
  T* end() { return memory_ + size_; }
  const T* begin() const { return memory_; }
  const T* end() const { return memory_ + size_; }

 private:
  size_t capacity_;
  size_t size_ = 0;
  T* memory_;
};

}  // namespace weir::sim
