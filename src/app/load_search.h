#pragma once
// `weir load --find-max`: asks at the rates that load::RateSearch wants to know about, until the search is over, the
// generator itself is the limit, or somebody stops it. How to ask is the caller's; so this opens no socket.

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "load/report.h"

namespace weir::app {

struct SearchOrders {
  double from = 1;  ///< requests per second
  /// One run at a rate, with its thresholds judged.
  std::function<Result<load::Figures, std::string>(double rate)> ask;
  std::function<bool()> interrupted;
  std::function<void(const std::string& line)> progress;
};

struct SearchEnd {
  bool complete = false;                ///< a rate was found and confirmed
  std::string verdict;                  ///< one sentence
  std::optional<load::Figures> best{};  ///< of the highest rate that held
};

/// An error is a sentence: a try that could not be made, or is too short to know its thresholds.
Result<SearchEnd, std::string> search_rate(const SearchOrders& orders);

}  // namespace weir::app
