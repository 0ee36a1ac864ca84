#include "sim/engine.h"

#include <algorithm>
#include <utility>

#include "balance/policy.h"

namespace weir::sim {

namespace {

constexpr size_t kMaxSlices = 600;
/// More endpoints than this in a heatmap nobody can tell apart.
constexpr size_t kMaxShown = 256;

size_t endpoints_of(const TierSpec& tier) {
  size_t count = 0;
  for (size_t group = 0; group < tier.endpoints.size(); ++group) {
    const uint32_t most = group == 0 && tier.autoscale.enabled ? tier.autoscale.max : 0;
    count += std::max(tier.endpoints[group].count, most);
  }
  return count;
}

size_t gateways_in(const Scenario& scenario) {
  size_t count = 0;
  for (const TierSpec& tier : scenario.tiers) count += tier.gateways;
  return count;
}

/// Whole seconds, so that the axis of a plot reads well.
Duration slice_of(Duration duration) {
  const int64_t seconds = duration.ns() / 1'000'000'000;
  return Duration::s(
      std::max<int64_t>(1, (seconds + static_cast<int64_t>(kMaxSlices) - 1) / static_cast<int64_t>(kMaxSlices)));
}

}  // namespace

Engine::Client::Client(const ClientSpec& client, uint32_t zone_index, uint64_t seed)
    : spec(&client),
      zone(zone_index),
      prng(seed),
      arrivals(client),
      think(client.think),
      keys(client.keys, client.keys_zipf_percent),
      sessions(client.sessions, client.sessions_zipf_percent) {}

Engine::Engine(const Scenario& scenario, std::string variant, uint64_t seed, Observer& observer)
    : scenario_(scenario),
      observer_(observer),
      seeds_(seed),
      result_(std::make_unique<Result>()),
      measured_from_(Instant{} + scenario.warm_up),
      end_(Instant{} + scenario.duration),
      ledger_(*result_, measured_from_),
      tiers_(scenario.tiers.size()),
      gateways_(gateways_in(scenario)),
      calls_prng_(next_seed()) {
  result_->variant = std::move(variant);
  result_->seed = seed;
  result_->measured = std::max(scenario.duration - scenario.warm_up, Duration{});
  result_->slice = slice_of(scenario.duration);
  // Zones first: the tables of whom a caller may ask are by zone.
  for (const ClientSpec& client : scenario.clients) zone_index(client.zone);
  for (const TierSpec& tier : scenario.tiers) {
    for (const std::string& zone : tier.gateway_zones) zone_index(zone);
    for (const EndpointGroupSpec& group : tier.endpoints) zone_index(group.zone);
  }
  for (const ClientSpec& client : scenario.clients) {
    clients_.emplace_back(client, zone_index(client.zone), next_seed());
  }
  for (const TierSpec& tier : scenario.tiers) add_tier(tier);
  for (Tier& tier : tiers_) add_caches(tier);
  schedule_control();
}

void Engine::add_tier(const TierSpec& spec) {
  Tier& tier = tiers_.emplace_back(spec, static_cast<uint32_t>(tiers_.size()), endpoints_of(spec));
  result_->tiers.emplace_back().name = spec.name;
  std::vector<std::string> names;
  for (size_t g = 0; g < spec.endpoints.size(); ++g) {
    const EndpointGroupSpec& group = spec.endpoints[g];
    const bool scaled = g == 0 && spec.autoscale.enabled;
    const uint32_t count = scaled ? std::max(group.count, spec.autoscale.max) : group.count;
    for (uint32_t i = 0; i < count; ++i) {
      names.push_back(spec.name + "-" + std::to_string(names.size()));
      tier.endpoints.emplace_back(group, names.back(), zone_index(group.zone), next_seed(), i < group.count);
      tier.standing.push_back(i < group.count ? Standing::serving : Standing::absent);
    }
  }
  const auto policy = spec.cluster.policy;
  tier.hashes = balance::is_hashing(policy);
  tier.hashes_key = spec.cluster.hash_on == model::HashOn::path;
  add_gateways(tier, names);
}

void Engine::add_gateways(Tier& tier, const std::vector<std::string>& names) {
  const TierSpec& spec = *tier.spec;
  std::vector<const EndpointGroupSpec*> specs;
  for (const Endpoint& endpoint : tier.endpoints) specs.push_back(&endpoint.spec());
  tier.first_gateway = static_cast<uint32_t>(gateways_.size());
  for (uint32_t i = 0; i < spec.gateways; ++i) {
    const std::string zone = spec.gateway_zones.empty() ? "" : spec.gateway_zones[i % spec.gateway_zones.size()];
    Gateway& gateway = gateways_.emplace_back(spec, zone, zone_index(zone), names, specs, next_seed());
    gateway_tiers_.push_back(tier.index);
    for (uint32_t e = 0; e < tier.endpoints.size(); ++e) {
      if (tier.standing[e] != Standing::absent) continue;
      gateway.lane(e).member.inputs.weight = 0;
      gateway.lane(e).member.inputs.draining = true;
    }
    gateway.health().recombine();
  }
  // Callers ask gateways of their own zone, and any when there is none.
  for (uint32_t zone = 0; zone < zones_.size(); ++zone) {
    std::vector<uint32_t> near, all;
    for (uint32_t i = 0; i < spec.gateways; ++i) {
      all.push_back(tier.first_gateway + i);
      if (zone != 0 && gateways_[all.back()].zone() == zone) near.push_back(all.back());
    }
    tier.gateways_from.push_back(near.empty() ? all : near);
  }
}

void Engine::add_caches(Tier& tier) {
  const CacheSpec& spec = tier.spec->cache;
  if (spec.mode == CacheMode::none || tier.index + 1 >= tiers_.size()) return;
  const size_t count = spec.shared ? 1 : tier.endpoints.size();
  tier.caches.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    tier.caches.emplace_back(spec);
    if (spec.starts_warm) warm(tier.caches.back(), tier);
  }
}

