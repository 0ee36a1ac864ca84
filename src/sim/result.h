#pragma once
// What a run of a scenario found. Latencies are in nanoseconds, from the client's arrival to its answer. Counts are of
// requests of clients that arrived after the warm-up, unless said otherwise. Everything here is a function of scenario
// and seed alone.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/time.h"
#include "l7/core/refusal.h"

namespace weir::sim {

struct EndpointResult {
  std::string zone;
  uint64_t served = 0;   ///< answers given, after warm-up
  uint64_t picked = 0;   ///< attempts that gateways sent to it
  uint64_t refused = 0;  ///< connections refused and full queues
  uint32_t in_flight_max = 0;
  double utilisation = 0;  ///< mean busy share of its places over the time after warm-up
  uint64_t ejections = 0;
};

struct TierResult {
  std::string name;
  std::vector<EndpointResult> endpoints;
  uint64_t requests = 0;  ///< that callers made of its gateways
  uint64_t attempts = 0;  ///< that gateways made of its endpoints; over requests: the amplification
  uint64_t retries = 0;
  uint64_t panics = 0;  ///< picks that ignored health
  uint64_t cache_hits = 0, cache_misses = 0, cache_waits = 0, cache_refreshes = 0;
  uint64_t cross_zone_bytes = 0;
  uint64_t all_bytes = 0;
  uint64_t pool_waits = 0;  ///< calls that waited for a connection of the endpoint's pool
  std::unique_ptr<Histogram> latency = std::make_unique<Histogram>();  ///< of requests at its gateways
  std::unique_ptr<Histogram> pool_wait = std::make_unique<Histogram>();
};

/// One second (or `Result::slice`) of the run.
struct Slice {
  uint64_t arrived = 0, answered = 0, failed = 0;
  uint64_t p50_ns = 0, p99_ns = 0;
  std::vector<uint32_t> in_flight;  ///< of the first tier's endpoints, at the slice's end
};

/// What the checkers saw over the whole run, warm-up included; `broken` names each law that did not hold.
struct Laws {
  uint64_t arrived = 0, answered = 0, failed = 0, open = 0;  ///< arrived == answered + failed + open
  double mean_number = 0;                                    ///< time-average number of requests in the system (L)
  double rate_times_stay = 0;                                ///< arrivals per second times mean stay (lambda W)
  std::vector<std::string> broken;
};

struct Result {
  std::string variant;
  uint64_t seed = 0;
  Duration measured{};  ///< length of the run after its warm-up
  uint64_t arrived = 0;
  uint64_t answered = 0;                              ///< with a status below 500
  uint64_t failed = 0;                                ///< refused by a gateway or answered 5xx
  std::array<uint64_t, l7::core::kRules> refusals{};  ///< of the clients' requests, by rule
  Histogram latency;                                  ///< of those answered well
  double mean_ns = 0;                                 ///< exact, of those answered well
  std::vector<TierResult> tiers;
  double cross_zone_dollars_per_month = 0;  ///< at the run's mean rate
  Duration slice = Duration::s(1);
  std::vector<Slice> slices;
  Laws laws;
  uint64_t events = 0;
  uint64_t digest = 0;  ///< of every decision in order: equal digests, equal runs
};

}  // namespace weir::sim
