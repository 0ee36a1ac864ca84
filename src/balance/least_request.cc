#include "balance/least_request.h"

#include "balance/contest.h"

namespace weir::balance {

std::optional<uint32_t> LeastRequest::pick(const PickRequest& request, Prng& prng) {
  return scan_least_loaded(members_, slow_start_, request, prng);
}

}  // namespace weir::balance