/// As a cache is that has been in use for long: full, and every entry at a point of its life that has nothing to do
/// with the others'.
void Engine::warm(Cache& cache, const Tier& tier) {
  uint64_t keys = 0;
  for (const Client& client : clients_) keys = std::max<uint64_t>(keys, client.spec->keys);
  const CacheSpec& spec = tier.spec->cache;
  const Variate next(tiers_[tier.index + 1].endpoints[0].spec().service_time);
  const Duration took = Duration::ns(static_cast<int64_t>(next.mean_ns()));
  const uint64_t entries = std::min<uint64_t>(keys * tier.spec->calls, spec.entries);
  for (uint64_t i = entries; i-- > 0;) {
    const auto age =
        static_cast<int64_t>(calls_prng_.below(static_cast<uint64_t>(std::max<int64_t>(spec.ttl.ns(), 1))));
    // The numbers of cache_key: the most popular keys are the first.
    cache.put_until(i, took, Instant{} + spec.ttl - Duration::ns(age));
  }
}

void Engine::schedule_control() {
  for (uint32_t c = 0; c < clients_.size(); ++c) {
    const ClientSpec& spec = *clients_[c].spec;
    if (spec.arrivals != Arrivals::closed) {
      if (const auto first = clients_[c].arrivals.next(clients_[c].prng)) events_.push(*first, kArrival, c);
      continue;
    }
    for (uint32_t i = 0; i < spec.connections; ++i) after(clients_[c].think.draw(clients_[c].prng), kAsk, c, i);
  }
  for (uint32_t g = 0; g < gateways_.size(); ++g) {
    Tier& tier = tier_of_gateway(g);
    // Gateways do not keep step with each other: each begins somewhere in the first interval.
    if (tier.spec->cluster.outlier.enabled) {
      const auto interval = static_cast<uint64_t>(gateways_[g].health().sweep_interval().ns());
      after(Duration::ns(static_cast<int64_t>(1 + gateways_[g].prng.below(interval))), kSweep, g);
    }
    if (!tier.spec->cluster.health_check) continue;
    for (uint32_t e = 0; e < tier.endpoints.size(); ++e) probe(g, e);
  }
  for (const Tier& tier : tiers_) {
    if (tier.spec->report_every > Duration{}) after(tier.spec->report_every, kReport, tier.index);
    if (tier.spec->autoscale.enabled) after(tier.spec->autoscale.every, kAutoscale, tier.index);
  }
  for (uint32_t f = 0; f < scenario_.faults.size(); ++f)
    events_.push(Instant{} + scenario_.faults[f].at, kFaultBegins, f);
  events_.push(measured_from_, kMeasure, 0);
  after(result_->slice, kSlice, 0);
}

