#pragma once
// The highest rate at which some thresholds hold, found by asking: the rate doubles until they break, then the bracket
// is halved until it is narrower than the precision, and what is found has to hold three times. The search is pure: it
// says which rate to try next and is told whether it held, so that a test can answer for a server.
//
//   RateSearch search(50);
//   while (const auto rate = search.next()) search.tell(*rate, holds_at(*rate));
//   search.found();

#include <optional>

#include "load/report.h"

namespace weir::load {

class RateSearch {
 public:
  explicit RateSearch(double from, double most = 1e6, double precision = 0.05)
      : rate_(from), most_(most), precision_(precision) {}

  /// The rate to try, or nothing when the search is over.
  [[nodiscard]] std::optional<double> next() const;
  void tell(bool held);
  /// The highest rate that held kRepeats times; nothing when none did.
  [[nodiscard]] std::optional<double> found() const { return found_; }
  /// The lowest rate that did not hold, where there was one.
  [[nodiscard]] std::optional<double> broke_at() const { return high_; }
  [[nodiscard]] bool verifying() const { return verifying_; }

  static constexpr int kRepeats = 3;

 private:
  void halve();

  double rate_, most_, precision_;
  std::optional<double> low_, high_;  ///< held, broke
  std::optional<double> found_;
  int repeats_ = 0;
  int tries_ = 0;
  bool verifying_ = false;
  bool over_ = false;
  bool held_once_ = false;

  static constexpr int kTriesMax = 60;
  static constexpr double kLeast = 1;  ///< requests per second
};

/// Something was answered, and no threshold was missed.
bool all_held(const Figures& figures);

/// Of a try that did not hold: whether that says nothing about the server, because the generator could not keep its
/// schedule and all that was missed is what its lateness spoils: times, the rate, and failures that are most of them
/// timeouts and requests that were not sent.
bool is_generators_failure(const Figures& figures);

}  // namespace weir::load
