#pragma once
// Pause before a retry: exponential with full jitter, U[0, (2^n - 1) x base] and never above the cap (Envoy's rule;
// full jitter after Brooker, "Exponential Backoff And Jitter", AWS 2015). Jitter over the whole range, because clients
// that failed together must not come back together.

#include <algorithm>
#include <cstdint>

#include "base/prng.h"
#include "base/time.h"

namespace weir::balance {

/// The longest pause before retry number `retry` (1 is the first).
constexpr Duration backoff_limit(uint32_t retry, Duration base, Duration cap) {
  if (base <= Duration{} || cap <= Duration{} || retry == 0) return Duration{};
  // From 2^40 on every base of a nanosecond or more is beyond any cap worth setting; the clamp keeps the product in
  // range.
  const int64_t steps = (int64_t{1} << std::min(retry, 40u)) - 1;
  return base.ns() > cap.ns() / steps ? cap : base * steps;
}

inline Duration backoff(uint32_t retry, Duration base, Duration cap, Prng& prng) {
  const Duration limit = backoff_limit(retry, base, cap);
  return Duration::ns(static_cast<int64_t>(prng.below(static_cast<uint64_t>(limit.ns()) + 1)));
}

}  // namespace weir::balance
