// A job at an endpoint: queue, work, cache, calls to the next tier, answer.

#include <algorithm>
#include <utility>

#include "sim/engine.h"

namespace weir::sim {

void Engine::deliver(Job& job) {
  Endpoint& endpoint = endpoint_of(job);
  job.status = 0;
  job.code = Code::ok;
  if (endpoint.partitioned()) {
    // Nothing comes back: the gateway's connect timeout tells it.
    const Request& request = requests_[job.request];
    const Instant given_up = request.attempt_started + tiers_[job.tier].spec->cluster.connect_timeout;
    job.code = Code::connect_timeout;
    return events_.push(std::max(given_up, now_), kRespond, job.slot);
  }
  const uint32_t max_connections = endpoint.spec().max_connections;
  if (endpoint.dead() || (max_connections != 0 && endpoint.inside.size() >= max_connections)) {
    if (measuring()) ++endpoint.result.refused;
    job.code = Code::connect_refused;
    return answer(job, false);
  }
  ++endpoint.accepted;
  endpoint.inside.push_back(jobs_, job);
  endpoint.result.in_flight_max = std::max(endpoint.result.in_flight_max, endpoint.inside.size());
  if (endpoint.half_dead()) {
    job.state = Job::State::held;
    return;
  }
  if (endpoint.draws_error()) return refuse(endpoint, job, 500);
  if (endpoint.has_place()) return begin_work(endpoint, job);
  if (endpoint.waiting.size() >= endpoint.spec().queue) {
    if (measuring()) ++endpoint.result.refused;
    return refuse(endpoint, job, 503);
  }
  job.state = Job::State::waiting;
  endpoint.waiting.push_back(jobs_, job);
}

/// Answered at once, without any work.
void Engine::refuse(Endpoint& endpoint, Job& job, uint16_t status) {
  leave(endpoint, job);
  job.status = status;
  answer(job, false);
}

void Engine::leave(Endpoint& endpoint, Job& job) {
  endpoint.inside.remove(jobs_, job);
  ++endpoint.finished;
}

void Engine::begin_work(Endpoint& endpoint, Job& job) {
  endpoint.occupy(now_);
  job.state = Job::State::working;
  const TierSpec& tier = *tiers_[job.tier].spec;
  const bool calls = job.tier + 1 < tiers_.size() && tier.calls > 0 &&
                     (tier.calls_percent >= 100 || calls_prng_.below(100) < tier.calls_percent);
  job.calls_left = calls ? tier.calls : 0;
  after(endpoint.work(job.service, now_), kWorked, job.slot, job.generation);
}

/// After its own work and after each call.
void Engine::go_on(Job& job) {
  if (job.calls_left == 0) return complete(job, 200);
  if (Cache* cache = cache_of(job)) return look_up(job, *cache);
  call(job);
}

uint64_t Engine::cache_key(const Job& job) const {
  const uint32_t calls = tiers_[job.tier].spec->calls;
  return job.key * calls + (job.calls_left - 1);
}

Cache* Engine::cache_of(const Job& job) {
  Tier& tier = tiers_[job.tier];
  if (tier.caches.empty()) return nullptr;
  return &tier.caches[tier.spec->cache.shared ? 0 : job.endpoint];
}

void Engine::look_up(Job& job, Cache& cache) {
  TierResult& result = result_->tiers[job.tier];
  const uint64_t key = cache_key(job);
  const Cache::Look look = cache.look(key, now_, calls_prng_);
  if (look != Cache::Look::miss) {
    if (measuring()) ++result.cache_hits;
    if (look == Cache::Look::hit_and_refresh && !(cache.single() && cache.flight_of(key) != nullptr)) {
      if (measuring()) ++result.cache_refreshes;
      refresh(job, cache.single() ? cache.begin_flight(key) : nullptr);
    }
    --job.calls_left;
    return go_on(job);
  }
  if (measuring()) ++result.cache_misses;
  if (!cache.single()) return call(job);
  if (Flight* flight = cache.flight_of(key)) {
    if (measuring()) ++result.cache_waits;
    job.flight = flight;
    job.state = Job::State::waiting_for_flight;
    return flight->waiting.push_back(jobs_, job);
  }
  job.flight = cache.begin_flight(key);
  job.leads = true;
  call(job);
}

/// A fetch ahead of time, beside the request that saw the need.
void Engine::refresh(const Job& job, Flight* flight) {
  Job& fetch = jobs_.take();
  const uint32_t slot = fetch.slot, generation = fetch.generation;
  fetch = job;
  fetch.slot = slot;
  fetch.generation = generation;
  fetch.detached = true;
  fetch.request = kNone;
  fetch.flight = flight;
  fetch.leads = flight != nullptr;
  Endpoint& endpoint = endpoint_of(fetch);
  ++endpoint.accepted;
  endpoint.inside.push_back(jobs_, fetch);
  call(fetch);
}

/// Over a connection of the endpoint's pool, when it has one to spare.
void Engine::call(Job& job) {
  Endpoint& endpoint = endpoint_of(job);
  const uint32_t pool = tiers_[job.tier].spec->pool;
  job.since = now_;
  if (pool != 0 && endpoint.pool_used >= pool) {
    if (measuring()) ++result_->tiers[job.tier].pool_waits;
    job.state = Job::State::waiting_for_connection;
    return endpoint.waiting_for_pool.push_back(jobs_, job);
  }
  place_call(job);
}

void Engine::place_call(Job& job) {
  Endpoint& endpoint = endpoint_of(job);
  ++endpoint.pool_used;
  job.state = Job::State::calling;
  TierResult& result = result_->tiers[job.tier];
  if (tiers_[job.tier].spec->pool != 0 && measuring()) {
    result.pool_wait->record(static_cast<uint64_t>((now_ - job.since).ns()));
  }
  Request& request = new_request(job.tier + 1, endpoint.zone(), kNone, calls_prng_);
  request.client = job.client;
  request.key = job.key;
  request.session = job.session;
  request.idempotent = job.idempotent;
  request.job = job.slot;
  request.job_generation = job.generation;
  travel(request);
}

/// The next tier has answered a call of this job, if it still lives.
void Engine::on_called(uint32_t slot, uint32_t generation, bool good) {
  Job* job = jobs_.find(slot, generation);
  if (job == nullptr) return;  // its endpoint has died since, and the pool with it
  Endpoint& endpoint = endpoint_of(*job);
  --endpoint.pool_used;
  if (Job* next = endpoint.waiting_for_pool.pop_front(jobs_)) place_call(*next);
  if (Cache* cache = cache_of(*job); cache != nullptr && good) {
    cache->put(cache_key(*job), now_ - job->since, now_);
  }
  if (job->leads) land(*job, good);
  if (job->detached) {
    leave(endpoint, *job);
    return jobs_.give_back(*job);
  }
  if (!good && tiers_[job->tier].spec->retries_on_failed_call) return complete(*job, 502);
  --job->calls_left;
  go_on(*job);
}

/// Those who waited for the fetch go on with what it brought.
void Engine::land(Job& leader, bool good) {
  WaitList waiting = std::exchange(leader.flight->waiting, {});
  cache_of(leader)->end_flight(leader.flight);
  leader.flight = nullptr;
  leader.leads = false;
  while (Job* job = waiting.pop_front(jobs_)) {
    job->flight = nullptr;
    if (!good && tiers_[job->tier].spec->retries_on_failed_call) {
      complete(*job, 502);
      continue;
    }
    --job->calls_left;
    go_on(*job);
  }
}

/// The leader is lost: the first who waits fetches in its place.
void Engine::hand_over(Job& leader) {
  Flight* flight = std::exchange(leader.flight, nullptr);
  leader.leads = false;
  Job* next = flight->waiting.pop_front(jobs_);
  if (next == nullptr) return cache_of(leader)->end_flight(flight);
  next->leads = true;
  call(*next);
}

void Engine::complete(Job& job, uint16_t status) {
  Endpoint& endpoint = endpoint_of(job);
  job.status = status;
  endpoint.vacate(now_);
  if (Job* next = endpoint.waiting.pop_front(jobs_)) begin_work(endpoint, *next);
  if (endpoint.half_dead()) {
    job.state = Job::State::held;
    return;
  }
  if (measuring()) ++endpoint.result.served;
  leave(endpoint, job);
  answer(job, true);
}

/// `at_once`: false where the caller is still inside the call that brought the job here.
void Engine::answer(Job& job, bool at_once) {
  const Endpoint& endpoint = endpoint_of(job);
  if (endpoint.partitioned()) return jobs_.give_back(job);
  job.state = Job::State::travelling;
  const uint32_t to = gateways_[job.gateway].zone();
  count_bytes(job, endpoint.zone(), to, clients_[job.client].spec->response_bytes);
  const Duration way = delay(endpoint.zone(), to);
  if (at_once && way == Duration{}) return respond(job);
  after(way, kRespond, job.slot);
}

void Engine::count_bytes(const Job& job, uint32_t from, uint32_t to, uint64_t bytes) {
  if (!measuring()) return;
  TierResult& tier = result_->tiers[job.tier];
  tier.all_bytes += bytes;
  if (from != to && from != 0 && to != 0) tier.cross_zone_bytes += bytes;
}

/// Its endpoint has died under it.
void Engine::drop(Job& job) {
  Endpoint& endpoint = endpoint_of(job);
  endpoint.inside.remove(jobs_, job);
  ++endpoint.lost;
  switch (job.state) {
    case Job::State::waiting: endpoint.waiting.remove(jobs_, job); break;
    case Job::State::waiting_for_connection: endpoint.waiting_for_pool.remove(jobs_, job); break;
    case Job::State::waiting_for_flight: job.flight->waiting.remove(jobs_, job); break;
    case Job::State::travelling:
    case Job::State::working:
    case Job::State::calling:
    case Job::State::held: break;
  }
  if (job.leads) hand_over(job);
  if (job.detached) return jobs_.give_back(job);
  ++job.generation;  // what was to come of the work and the calls finds nobody
  job.code = Code::reset;
  job.status = 0;
  answer(job, false);
}

void Engine::kill_all_jobs(Endpoint& endpoint) {
  endpoint.vacate_all(now_);
  while (!endpoint.inside.empty()) drop(jobs_[endpoint.inside.first()]);
  endpoint.pool_used = 0;
}

}  // namespace weir::sim
