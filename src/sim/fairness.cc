#include "sim/fairness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "balance/contest.h"
#include "balance/policy.h"

namespace weir::sim {
namespace {

using balance::EndpointView;
using balance::Pool;
using model::PolicyKind;

constexpr double kPatience = 40;
constexpr double kNats = 50;
/// Of a slow start, relative to the weight (balance/slow_start.h).
constexpr double kRampFloor = 0.1;
constexpr double kRampTurns = 10;

uint64_t weight_of(const Pool& pool) {
  uint64_t sum = 0;
  for (const EndpointView& member : pool.members) sum += member.weight;
  return sum;
}

bool is_idle(const EndpointView& member) { return member.load->in_flight.load(std::memory_order_relaxed) == 0; }

bool all_idle(const Pool& pool) { return std::all_of(pool.members.begin(), pool.members.end(), is_idle); }

bool compares_loads(const model::ClusterConfig& cluster) {
  return cluster.policy == PolicyKind::least_request || (cluster.policy == PolicyKind::p2c && cluster.choices > 1);
}

}  // namespace

Fairness::Fairness(const model::ClusterConfig& cluster, uint32_t endpoints, Tell tell)
    : cluster_(cluster), tell_(std::move(tell)), owed_(endpoints), last_picked_(endpoints), draws_(endpoints) {}

void Fairness::Account::book(bool picked, double chance) {
  surplus += (picked ? 1 : 0) - chance;
  variance += chance * (1 - chance);
}

bool Fairness::Account::off() const {
  const double third = kNats / 3;
  return std::abs(surplus) > third + std::sqrt(third * third + 2 * kNats * variance);
}

bool Fairness::ramps(const EndpointView& member, Instant now) const {
  return member.slow_start_from != Instant{} && now - member.slow_start_from < cluster_.slow_start;
}

/// Between equal weights an idle member wins for certain: nobody is known to be faster, nor was unused for longer.
bool Fairness::wins_among_idle(const Pool& pool, const EndpointView& member, Instant now) const {
  if (balance::current_latency(*member.load, now) > Duration{}) return false;
  return std::none_of(pool.members.begin(), pool.members.end(), [&](const EndpointView& other) {
    return is_idle(other) && last_picked_[other.index] < last_picked_[member.index];
  });
}

double Fairness::chance_at_least(const Event& event, const Pool& pool, size_t index) const {
  const EndpointView& member = pool.members[index];
  const bool ramping = std::any_of(pool.members.begin(), pool.members.end(),
                                   [&](const EndpointView& each) { return ramps(each, event.now); });
  double chance = static_cast<double>(member.weight) / static_cast<double>(weight_of(pool));
  if (ramps(member, event.now)) chance *= kRampFloor;
  if (cluster_.policy == PolicyKind::round_robin) return chance / 2;
  if (!compares_loads(cluster_)) return chance;
  if (!is_idle(member)) return 0;
  if (!ramping && balance::equally_weighted(pool.members) && !wins_among_idle(pool, member, event.now)) return 0;
  return chance;
}

void Fairness::owe(const Event& event, const Pool& pool) {
  for (size_t i = 0; i < pool.members.size(); ++i) {
    const uint32_t endpoint = pool.members[i].index;
    if (endpoint == event.endpoint) continue;
    owed_[endpoint] += chance_at_least(event, pool, i) * pool.share / balance::kWhole;
    if (owed_[endpoint] <= kPatience) continue;
    tell_(Wrong::starved, event,
          fmt::format("endpoint {} was passed over though owed {:.0f} picks", endpoint, kPatience));
    owed_[endpoint] = 0;
  }
}

void Fairness::account(const Event& event, const Pool& pool) {
  const bool drawn = cluster_.policy == PolicyKind::p2c && cluster_.choices == 1;
  const bool by_weight = compares_loads(cluster_) && !balance::equally_weighted(pool.members) && all_idle(pool);
  if (!drawn && !by_weight) return;
  const auto whole = static_cast<double>(weight_of(pool));
  for (const EndpointView& member : pool.members) {
    Account& of = draws_[member.index];
    of.book(member.index == event.endpoint, member.weight / whole);
    if (!of.off()) continue;
    tell_(Wrong::share, event,
          fmt::format("endpoint {} was drawn {:+.0f} times beside its weight", member.index, of.surplus));
    of = {};
  }
}

void Fairness::account_for_pools(const Event& event, const Pool& picked) {
  if (balance::is_hashing(cluster_.policy)) return;
  if (shares_.size() < event.pools.size()) shares_.resize(event.pools.size());
  for (size_t i = 0; i < event.pools.size(); ++i) {
    shares_[i].book(&event.pools[i] == &picked, static_cast<double>(event.pools[i].share) / balance::kWhole);
    if (!shares_[i].off()) continue;
    tell_(Wrong::share, event, fmt::format("pool {} was drawn {:+.0f} times beside its share", i, shares_[i].surplus));
    shares_[i] = {};
  }
}

void Fairness::count_turns(const Event& event, const Pool& pool, size_t index, bool ramping) {
  if (turns_.size() < event.pools.size()) turns_.resize(event.pools.size());
  Turns& turns = turns_[index];
  if (!event.first) turns.spoilt = true;
  if (turns.spoilt || ramping) return;
  turns.of_member.resize(pool.members.size());
  ++turns.picks;
  for (size_t i = 0; i < pool.members.size(); ++i) {
    if (pool.members[i].index == event.endpoint) ++turns.of_member[i];
  }
  check_turns(event, pool, turns);
}

void Fairness::check_turns(const Event& event, const Pool& pool, const Turns& turns) {
  const auto slack = [&](const EndpointView& member) { return ramps(member, since_) ? kRampTurns : 1.0; };
  double all = 0;
  for (const EndpointView& member : pool.members) all += slack(member);
  for (size_t i = 0; i < pool.members.size(); ++i) {
    const EndpointView& member = pool.members[i];
    const double part = member.weight / static_cast<double>(weight_of(pool));
    const double expected = static_cast<double>(turns.picks) * part;
    const double off = static_cast<double>(turns.of_member[i]) - expected;
    // Strides are rounded, to less than a millionth.
    if (std::abs(off) <= slack(member) + part * all + 1e-6 * expected) continue;
    return tell_(Wrong::share, event,
                 fmt::format("endpoint {} had {} of {} turns, {:.1f} are its weight's", member.index,
                             turns.of_member[i], turns.picks, expected));
  }
}

void Fairness::judge(const Event& event, const Pool& picked) {
  const bool ramping = std::any_of(picked.members.begin(), picked.members.end(),
                                   [&](const EndpointView& member) { return ramps(member, event.now); });
  if (cluster_.policy == PolicyKind::round_robin) {
    count_turns(event, picked, static_cast<size_t>(&picked - event.pools.data()), ramping);
  }
  if (!event.first) return;
  account_for_pools(event, picked);
  if (!ramping) account(event, picked);
  if (cluster_.policy != PolicyKind::round_robin && cluster_.policy != PolicyKind::p2c && !compares_loads(cluster_))
    return;
  for (const Pool& pool : event.pools) {
    if (pool.share > 0) owe(event, pool);
  }
}

void Fairness::on_pick(const Event& event) {
  if (event.generation != generation_) {
    generation_ = event.generation;
    since_ = event.now;
    turns_.clear();
  }
  owed_[event.endpoint] = 0;
  if (event.probation) return;
  const auto holds = [&](const Pool& pool) {
    return std::any_of(pool.members.begin(), pool.members.end(),
                       [&](const EndpointView& member) { return member.index == event.endpoint; });
  };
  const auto picked = std::find_if(event.pools.begin(), event.pools.end(), holds);
  if (picked != event.pools.end()) judge(event, *picked);
  last_picked_[event.endpoint] = event.now;
}

}  // namespace weir::sim
