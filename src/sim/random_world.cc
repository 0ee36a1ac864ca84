#include "sim/random_world.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "sim/dice.h"

namespace weir::sim {
namespace {

using model::PolicyKind;

// The tables of maglev and ring_hash are made anew at every change of health: many worlds of them are slow worlds.
constexpr std::array kPolicies{PolicyKind::round_robin,   PolicyKind::round_robin,   PolicyKind::round_robin,
                               PolicyKind::least_request, PolicyKind::least_request, PolicyKind::p2c,
                               PolicyKind::p2c,           PolicyKind::p2c,           PolicyKind::p2c,
                               PolicyKind::peak_ewma,     PolicyKind::peak_ewma,     PolicyKind::ring_hash,
                               PolicyKind::maglev};
constexpr std::array kZones{"", "a", "b", "c"};
constexpr Duration kTick = Duration::ms(1);

VariateSpec random_variate(Dice& dice, Duration mean) {
  VariateSpec spec{.mean = std::max(mean, Duration::us(1))};
  spec.distribution = dice.of(std::array{Distribution::constant, Distribution::exponential, Distribution::lognormal,
                                         Distribution::bimodal, Distribution::pareto, Distribution::measured});
  spec.cv_percent = dice.count(1, 400);
  spec.slow = spec.mean * dice.between(2, 50);
  spec.slow_percent = dice.between(0, 20);
  spec.shape_percent = dice.between(110, 400);
  if (spec.distribution != Distribution::measured) return spec;
  const uint32_t samples = dice.between(1, 5);
  for (uint32_t i = 0; i < samples; ++i) spec.measured.push_back(dice.duration(spec.mean, spec.mean * 4) / 2);
  return spec;
}

/// `requests`: how many of them the run may have.
ClientSpec random_client(Dice& dice, uint32_t index, Duration length, uint32_t requests) {
  ClientSpec client;
  client.name = "clients-" + std::to_string(index);
  client.zone = dice.of(kZones);
  client.arrivals = dice.of(std::array{Arrivals::poisson, Arrivals::poisson, Arrivals::constant, Arrivals::closed});
  const double seconds = length.seconds();
  client.rate = std::max(1U, static_cast<uint32_t>(requests / seconds / 2));  // bursts and stages add the other half
  if (dice.percent(30)) {
    client.burst_every = dice.duration(Duration::s(1), length);
    client.burst_length = client.burst_every / dice.between(4, 20);
    client.burst_percent = dice.between(0, 400);
  } else if (dice.percent(30)) {
    client.stages.push_back({.at = dice.duration(kTick, length), .rate = dice.between(0, client.rate * 2)});
    client.stages.back().over = dice.percent(50) ? Duration{} : dice.duration(kTick, length);
  } else if (dice.percent(20)) {
    client.day = dice.duration(Duration::s(1), length);
    client.day_swing_percent = dice.between(0, 100);
  }
  client.connections = dice.count(1, 200);
  client.think = random_variate(dice, length * client.connections / std::max(requests, 1U));
  // The heaviest tails keep a run's mean far below their own: the loop would turn far more often.
  if (client.think.distribution == Distribution::pareto) client.think.shape_percent += 100;
  client.keys = dice.count(1, 10'000);
  client.keys_zipf_percent = dice.between(0, 150);
  client.sessions = dice.count(1, 10'000);
  client.sessions_zipf_percent = dice.between(0, 150);
  client.idempotent_percent = dice.of(std::array{100U, 100U, 90U, 50U, 0U});
  return client;
}

void random_health_check(Dice& dice, const TierSpec& tier, uint32_t endpoints, Duration length,
                         std::optional<model::HealthCheckConfig>& check) {
  if (dice.percent(50)) return;
  // Probes are events like any other, and must not be most of them.
  constexpr uint32_t kProbes = 10'000;
  const Duration least = std::max(Duration::ms(50), length * (int64_t{tier.gateways} * endpoints) / kProbes);
  check.emplace();
  check->http_path = "/";
  check->interval = dice.duration(least, std::max(least, Duration::s(10)));
  check->timeout = dice.duration(kTick, Duration::s(3));
  check->jitter_percent = dice.between(0, 50);
  check->rise = dice.between(1, 4);
  check->fall = dice.between(1, 4);
}

model::OutlierConfig random_outlier(Dice& dice) {
  model::OutlierConfig outlier;
  outlier.enabled = dice.percent(85);
  outlier.consecutive_gateway_failures = dice.between(0, 8);
  outlier.consecutive_local_failures = dice.between(0, 8);
  outlier.failure_percent = dice.percent(25) ? 0 : dice.between(1, 100);
  outlier.window = dice.duration(Duration::s(1), Duration::s(20));
  outlier.min_requests = dice.count(1, 50);
  outlier.latency_factor = dice.percent(25) ? 0 : dice.between(2, 8);
  outlier.latency_windows = dice.between(1, 4);
  outlier.max_ejection_percent = dice.percent(25) ? 50 : dice.between(0, 100);
  outlier.base_ejection = dice.duration(Duration::ms(10), Duration::s(10));
  outlier.max_ejection = dice.duration(Duration::ms(10), Duration::s(60));
  return outlier;
}

model::ClusterConfig random_cluster(Dice& dice) {
  model::ClusterConfig cluster;
  cluster.policy = dice.of(kPolicies);
  cluster.choices = dice.between(1, 8);
  if (dice.percent(50)) cluster.choices = 2;
  cluster.hash_on = dice.percent(50) ? model::HashOn::path : model::HashOn::client_ip;
  cluster.bounded_load_percent = dice.percent(30) ? 0 : dice.between(1, 300);
  cluster.outlier = random_outlier(dice);
  if (dice.percent(50)) {
    cluster.circuit.max_connections = dice.count(1, 100);
    cluster.circuit.max_requests = dice.count(1, 500);
    cluster.circuit.max_pending = dice.between(0, 50);
  }
  cluster.circuit.pending_timeout = dice.duration(kTick, Duration::s(10));
  cluster.retry_budget.percent = dice.percent(50) ? 20 : dice.count(1, 200) - 1;
  cluster.retry_budget.min_per_second = dice.count(1, 20) - 1;
  cluster.retry_budget.window = dice.duration(Duration::ms(100), Duration::s(30));
  cluster.connect_timeout = dice.duration(kTick, Duration::s(3));
  cluster.slow_start = dice.percent(30) ? Duration{} : dice.duration(kTick, Duration::s(30));
  cluster.panic_percent = dice.percent(40) ? 50 : dice.between(0, 100);
  cluster.overprovisioning_percent = dice.percent(60) ? 140 : dice.between(100, 1'000);
  cluster.zone_preference = dice.percent(40);
  return cluster;
}

model::RouteConfig random_route(Dice& dice) {
  model::RouteConfig route;
  route.timeout = dice.duration(Duration::ms(5), Duration::s(20));
  route.retry.attempts = dice.percent(50) ? 2 : dice.between(1, 10);
  route.retry.per_try_timeout = dice.percent(60) ? Duration{} : dice.duration(kTick, route.timeout);
  route.retry.backoff_base = dice.percent(20) ? Duration{} : dice.duration(kTick, Duration::s(1));
  route.retry.backoff_max = dice.duration(kTick, Duration::s(3));
  route.retry.on_gateway_status = dice.percent(80);
  return route;
}

EndpointGroupSpec random_group(Dice& dice, uint32_t most) {
  EndpointGroupSpec group;
  group.count = dice.count(1, most);
  group.zone = dice.of(kZones);
  group.weight = dice.percent(50) ? 1 : dice.between(0, 10);
  if (dice.percent(5)) group.weight = 1'000;
  group.priority = dice.percent(70) ? 0 : dice.between(0, 2);
  group.concurrency = dice.count(1, 50);
  if (dice.percent(40)) group.queue = dice.between(0, 20);
  if (dice.percent(20)) group.max_connections = dice.count(1, 60);
  group.speed_percent = dice.percent(70) ? 100 : dice.between(10, 300);
  if (dice.percent(20)) group.contention_ppm = dice.count(1, 200'000);
  if (dice.percent(20)) group.coherency_ppm = dice.count(1, 20'000);
  if (dice.percent(30)) group.warm_up = dice.duration(kTick, Duration::s(20));
  group.cold_percent = dice.between(100, 1'000);
  group.starts_cold = dice.percent(30);
  if (dice.percent(20)) {
    group.pause_every = dice.duration(Duration::ms(10), Duration::s(10));
    group.pause_length = dice.duration(Duration::us(100), Duration::s(1));
  }
  return group;
}

/// `rate`: of the requests that come to it. Sizes the work so that some tiers idle and some cannot keep up.
void random_endpoints(Dice& dice, TierSpec& tier, double rate) {
  const uint32_t groups = dice.between(1, 4);
  uint32_t left = kRandomEndpoints;
  double places = 0;
  for (uint32_t i = 0; i < groups && left > 0; ++i) {
    tier.endpoints.push_back(random_group(dice, left));
    left -= tier.endpoints.back().count;
    places += static_cast<double>(tier.endpoints.back().count) * tier.endpoints.back().concurrency;
  }
  const double utilisation = dice.count(1, 150) / 100.0;
  const Duration mean = Duration::ns(static_cast<int64_t>(1e9 * places * utilisation / std::max(rate, 1.0)));
  const Duration bounded = std::clamp(mean, Duration::us(100), Duration::s(2));
  for (EndpointGroupSpec& group : tier.endpoints) group.service_time = random_variate(dice, bounded);
  if (!dice.percent(15)) return;
  AutoscaleSpec& rule = tier.autoscale;
  rule.enabled = true;
  rule.max = tier.endpoints[0].count + left;
  rule.min = dice.between(1, rule.max);
  rule.target_percent = dice.between(1, 100);
  rule.every = dice.duration(Duration::ms(100), Duration::s(10));
  rule.boot = dice.percent(20) ? Duration{} : dice.duration(kTick, Duration::s(20));
  rule.cool_down = dice.percent(20) ? Duration{} : dice.duration(kTick, Duration::s(20));
}

CacheSpec random_cache(Dice& dice) {
  CacheSpec cache;
  if (dice.percent(40)) return cache;
  cache.mode = dice.of(std::array{CacheMode::plain, CacheMode::singleflight, CacheMode::early, CacheMode::both});
  cache.ttl = dice.duration(kTick, Duration::s(60));
  cache.entries = dice.count(1, 20'000);
  cache.shared = dice.percent(50);
  cache.early_percent = dice.count(1, 1'000);
  cache.starts_warm = dice.percent(50);
  return cache;
}

TierSpec random_tier(Dice& dice, uint32_t index, double rate, Duration length) {
  TierSpec tier;
  tier.name = "tier-" + std::to_string(index);
  tier.gateways = dice.count(1, kRandomGateways);
  if (dice.percent(60)) {
    const uint32_t zones = dice.between(1, 3);
    for (uint32_t i = 0; i < zones; ++i) tier.gateway_zones.emplace_back(dice.of(kZones));
  }
  tier.cluster = random_cluster(dice);
  tier.cluster.name = tier.name;
  tier.route = random_route(dice);
  random_endpoints(dice, tier, rate);
  random_health_check(dice, tier, kRandomEndpoints, length, tier.cluster.health_check);
  if (dice.percent(30)) tier.report_every = dice.duration(Duration::ms(20), Duration::s(5));
  tier.calls_percent = dice.percent(50) ? 100 : dice.between(0, 100);
  tier.calls = dice.between(0, 3);
  tier.pool = dice.percent(50) ? 0 : dice.count(1, 50);
  tier.retries_on_failed_call = dice.percent(70);
  tier.cache = random_cache(dice);
  return tier;
}

void random_faults(Dice& dice, Scenario& scenario) {
  const bool calm = dice.percent(15);
  if (calm) return;
  const uint32_t kinds_percent = dice.between(0, 60);
  for (uint8_t kind = 0; kind < kFaultNames.size(); ++kind) {
    if (!dice.percent(kinds_percent)) continue;
    const uint32_t faults = dice.count(1, kRandomFaults);
    for (uint32_t i = 0; i < faults; ++i) {
      FaultSpec fault{.kind = static_cast<FaultKind>(kind)};
      fault.tier = dice.between(0, static_cast<uint32_t>(scenario.tiers.size()) - 1);
      uint32_t endpoints = 0;
      for (const EndpointGroupSpec& group : scenario.tiers[fault.tier].endpoints) endpoints += group.count;
      fault.first = dice.between(0, endpoints - 1);
      fault.last = dice.percent(50) ? fault.first : dice.between(fault.first, endpoints - 1);
      fault.at = dice.duration(kTick, scenario.duration);
      fault.length = dice.percent(20) ? Duration{} : dice.duration(kTick, scenario.duration);
      if (fault.length > Duration{} && dice.percent(40)) {
        fault.repeat_every = fault.length + dice.duration(scenario.duration / 200, scenario.duration);
      }
      fault.percent = fault.kind == FaultKind::errors ? dice.between(1, 100) : dice.count(10, 5'000);
      scenario.faults.push_back(fault);
    }
  }
}

}  // namespace

Scenario random_world(uint64_t seed) {
  Dice dice(seed);
  Scenario scenario;
  scenario.title = "random world " + std::to_string(seed);
  scenario.seed = dice.seed();
  scenario.duration = Duration::ms(dice.between(5'000, 60'000));
  scenario.warm_up = dice.percent(50) ? Duration{} : scenario.duration / dice.between(2, 10);
  scenario.network.same_zone = dice.percent(30) ? Duration{} : dice.duration(Duration::us(10), Duration::ms(20));
  scenario.network.cross_zone = dice.percent(20) ? Duration{} : dice.duration(Duration::us(10), Duration::ms(50));
  const uint32_t tiers = dice.between(1, 3);
  const uint32_t clients = dice.between(1, 3);
  // Three calls of three make nine requests of one: whoever is called needs fewer clients.
  uint32_t requests = dice.count(200, kRandomRequests) / (tiers * tiers);
  for (uint32_t i = 0; i < clients; ++i) {
    scenario.clients.push_back(random_client(dice, i, scenario.duration, requests / clients));
  }
  double rate = requests / scenario.duration.seconds() / 2;
  for (uint32_t i = 0; i < tiers; ++i) {
    scenario.tiers.push_back(random_tier(dice, i, rate, scenario.duration));
    rate *= scenario.tiers.back().calls * scenario.tiers.back().calls_percent / 100.0;
  }
  random_faults(dice, scenario);
  return scenario;
}

}  // namespace weir::sim
