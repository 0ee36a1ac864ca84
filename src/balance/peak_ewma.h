#pragma once
// Peak-EWMA (Finagle PeakEwma.scala): two different members drawn by weight, the cheaper one wins, where
//   cost = latency x (1 + in_flight / weight)       latency: peak-EWMA, decayed on read (ewma.h); weight relative to
//   the mean
// which for equal weights is the classic latency x (in_flight + 1). Failed requests count as slow ones
// (record_failure_penalty). A member that was never measured is taken to be as fast as its peers are on average: as
// fast as nothing would flood it, as slow as a constant would starve it. Costs within a fifth of each other are told
// apart by load alone (contest.h).
//
// Cost: O(1); touches two views and two load cells; up to four members are all compared. Threads and determinism:
// policy.h.

#include "balance/contest.h"
#include "balance/policy.h"
#include "balance/weighted_draw.h"

namespace weir::balance {

class PeakEwma final : public Policy {
 public:
  explicit PeakEwma(const PolicyContext& context);

  std::optional<uint32_t> pick(const PickRequest& request, Prng& prng) override;

 private:
  struct Candidate : Contender {
    double latency = 0;  ///< in ns; 0: not measured
  };

  Candidate look(uint32_t position, const PickRequest& request);
  [[nodiscard]] double cost(const Candidate& candidate) const;
  [[nodiscard]] Verdict compare_cost(const Candidate& a, const Candidate& b, bool by_age) const;
  std::optional<uint32_t> scan(const PickRequest& request, Prng& prng);

  std::span<const EndpointView> members_;
  Duration slow_start_;
  WeightedDraw draw_;
  double mean_weight_;        ///< in thousandths
  double peers_latency_ = 0;  ///< running mean of the measured latencies seen by picks, in ns
};

}  // namespace weir::balance
