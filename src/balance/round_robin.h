#pragma once
// Round robin in proportion to weights, and smooth: an endpoint of weight 5 among 1s is interleaved, not used five
// times in a row (the aim of nginx's smooth weighted round robin, which needs O(n) per pick). With equal weights a
// cursor, O(1). Otherwise stride scheduling (Waldspurger and Weihl, 1995; Envoy's EDF): every member has a virtual
// deadline that advances by 1/weight whenever it is picked, the earliest is next: a heap, O(log n). Slow start scales
// the stride at the moment of the pick.
//
// The starting point is random, so that many workers do not all begin with the same endpoint. Threads and determinism:
// policy.h.

#include <vector>

#include "balance/policy.h"

namespace weir::balance {

class RoundRobin final : public Policy {
 public:
  explicit RoundRobin(const PolicyContext& context);

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

 private:
  struct Turn {
    uint64_t deadline;  ///< virtual time; compared by difference, so it may wrap
    uint32_t position;
  };
  static bool later(const Turn& a, const Turn& b) { return static_cast<int64_t>(a.deadline - b.deadline) > 0; }

  void start(Instant now, Prng& prng);
  [[nodiscard]] uint64_t stride(uint32_t position, Instant now) const;
  std::optional<uint32_t> pick_in_rotation(const PickRequest& request);
  std::optional<uint32_t> pick_by_deadline(const PickRequest& request);

  std::span<const EndpointView> members_;
  Duration slow_start_;
  bool rotates_;
  bool started_ = false;
  uint32_t cursor_ = 0;
  std::vector<Turn> turns_;    ///< a heap, earliest deadline on top; unused when rotating
  std::vector<Turn> skipped_;  ///< scratch: turns of avoided members, which stay due
};

}  // namespace weir::balance
