#pragma once
// What requests demanded of an endpoint, from when they were sent to it and when their answers had come. The time in
// between holds the waiting behind others, which would be other under another policy; what the endpoint worked on the
// request itself would not.
//
// The model: an endpoint is a first-come, first-served queue in front of `places` equal places, and each request holds
// one place from the beginning of its work to its last byte. D. V. Lindley's recursion ("The theory of queues with a
// single server", 1952; for several places J. Kiefer and J. Wolfowitz, "On the theory of queues with many servers",
// 1955) gives the ends from the demands:
//
//   begin = max(sent, earliest instant at which a place is free);  end = begin + demand
//
// and here it is solved for the demand: demand = end - max(sent, earliest free place). It assumes that all of the
// endpoint's work came through this proxy and answered in time to be recorded, that the way there and back takes little
// of the time, and that demands do not depend on how much is at work at once (no contention). What passes without
// queueing on the way belongs to the demand.
//
// Pure functions; any thread.

#include <cstdint>
#include <span>
#include <vector>

#include "base/time.h"

namespace weir::sim {

/// One request as its endpoint saw it.
struct Visit {
  uint32_t endpoint = 0;
  Duration sent{}, ended{};  ///< on one line of time
};

struct Demands {
  uint32_t places = 1;
  std::vector<Duration> demand;  ///< in the order of the visits; never below kLeastDemand
  /// Visits that ended before the model would have let their work begin; the model is wrong when there are many.
  uint64_t impossible = 0;
};

inline constexpr Duration kLeastDemand = Duration::us(1);

/// `places`: how many an endpoint has, at least 1.
Demands demands_behind(std::span<const Visit> visits, uint32_t places);

/// The smallest number of places that explains the visits. Demands do not depend on how many others a request finds
/// there; so the quarter of the visits that found most must seem to demand as much as the quarter that found fewest.
/// With too few places they seem to demand less, because a place that was free is taken for a busy one (or even end
/// before they began, which up to one visit in a hundred may do); with too many, more, because waiting is taken for
/// work. Where nothing ever waited nothing tells one number from a larger one.
Demands demands_behind(std::span<const Visit> visits);

}  // namespace weir::sim
