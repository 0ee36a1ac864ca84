#pragma once
// What must hold in every run, whatever the world does: an Observer that checks it while the run goes on. `kInvariants`
// names each; here is what each means.
//
//   laws             Result::laws is whole: Little's law, the engine's own books (ledger.h, Engine::check_gateways).
//   answered_once    No request is answered twice, or without having been asked.
//   answered_in_time Every request is answered by its gateway within its route's timeout. One whose timeout lies within
//                    the run and that was not answered is lost.
//   eligible_only    A gateway picks no endpoint that it believes unhealthy, unless it panics or the request is the one
//                    of a probation; for that, none that fails its checks; and never a draining one, by what it
//                    believes and by the scenario's faults.
//   ejection_limit   Per gateway, at most max(1, max_ejection_percent of the endpoints) are out (ejected or in
//                    probation) at any time; and who goes out was in.
//   some_eligible    When an endpoint is available but for ejection, at least one is eligible; and a request finds
//                    nobody only when none is available. (Checked at every sweep and at every such request.)
//   retry_budget     Whenever a gateway grants a retry, those of the present tenth of the budget's window and the nine
//                    before it, this one included, are at most retry_budget.percent of the requests that came in the
//                    same ten tenths, plus min_per_second times the window.
//   no_starvation,   See fairness.h.
//   weights
//
// One thread; one of these per run.

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/fairness.h"
#include "sim/result.h"
#include "sim/scenario.h"
#include "sim/world.h"

namespace weir::sim {

enum class Invariant : uint8_t {
  laws,
  answered_once,
  answered_in_time,
  eligible_only,
  ejection_limit,
  some_eligible,
  retry_budget,
  no_starvation,
  weights,
  same_again,  ///< of two runs of one seed (fuzz.h)
};
inline constexpr std::array<std::string_view, 10> kInvariants{
    "laws",          "answered once", "answered in time", "eligible only", "ejection limit",
    "some eligible", "retry budget",  "no starvation",    "weights",       "same again"};

/// Where no gateway is concerned.
inline constexpr uint32_t kNoGateway = UINT32_MAX;

/// The first time that one did not hold, and how often it did not.
struct Violation {
  Invariant invariant{};
  Instant at{};
  uint32_t tier = 0, gateway = 0;
  std::string what;
  uint64_t times = 1;
};
/// "eligible only, at 3.204 s, tier 0, gateway 2: endpoint 4 is draining (17 times)"
std::string describe(const Violation& violation);

class Invariants final : public Observer {
 public:
  /// `scenario` must outlive it.
  explicit Invariants(const Scenario& scenario);

  void on_pick(const PickEvent& event) override;
  void on_transition(Instant now, uint32_t tier, uint32_t gateway, const balance::Transition& transition) override;
  void on_standing(const Standing& standing) override;
  [[nodiscard]] bool wants_standings() const override { return true; }
  void on_request(Instant now, uint32_t tier, uint32_t gateway, uint64_t request) override;
  void on_retry(Instant now, uint32_t tier, uint32_t gateway) override;
  void on_finish(Instant now, uint32_t tier, uint64_t request, uint16_t status) override;
  /// After the run.
  void close(const Laws& laws);

  [[nodiscard]] const std::vector<Violation>& violations() const { return violations_; }

 private:
  struct Tenth {
    int64_t number = 0;
    uint64_t requests = 0, retries = 0;
  };
  struct Gateway {
    Gateway(const TierSpec& tier, uint32_t endpoints, Fairness::Tell tell)
        : outlier(endpoints), fairness(tier.cluster, endpoints, std::move(tell)) {}
    std::vector<balance::OutlierState> outlier;
    std::deque<Tenth> budget;  ///< the last ten in which anything happened
    Fairness fairness;
  };
  struct Open {
    Instant since{};
    uint32_t tier = 0, gateway = 0;
  };

  [[nodiscard]] bool is_drained(const PickEvent& event) const;
  Tenth& tenth_of(Instant now, uint32_t tier, uint32_t gateway);
  void broken(Invariant invariant, Instant now, uint32_t tier, uint32_t gateway, std::string what);

  const Scenario& scenario_;
  std::vector<Gateway> gateways_;  ///< of all tiers
  std::unordered_map<uint64_t, Open> open_;
  std::vector<Violation> violations_;  ///< one for each invariant that did not hold
};

}  // namespace weir::sim
