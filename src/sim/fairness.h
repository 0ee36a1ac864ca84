#pragma once
// Does every endpoint get what its policy owes it? Judged per gateway from the picks and the pools that they were made
// from (balance/distribution.h), in two ways. Both let chance be chance: a false alarm is less likely than 1e-15 per
// judgement, and a search of 100,000 worlds makes some 1e10.
//
// Starvation. At each pick an endpoint that the policy could have taken is owed the chance it had, at least: its pool's
// share times its weight among the pool's members, a tenth of that while its slow start lasts. When the sum since it
// was last picked passes kPatience = 40, it starves: the probability of being passed over so long is at most the
// product of all (1 - chance), which is below e^-40. Owed something is under
//   - round_robin, and p2c with one choice: every member; half its chance with round_robin, whose turns begin anywhere
//     whenever the pools change;
//   - p2c and least_request: a member that the gateway believes idle, since no idle member drawn loses to a busy one.
//     Among equal weights the faster of two idle ones wins, then the one unused for longest: so only who was measured
//     more than a second ago, if ever, and has been unused for longest of the idle.
// Not under ring_hash and maglev, where the keys decide, nor peak_ewma, which stays away from the slow by design.
//
// Shares. Where an endpoint's chance is known exactly, its picks minus the sum of its chances are a martingale with
// steps below one, and stay within Freedman's bound at e^-50 (D. A. Freedman, "On tail probabilities for martingales",
// 1975). Known are the draws of p2c with one choice, those of p2c and least_request among unequal weights when all
// members are idle, and the draw of the pool for whatever policy does not hash. round_robin owes more: over any stretch
// with the same pools, k picks of weight w of W differ from k w/W by one turn, and by the turns of all n members in k
// (ten turns for who still had a turn drawn while its slow start began). In no case while a slow start runs, so this is
// how weights are seen to hold after it.
//
// Only the first tries of requests count: a later one avoids whom it has met. One thread.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/config.h"
#include "sim/world.h"

namespace weir::sim {

class Fairness {
 public:
  enum class Wrong : uint8_t { starved, share };
  using Tell = std::function<void(Wrong, const Observer::PickEvent&, std::string)>;

  /// Of one gateway; `cluster` must outlive it.
  Fairness(const model::ClusterConfig& cluster, uint32_t endpoints, Tell tell);

  void on_pick(const Observer::PickEvent& event);

 private:
  /// Picks against the sum of chances.
  struct Account {
    double surplus = 0, variance = 0;
    void book(bool picked, double chance);
    [[nodiscard]] bool off() const;
  };
  /// Of round_robin, in one pool while the pools stay.
  struct Turns {
    bool spoilt = false;  ///< a later try has moved the turns
    uint64_t picks = 0;
    std::vector<uint64_t> of_member;
  };

  using Event = Observer::PickEvent;
  [[nodiscard]] bool ramps(const balance::EndpointView& member, Instant now) const;
  [[nodiscard]] double chance_at_least(const Event& event, const balance::Pool& pool, size_t member) const;
  void owe(const Event& event, const balance::Pool& pool);
  void account(const Event& event, const balance::Pool& pool);
  void account_for_pools(const Event& event, const balance::Pool& picked);
  void judge(const Event& event, const balance::Pool& picked);
  [[nodiscard]] bool wins_among_idle(const balance::Pool& pool, const balance::EndpointView& member, Instant now) const;
  void count_turns(const Event& event, const balance::Pool& pool, size_t index, bool ramping);
  void check_turns(const Event& event, const balance::Pool& pool, const Turns& turns);

  const model::ClusterConfig& cluster_;
  Tell tell_;
  std::vector<double> owed_;
  std::vector<Instant> last_picked_;  ///< of endpoints, before the present pick
  std::vector<Account> draws_;        ///< of endpoints
  std::vector<Account> shares_;       ///< of pools, by their order
  uint64_t generation_ = UINT64_MAX;
  Instant since_{};  ///< of the pools
  std::vector<Turns> turns_;
};

}  // namespace weir::sim
