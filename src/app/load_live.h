#pragma once
// What a run looks like while it goes on: one block that renews itself on a terminal, one line per interval elsewhere.
// On the standard error: the standard output is the report's. One thread.

#include <string>

#include "load/interval.h"
#include "load/plan.h"

namespace weir::app {

class LoadLive {
 public:
  /// `quiet`: nothing at all.
  LoadLive(const load::Plan& plan, bool quiet);
  void show(const load::Interval& interval);
  void end();  ///< leaves the terminal as it found it

 private:
  void draw_block(const load::Interval& interval);

  Duration duration_;
  bool quiet_, terminal_;
  int lines_ = 0;  ///< of the block on the screen
  load::Interval so_far_;
};

}  // namespace weir::app
