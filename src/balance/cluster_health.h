#pragma once
// The health of a cluster's endpoints, whole: active checks, outlier detection and the administrator come together
// here, and out come the views that balancers choose from. The proxy feeds it with what sockets see, the simulator with
// what its world does; both run this code.
//
//   if (health.record(i, outcome, latency, now)) { lock; if (auto t = health.judge(i, outcome, latency, now)) log(*t);
//   } every sweep_interval(): lock; for (const Transition& t : health.sweep(now, oldest)) log(t); before a pick: if
//   (generation != health.generation()) { lock; generation = health.views(views); balancer.update(...) }
//
// Threads: generation(), record() and claim_probation() from any, lock-free; everything else under the owner's lock.
// No clock; the jitter of ejections comes from the seed.

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "balance/active_health.h"
#include "balance/balancer.h"
#include "balance/endpoint.h"
#include "balance/endpoint_health.h"
#include "balance/outlier.h"
#include "balance/outlier_tally.h"
#include "base/time.h"
#include "model/config.h"

namespace weir::balance {

/// What is known of one endpoint, by its identity: it outlives configurations. `load` and `tally` are for all threads,
/// the rest is under the owner's lock.
struct Member {
  /// `name` is the endpoint's identity, "10.0.0.1:3000"; `window` that of outlier detection.
  Member(std::string_view name, Duration window);

  EndpointLoad load;
  OutlierTally tally;
  const uint64_t key;  ///< EndpointView::key
  ZoneId zone{};
  uint8_t priority = 0;
  HealthInputs inputs;
  std::optional<ActiveHealth> active;
};

/// Zones are compared, never ordered: a hash of the name is id enough. An empty name is no zone.
ZoneId zone_id(std::string_view zone);
/// `local_zone`: where the caller runs; empty: nowhere in particular.
BalancerOptions balancer_options(const model::ClusterConfig& config, std::string_view local_zone);

class ClusterHealth {
 public:
  /// `config` and the members must outlive it. Applies the configuration's checks to the members: without active checks
  /// they lose that state, with them it is kept or made.
  ClusterHealth(const model::ClusterConfig& config, std::vector<Member*> members, uint64_t seed);

  /// After a reload: ejections of the members that both have go on.
  void take_over(const ClusterHealth& previous);
  /// In another process, after an upgrade of the binary: the ejection of one member goes on. Instants are those of the
  /// system's clock, which both share.
  [[nodiscard]] EjectionState ejection(uint32_t endpoint) const { return detector_.export_state(endpoint); }
  void resume_ejection(uint32_t endpoint, const EjectionState& state);
  /// After members' inputs were changed directly: derives every endpoint's standing anew and raises the generation
  /// when one changed.
  void recombine();

  /// Changes whenever views would differ.
  [[nodiscard]] uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  /// The endpoints as a balancer wants them; returns the generation they belong to.
  uint64_t views(std::vector<EndpointView>& out) const;

  /// The result of one attempt. True when judge() must be called with the same arguments.
  bool record(uint32_t endpoint, Outcome outcome, Duration latency, Instant now);
  std::optional<Transition> judge(uint32_t endpoint, Outcome outcome, Duration latency, Instant now);
  /// An endpoint in probation that is owed its one request: the caller sends it one and reports the result.
  std::optional<uint32_t> claim_probation(bool may_repeat);
  /// Judges what needs time to pass. `oldest`: per endpoint, the start of its oldest unanswered request;
  /// Instant::max() for none. The transitions are valid until the next call.
  std::span<const Transition> sweep(Instant now, std::span<const Instant> oldest);
  [[nodiscard]] Duration sweep_interval() const { return detector_.sweep_interval(); }

  /// One probe of active checks; true when the endpoint's state changed.
  bool on_probe(uint32_t endpoint, ProbeResult result, Instant now);
  /// Have all endpoints been probed once (true without active checks)?
  [[nodiscard]] bool probed() const;
  void set_draining(uint32_t endpoint, bool draining, Instant now);
  void set_weight(uint32_t endpoint, uint32_t weight);

  [[nodiscard]] size_t size() const { return members_.size(); }
  [[nodiscard]] const Member& member(uint32_t endpoint) const { return *members_[endpoint]; }
  [[nodiscard]] const EffectiveHealth& effective(uint32_t endpoint) const { return effective_[endpoint]; }
  [[nodiscard]] OutlierState outlier(uint32_t endpoint) const { return detector_.state(endpoint); }

 private:
  void apply(const Transition& transition, Instant now);

  const model::ClusterConfig& config_;
  std::vector<Member*> members_;
  OutlierDetector detector_;
  std::vector<EffectiveHealth> effective_;
  std::atomic<uint64_t> generation_{1};
  // Kept for their memory: a sweep over ten thousand endpoints should not allocate.
  std::vector<HealthInputs> inputs_;
  std::vector<EffectiveHealth> combined_;
  std::vector<SweepInput> sweep_inputs_;
};

}  // namespace weir::balance
