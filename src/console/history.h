#pragma once
// The last quarter of an hour, a text per second, for whoever opens the console late: a ring with a limit of seconds
// and one of bytes, whichever is met first. Texts are named by their number, which only grows, so that a reader
// remembers no more than how far it has come.
//
// Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "base/check.h"

namespace weir::console {

class History {
 public:
  struct Limits {
    size_t seconds = 900;
    size_t bytes = 16 * 1024 * 1024;  ///< a hundred endpoints for the whole time
  };
  History() : History(Limits{}) {}
  explicit History(Limits limits) : limits_(limits) {}

  /// A text of its own is kept, however long: a history is never empty once something was pushed.
  void push(std::string text) {
    bytes_ += text.size();
    texts_.push_back(std::move(text));
    while (texts_.size() > 1 && (texts_.size() > limits_.seconds || bytes_ > limits_.bytes)) {
      bytes_ -= texts_.front().size();
      texts_.pop_front();
      ++first_;
    }
  }

  /// Number of the oldest that is still there; end() when there is none.
  [[nodiscard]] uint64_t first() const { return first_; }
  /// Number that the next one will have.
  [[nodiscard]] uint64_t end() const { return first_ + texts_.size(); }
  [[nodiscard]] const std::string& at(uint64_t number) const {
    CHECK(number >= first_ && number < end());
    return texts_[number - first_];
  }
  [[nodiscard]] size_t bytes() const { return bytes_; }

 private:
  Limits limits_;
  std::deque<std::string> texts_;
  uint64_t first_ = 0;
  size_t bytes_ = 0;
};

}  // namespace weir::console
