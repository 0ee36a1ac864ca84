#pragma once
// The books of a run: every request of a client is entered when it is asked and struck out when it is answered, and at
// the end the books must balance. Little's law, L = lambda W, is checked as the exact identity that it is over a finite
// run (J. D. C. Little, "Little's law as viewed on its 50th anniversary", 2011, section 4): the area under the number
// in the system equals the sum of all stays, those still open counted up to the end; in whole nanoseconds, so equal
// means equal. One thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/time.h"
#include "sim/result.h"

namespace weir::sim {

class Ledger {
 public:
  /// Requests asked before `measured_from` are in the books but not in the statistics.
  Ledger(Result& result, Instant measured_from) : result_(result), measured_from_(measured_from) {}

  void asked(Instant now);
  /// `status`: below 500 it was answered well.
  void answered(Instant asked_at, uint16_t status, l7::core::Rule refusal, Instant now);
  /// Ends a slice of time; its place in the result.
  Slice& end_slice();
  /// A law that does not hold; `what` says where. Each is told once.
  void broken(std::string_view what);
  /// Balances the books: `open_stays` is the sum of (end - asked) over the `open` requests that are still under way.
  void close(uint64_t open, __uint128_t open_stays, Instant end);

 private:
  void move_to(Instant now);

  Result& result_;
  Instant measured_from_;
  Instant at_{};
  uint64_t number_ = 0;       ///< in the system now
  __uint128_t area_ = 0;      ///< integral of number_, in nanoseconds
  __uint128_t stays_ = 0;     ///< of those answered
  __uint128_t good_sum_ = 0;  ///< of the latencies in the statistics
  Slice slice_;
  Histogram slice_latency_;
};

}  // namespace weir::sim
