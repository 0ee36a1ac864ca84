#pragma once
// The choice of an endpoint for a request, whole: update() turns the cluster's endpoints into pools with shares of the
// traffic (distribution.h: priorities, degraded endpoints, zones, panic), pick() draws a pool and asks its policy.
//
//   Balancer balancer(options);
//   balancer.update(views, now);                    // at control rate: on every change of health, weight or membership
//   if (auto pick = balancer.pick({.hash = h, .now = now}, prng)) { loads[pick->index].in_flight.fetch_add(1); ... }
//
// pick() notes the instant in the endpoint's load cell; counting the request in `in_flight` is the caller's business,
// because only the caller knows when it ends. The views are copied; their load cells are not and must outlive the
// balancer.
//
// Threads: one balancer per worker and cluster, not thread-safe; the load cells are shared by all workers, so that a
// choice sees the whole process's load. Deterministic: time and randomness are arguments.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "balance/distribution.h"
#include "balance/endpoint.h"
#include "balance/policy.h"
#include "balance/sticky.h"
#include "base/prng.h"
#include "base/time.h"

namespace weir::balance {

struct Pick {
  uint32_t index = 0;  ///< EndpointView::index of the chosen endpoint
  bool panic = false;  ///< health was ignored, because too few endpoints of the level are healthy
};

class Balancer {
 public:
  explicit Balancer(const BalancerOptions& options) : options_(options) {}

  void update(std::span<const EndpointView> endpoints, Instant now);

  /// Nothing when no endpoint may take a request.
  std::optional<Pick> pick(const PickRequest& request, Prng& prng);

  /// The endpoint that `token` names in the cluster of that name, and what to do with it. With a hit `pick` is that
  /// endpoint, chosen; otherwise there is none, and pick() is to choose. The table of tokens is made when it is first
  /// asked for: clusters without sticky routes have none.
  struct Held {
    Stickiness stickiness = Stickiness::moved;
    std::optional<Pick> pick;
  };
  Held hold(std::string_view cluster, uint64_t token, uint32_t overflow_percent, const PickRequest& request);

  /// How the traffic is now divided; for the console and for tests.
  [[nodiscard]] std::span<const Pool> pools() const { return pools_; }

 private:
  [[nodiscard]] size_t draw_pool(const PickRequest& request, Prng& prng) const;
  [[nodiscard]] std::optional<Pick> pick_elsewhere(const PickRequest& request, Prng& prng) const;
  static Pick chosen(const Pool& pool, uint32_t position, Instant now);

  BalancerOptions options_;
  std::vector<Pool> pools_;                        ///< those with a share of the traffic first
  std::optional<StickyTable> sticky_;              ///< of pools_
  std::vector<std::unique_ptr<Policy>> policies_;  ///< one for each pool with a share
};

}  // namespace weir::balance
