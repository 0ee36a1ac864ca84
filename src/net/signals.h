#pragma once
// Signals as events of a loop (signalfd). Construct before any other thread starts: the signals are blocked in the
// constructing thread, and threads inherit that.

#include <functional>
#include <initializer_list>

#include "net/fd.h"
#include "net/loop.h"

namespace weir::net {

class Signals final : private Pollable {
 public:
  Signals(Loop& loop, std::initializer_list<int> signals, std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void on_ready(uint32_t events) override;

  Loop& loop_;
  Fd fd_;
  std::function<void(int)> on_signal_;
};

}  // namespace weir::net