std::unique_ptr<Result> Engine::run() {
  while (!events_.empty() && events_.next_at() < end_) {
    const Event event = events_.pop();
    now_ = event.at;
    ++result_->events;
    if (!events_.empty()) prefetch(events_.next());
    dispatch(event);
    serve_queues();
  }
  now_ = end_;
  if (scenario_.duration.ns() % result_->slice.ns() == 0) end_slice();
  return finish_run();
}

/// With many endpoints nearly every event begins with memory that no cache holds: asked for while the event before is
/// still at work, most of the wait disappears (measured: 10,000 endpoints under 100 gateways, a third less per event).
void Engine::prefetch(const Event& event) {
  if (event.kind() != kWorked && event.kind() != kRespond) return;
  const Job& job = jobs_[event.a];
  __builtin_prefetch(&tiers_[job.tier].endpoints[job.endpoint], 1);
  if (job.request == kNone) return;
  __builtin_prefetch(&requests_[job.request], 1);
  gateways_[job.gateway].prefetch(job.endpoint);
}

void Engine::dispatch(const Event& event) {
  switch (static_cast<EventKind>(event.kind())) {
    case kArrival: return on_arrival(event.a);
    case kAsk: return ask(event.a, event.b);
    case kReach: return reach(requests_[event.a]);
    case kReply: return reply(requests_[event.a]);
    case kDeliver: return deliver(jobs_[event.a]);
    case kWorked:
      if (Job* job = jobs_.find(event.a, event.b)) go_on(*job);
      return;
    case kRespond: return respond(jobs_[event.a]);
    case kDeadline: return on_deadline(requests_[event.a], event.at);
    case kProbe: return probe(event.a, event.b);
    case kProbeFailed: return on_probed(event.a, event.b, balance::ProbeResult::fail);
    case kSweep: return sweep(event.a);
    case kReport: return report(tiers_[event.a]);
    case kFaultBegins: return on_fault(scenario_.faults[event.a], true);
    case kFaultEnds: return on_fault(scenario_.faults[event.a], false);
    case kAutoscale: return autoscale(tiers_[event.a]);
    case kBoot: return boot(tiers_[event.a], event.b);
    case kMeasure: return begin_measuring();
    case kSlice: end_slice(); return after(result_->slice, kSlice, 0);
  }
}

/// After the event, as the proxy does it at the end of the loop's turn: a request that is refused at once frees its
/// place for the next, and so on.
void Engine::serve_queues() {
  while (!to_serve_.empty()) {
    Gateway& gateway = gateways_[to_serve_.back()];
    to_serve_.pop_back();
    gateway.wants_serving = false;
    gateway.waiting.serve([&](balance::Waiter& waiter) {
      auto& request = static_cast<Request&>(waiter);
      act(request, request.core.on_place(gateway.circuit, now_));
    });
  }
}

uint32_t Engine::zone_index(const std::string& zone) {
  const auto found = std::find(zones_.begin(), zones_.end(), zone);
  if (found != zones_.end()) return static_cast<uint32_t>(found - zones_.begin());
  zones_.push_back(zone);
  return static_cast<uint32_t>(zones_.size() - 1);
}

/// Who is in no zone is near to everybody.
Duration Engine::delay(uint32_t from, uint32_t to) const {
  const bool crosses = from != to && from != 0 && to != 0;
  return crosses ? scenario_.network.cross_zone : scenario_.network.same_zone;
}

void Engine::note(uint64_t decision) {
  uint64_t digest = (result_->digest ^ decision ^ static_cast<uint64_t>(now_.ns())) * 0x9e3779b97f4a7c15ULL;
  result_->digest = digest ^ (digest >> 29);
}

