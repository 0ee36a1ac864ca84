#include "balance/least_request.h"

#include "balance/contest.h"

namespace weir::balance {

std::optional<uint32_t> LeastRequest::pick(const PickRequest& request, Prng& prng) {
  const bool equal_weights = equal_weights_ && request.now >= ramp_end_;
  return scan_least_loaded(members_, slow_start_, equal_weights, request, prng);
}

}  // namespace weir::balance
