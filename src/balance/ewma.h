#pragma once
// Peak-EWMA latency of an endpoint (Finagle PeakEwma.scala, Tower peak_ewma.rs): a sample above the average replaces it
// at once, a sample below pulls it down by w = exp(-elapsed/tau). Quick to see trouble, slow to forget it. Reading
// applies the decay of the time since the last sample, so that an endpoint nobody uses looks better by and by and is
// tried again.
//
// Threads: relaxed atomics on the shared cell. Two workers recording at the same moment may lose one of the samples;
// the value is always one that some interleaving of whole samples could have given, up to a decay that is off by the
// gap between them.

#include <algorithm>
#include <cstdint>

#include "balance/endpoint.h"
#include "base/exact_math.h"
#include "base/time.h"

namespace weir::balance {

inline constexpr Duration kLatencyTau = Duration::s(10);

/// What a failure costs at least. An endpoint that fails fast would otherwise look like the quickest and draw all
/// traffic.
inline constexpr Duration kFailurePenalty = Duration::s(1);

/// Weight that a value of the age `elapsed` keeps: 1 for new, towards 0 for old. exp() only beyond a thousandth of tau:
/// most samples of a busy endpoint are closer than that, where the straight line is off by less than a millionth.
inline double decay_factor(Duration elapsed, Duration tau) {
  if (elapsed <= Duration{}) return 1.0;
  const double x = static_cast<double>(elapsed.ns()) / static_cast<double>(tau.ns());
  return x < 1e-3 ? 1.0 - x : exact::exp(-x);
}

/// Zero when the endpoint was never measured; otherwise at least 1 ns, so that "measured" stays visible.
inline Duration decayed_latency(const EndpointLoad& load, Instant now, Duration tau = kLatencyTau) {
  const int64_t latency = load.latency_ns.load(std::memory_order_relaxed);
  if (latency == 0) return Duration{};
  const Instant at = Instant::from_ns(load.latency_at_ns.load(std::memory_order_relaxed));
  const double decayed = static_cast<double>(latency) * decay_factor(now - at, tau);
  return Duration::ns(std::max<int64_t>(1, static_cast<int64_t>(decayed)));
}

/// Time to the first byte of a response, not of its whole body: a body's length says nothing about the endpoint.
inline void record_latency(EndpointLoad& load, Duration rtt, Instant now, Duration tau = kLatencyTau) {
  const int64_t sample = std::max<int64_t>(1, rtt.ns());
  const int64_t latency = load.latency_ns.load(std::memory_order_relaxed);
  const Instant at = Instant::from_ns(load.latency_at_ns.load(std::memory_order_relaxed));
  const double w = decay_factor(now - at, tau);
  int64_t next = sample;
  if (latency != 0 && sample < latency) {
    next = static_cast<int64_t>(static_cast<double>(latency) * w + static_cast<double>(sample) * (1.0 - w));
  }
  load.latency_ns.store(std::max<int64_t>(1, next), std::memory_order_relaxed);
  // Workers' clock readings may arrive out of order; time never goes back in the cell.
  if (now > at) load.latency_at_ns.store(now.ns(), std::memory_order_relaxed);
}

/// A failed request counts as a slow one.
inline void record_failure_penalty(EndpointLoad& load, Instant now, Duration penalty = kFailurePenalty,
                                   Duration tau = kLatencyTau) {
  record_latency(load, std::max(penalty, decayed_latency(load, now, tau)), now, tau);
}

}  // namespace weir::balance