std::unique_ptr<Result> Engine::finish_run() {
  uint64_t open = 0;
  __uint128_t open_stays = 0;
  requests_.for_each_live([&](const Request& request) {
    if (request.job != kNone) return;
    ++open;
    open_stays += static_cast<uint64_t>((end_ - request.asked).ns());
  });
  ledger_.close(open, open_stays, end_);
  check_gateways();
  check_endpoints();
  for (Tier& tier : tiers_) fill_in(tier);
  price_transfers();
  return std::move(result_);
}

void Engine::fill_in(Tier& tier) {
  for (Endpoint& endpoint : tier.endpoints) {
    const double places = endpoint.spec().concurrency * static_cast<double>(result_->measured.ns());
    const uint64_t busy = endpoint.busy_area(end_) - endpoint.measured_from;
    if (places > 0) endpoint.result.utilisation = static_cast<double>(busy) / places;
    result_->tiers[tier.index].endpoints.push_back(endpoint.result);
  }
}

/// Whatever a gateway has lent out is with a request that is under way.
void Engine::check_gateways() {
  std::vector<uint32_t> trying(gateways_.size()), queued(gateways_.size()), pausing(gateways_.size());
  requests_.for_each_live([&](const Request& request) {
    if (request.phase == Request::Phase::trying) ++trying[request.gateway];
    if (request.phase == Request::Phase::pausing) ++pausing[request.gateway];
    if (request.queued()) ++queued[request.gateway];
  });
  for (uint32_t g = 0; g < gateways_.size(); ++g) {
    Gateway& gateway = gateways_[g];
    uint64_t own = 0;
    for (uint32_t e = 0; e < tier_of_gateway(g).endpoints.size(); ++e) {
      own += gateway.lane(e).own();
      if (gateway.lane(e).member.load.in_flight.load(std::memory_order_relaxed) < gateway.lane(e).own()) {
        ledger_.broken("load: a gateway counts less at an endpoint than it has there");
      }
    }
    if (own != trying[g]) ledger_.broken("attempts: what is under way is not what is counted");
    if (gateway.waiting.size() != queued[g] || gateway.circuit.pending.used() != queued[g]) {
      ledger_.broken("queue: who waits is not who is counted");
    }
    // Who waits may have its place already: a retry that found every connection taken.
    const uint32_t places = gateway.circuit.requests.used(), under_way = trying[g] + pausing[g];
    if (places < under_way || places > under_way + queued[g]) {
      ledger_.broken("places: those taken are not those of requests under way");
    }
    if (queued[g] > 0 && under_way == 0) ledger_.broken("queue: requests wait for nobody");
  }
}

void Engine::check_endpoints() {
  for (Tier& tier : tiers_) {
    for (const Endpoint& endpoint : tier.endpoints) {
      if (endpoint.accepted != endpoint.finished + endpoint.lost + endpoint.inside.size()) {
        ledger_.broken("conservation: an endpoint's jobs are not those finished, lost and still there");
      }
      if (endpoint.busy() > endpoint.spec().concurrency) ledger_.broken("places: more at work than there are places");
      if (!endpoint.waiting.empty() && endpoint.has_place() && !endpoint.dead()) {
        ledger_.broken("places: requests wait while a place is free");
      }
    }
  }
}

void Engine::price_transfers() {
  double bytes = 0;
  for (const TierResult& tier : result_->tiers) bytes += static_cast<double>(tier.cross_zone_bytes);
  if (result_->measured <= Duration{}) return;
  const double months = result_->measured.seconds() / (30.0 * 86400.0);
  // Leaving one zone is charged, and entering the other.
  result_->cross_zone_dollars_per_month = bytes / months / 1e9 * 2 * scenario_.network.cents_per_gb / 100.0;
}

void Engine::begin_measuring() {
  for (Tier& tier : tiers_) {
    for (Endpoint& endpoint : tier.endpoints) endpoint.measured_from = endpoint.busy_area(now_);
  }
}

void Engine::end_slice() {
  Slice& slice = ledger_.end_slice();
  if (tiers_[0].endpoints.size() <= kMaxShown) {
    for (const Endpoint& endpoint : tiers_[0].endpoints) slice.in_flight.push_back(endpoint.inside.size());
  }
}

}  // namespace weir::sim
