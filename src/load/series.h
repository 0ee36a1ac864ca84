#pragma once
// Intervals in bounded memory, however long a run is: what is kept for the report gets coarser, what nobody takes is
// merged. One thread at a time.

#include <deque>
#include <memory>
#include <vector>

#include "load/interval.h"

namespace weir::load {

/// All of a run. Beyond kIntervalsKept the step doubles and neighbours are merged; a warm-up stays apart.
class Series {
 public:
  explicit Series(Duration step) : step_(step) {}
  void append(const Interval& interval);
  [[nodiscard]] std::vector<std::unique_ptr<Interval>> copy() const;

 private:
  void halve();
  Duration step_;
  std::vector<std::unique_ptr<Interval>> kept_;
};

/// What is over and was not taken; the oldest are merged when they are too many.
class Backlog {
 public:
  void push(std::unique_ptr<Interval> interval);
  std::vector<std::unique_ptr<Interval>> take();

 private:
  std::deque<std::unique_ptr<Interval>> waiting_;
};

}  // namespace weir::load
