// What happens by the clock: faults, probes, sweeps, reports, autoscaling.

#include <algorithm>
#include <cmath>

#include "sim/engine.h"

namespace weir::sim {

void Engine::on_fault(const FaultSpec& fault, bool begins) {
  const auto index = static_cast<uint32_t>(&fault - scenario_.faults.data());
  if (begins) {
    if (fault.length > Duration{}) after(fault.length, kFaultEnds, index);
    if (fault.repeat_every > Duration{}) after(fault.repeat_every, kFaultBegins, index);
  }
  Tier& tier = tiers_[fault.tier];
  for (uint32_t e = fault.first; e <= fault.last && e < tier.endpoints.size(); ++e) hit(fault, e, begins);
}

void Engine::hit(const FaultSpec& fault, uint32_t index, bool begins) {
  Tier& tier = tiers_[fault.tier];
  Endpoint& endpoint = tier.endpoints[index];
  begins ? endpoint.begin_fault(fault) : endpoint.end_fault(fault);
  switch (fault.kind) {
    case FaultKind::die:
      if (begins) return kill_all_jobs(endpoint);
      if (!endpoint.dead()) endpoint.start(now_);
      if (!tier.spec->cache.shared && !tier.caches.empty()) tier.caches[index].clear();
      return;
    case FaultKind::cold_cache:
      if (!begins) return;
      if (!tier.caches.empty()) tier.caches[tier.spec->cache.shared ? 0 : index].clear();
      return endpoint.start(now_);
    case FaultKind::drain: return settle_drain(tier, index);
    case FaultKind::half_dead:
      // It comes back by a restart, which resets what it held.
      if (!begins && !endpoint.half_dead()) kill_held(endpoint);
      return;
    case FaultKind::slow:
    case FaultKind::errors:
    case FaultKind::partition: return;
  }
}

/// The administrator's drains, however many, and the autoscaler's: it takes requests when none is in force.
void Engine::settle_drain(Tier& tier, uint32_t e) {
  const bool draining = tier.endpoints[e].draining() || tier.standing[e] != Standing::serving;
  for (uint32_t g = 0; g < tier.spec->gateways; ++g) {
    gateways_[tier.first_gateway + g].health().set_draining(e, draining, now_);
  }
}

void Engine::kill_held(Endpoint& endpoint) {
  std::vector<uint32_t> held;
  for (uint32_t slot = endpoint.inside.first(); slot != kNone; slot = jobs_[slot].inside.next) {
    if (jobs_[slot].state == Job::State::held) held.push_back(slot);
  }
  for (const uint32_t slot : held) drop(jobs_[slot]);
}

/// As upstream::HealthChecker does it: the next probe follows the last one's end by the interval and its jitter.
void Engine::probe(uint32_t g, uint32_t e) {
  Endpoint& endpoint = tier_of_gateway(g).endpoints[e];
  const model::HealthCheckConfig& check = *tier_of_gateway(g).spec->cluster.health_check;
  const bool silent = endpoint.half_dead() || endpoint.partitioned() || !endpoint.answers_within(check.timeout, now_);
  if (!endpoint.dead() && silent) return after(check.timeout, kProbeFailed, g, e);
  const bool fails = endpoint.dead() || endpoint.draws_error();
  on_probed(g, e, fails ? balance::ProbeResult::fail : balance::ProbeResult::ok);
}

void Engine::on_probed(uint32_t g, uint32_t e, balance::ProbeResult result) {
  const model::HealthCheckConfig& check = *tier_of_gateway(g).spec->cluster.health_check;
  if (gateways_[g].health().on_probe(e, result, now_)) note(uint64_t{g} << 32 | e);
  const int64_t spread = check.interval.ns() / 100 * check.jitter_percent;
  int64_t jitter = 0;
  if (spread > 0) jitter = static_cast<int64_t>(gateways_[g].prng.below(static_cast<uint64_t>(2 * spread))) - spread;
  after(check.interval + Duration::ns(jitter), kProbe, g, e);
}

void Engine::sweep(uint32_t g) {
  Gateway& gateway = gateways_[g];
  for (const balance::Transition& transition : gateway.sweep(requests_, now_)) observe_transition(g, transition);
  after(gateway.health().sweep_interval(), kSweep, g);
  observe_standing(g, false);
}

void Engine::observe_standing(uint32_t g, bool found_nobody) {
  if (!observer_.wants_standings()) return;
  balance::ClusterHealth& health = gateways_[g].health();
  Observer::Standing standing{.now = now_, .tier = gateway_tiers_[g], .gateway = g, .found_nobody = found_nobody};
  for (uint32_t e = 0; e < health.size(); ++e) {
    ++standing.endpoints;
    if (health.outlier(e) == balance::OutlierState::ejected) ++standing.ejected;
    if (balance::available_but_for_ejection(health.member(e).inputs)) ++standing.available;
    const balance::EffectiveHealth& effective = health.effective(e);
    const bool eligible = effective.health == balance::Health::healthy || effective.health == balance::Health::degraded;
    if (eligible && effective.weight > 0) ++standing.eligible;
  }
  observer_.on_standing(standing);
}

void Engine::report(Tier& tier) {
  for (uint32_t e = 0; e < tier.endpoints.size(); ++e) {
    const uint32_t load = tier.endpoints[e].inside.size();
    for (uint32_t g = 0; g < tier.spec->gateways; ++g) gateways_[tier.first_gateway + g].on_report(e, load);
  }
  after(tier.spec->report_every, kReport, tier.index);
}

/// Target tracking: as many endpoints as would have been busy to the target.
void Engine::autoscale(Tier& tier) {
  const AutoscaleSpec& rule = tier.spec->autoscale;
  after(rule.every, kAutoscale, tier.index);
  uint64_t busy = 0;
  uint64_t places = 0;
  uint32_t serving = 0, booting = 0;
  for (uint32_t e = 0; e < tier.endpoints.size(); ++e) {
    Endpoint& endpoint = tier.endpoints[e];
    const uint64_t area = endpoint.busy_area(now_);
    if (tier.standing[e] == Standing::serving) {
      busy += area - endpoint.scaled_from;
      places += endpoint.spec().concurrency;
      ++serving;
    }
    if (tier.standing[e] == Standing::booting) ++booting;
    endpoint.scaled_from = area;
  }
  const double capacity = static_cast<double>(places) * static_cast<double>(rule.every.ns());
  if (capacity <= 0) return grow(tier, rule.min > booting ? rule.min - booting : 0);
  const double wanted = serving * (static_cast<double>(busy) / capacity) * 100.0 / std::max(rule.target_percent, 1u);
  const auto count = static_cast<uint32_t>(
      std::clamp(std::ceil(wanted), static_cast<double>(rule.min), static_cast<double>(rule.max)));
  if (count > serving + booting) return grow(tier, count - serving - booting);
  if (count < serving && booting == 0 && now_ - tier.scaled_at >= rule.cool_down) shrink(tier, serving - count);
}

void Engine::grow(Tier& tier, uint32_t count) {
  for (uint32_t e = 0; e < tier.endpoints.size() && count > 0; ++e) {
    if (tier.standing[e] != Standing::absent && tier.standing[e] != Standing::leaving) continue;
    tier.standing[e] = Standing::booting;
    tier.scaled_at = now_;
    after(tier.spec->autoscale.boot, kBoot, tier.index, e);
    --count;
  }
}

void Engine::shrink(Tier& tier, uint32_t count) {
  for (uint32_t e = static_cast<uint32_t>(tier.endpoints.size()); e-- > 0 && count > 0;) {
    if (tier.standing[e] != Standing::serving) continue;
    tier.standing[e] = Standing::leaving;
    tier.scaled_at = now_;
    settle_drain(tier, e);
    --count;
  }
}

void Engine::boot(Tier& tier, uint32_t e) {
  Endpoint& endpoint = tier.endpoints[e];
  tier.standing[e] = Standing::serving;
  endpoint.booted = true;
  endpoint.start(now_);
  endpoint.scaled_from = endpoint.busy_area(now_);
  for (uint32_t g = 0; g < tier.spec->gateways; ++g) {
    gateways_[tier.first_gateway + g].health().set_weight(e, endpoint.spec().weight);
  }
  settle_drain(tier, e);
}

}  // namespace weir::sim
