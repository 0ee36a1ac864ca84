// A request at a gateway: what production's RequestCore decides is carried out here as l7::Exchange does it there, in
// the same order.

#include "balance/ewma.h"
#include "l7/core/outcome.h"
#include "sim/engine.h"

namespace weir::sim {

using balance::Outcome;
using l7::core::Step;

namespace {

// Finalizer of splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): neighbouring
// numbers must not be neighbours on a ring.
uint64_t scatter(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// What a connection knows when it fails (http::ResponseHandler): a refused one has sent nothing; one that breaks under
/// a request had been kept alive, as almost all are.
Retry retry_of(Code code) { return code == Code::reset ? Retry::if_reused : Retry::yes; }

}  // namespace

void Engine::reach(Request& request) {
  request.arrived = now_;
  Tier& tier = tier_of(request);
  if (measuring()) ++result_->tiers[tier.index].requests;
  Gateway& gateway = gateway_of(request);
  observer_.on_request(now_, request.tier, request.gateway, request.number());
  request.core.begin({.idempotent = request.idempotent,
                      .started = now_,
                      .timeout = tier.spec->route.timeout,
                      .retry = tier.spec->route.retry,
                      .endpoints = static_cast<uint32_t>(tier.endpoints.size()),
                      .circuit = tier.spec->cluster.circuit});
  gateway.retry_budget.deposit(now_);
  act(request, request.core.on_arrival(gateway.circuit, !gateway.waiting.empty(), now_));
}

void Engine::act(Request& request, const l7::core::Action& action) {
  switch (action.step) {
    case Step::attempt:
    case Step::attempt_fresh: return attempt(request);
    case Step::pause: request.phase = Request::Phase::pausing; return set_deadline(request, now_ + action.pause);
    case Step::queue:
      if (!gateway_of(request).waiting.enqueue(request)) return act(request, request.core.on_queue_full());
      request.phase = Request::Phase::queued;
      return set_deadline(request, action.until);
    case Step::refuse:
      request.refusal = action.refusal.rule;
      return finish(request, l7::core::status_of(action.refusal.rule), false);
    case Step::forward: UNREACHABLE();
  }
}

void Engine::attempt(Request& request) {
  Gateway& gateway = gateway_of(request);
  for (;;) {
    const auto choice = gateway.choose(hash_of(request), request.core.tried(), request.core.may_repeat(), now_);
    if (!choice) {
      observe_standing(request.gateway, true);
      return act(request, request.core.on_no_endpoint());
    }
    request.endpoint = choice->pick.index;
    gateway.prefetch(request.endpoint);
    note(request.gateway ^ (uint64_t{request.endpoint} << 32));
    if (choice->pick.panic && measuring()) ++result_->tiers[request.tier].panics;
    observe_pick(request, *choice);
    request.core.note_tried(request.endpoint);
    if (gateway.lane(request.endpoint).connections.try_acquire()) return send(request);
    record(request, Outcome::cancelled, Duration{});
    const auto action = request.core.on_saturated(now_);
    if (action.step != Step::attempt) return act(request, action);
  }
}

void Engine::send(Request& request) {
  Gateway& gateway = gateway_of(request);
  Tier& tier = tier_of(request);
  ++request.ticket;
  request.phase = Request::Phase::trying;
  set_deadline(request, request.core.on_attempt(now_));
  gateway.begin_attempt(requests_, request, now_);
  Endpoint& endpoint = tier.endpoints[request.endpoint];
  if (measuring()) {
    ++result_->tiers[tier.index].attempts;
    ++endpoint.result.picked;
    if (request.core.tries() > 1) ++result_->tiers[tier.index].retries;
  }

  Job& job = jobs_.take();
  job.state = Job::State::travelling;
  job.detached = job.leads = false;
  job.flight = nullptr;
  job.tier = request.tier;
  job.endpoint = request.endpoint;
  job.gateway = request.gateway;
  job.request = request.slot;
  job.ticket = request.ticket;
  job.client = request.client;
  job.key = request.key;
  job.session = request.session;
  job.idempotent = request.idempotent;
  job.service = request.service;
  count_bytes(job, gateway.zone(), endpoint.zone(), clients_[request.client].spec->request_bytes);
  const Duration way = delay(gateway.zone(), endpoint.zone());
  if (way == Duration{}) return deliver(job);
  after(way, kDeliver, job.slot);
}

/// The job's way ends here, whether or not anybody still waits for it.
void Engine::respond(Job& job) {
  Request& request = requests_[job.request];
  const bool awaited = request.live && request.ticket == job.ticket && request.phase == Request::Phase::trying;
  const uint16_t status = job.status;
  const Code code = job.code;
  jobs_.give_back(job);
  if (!awaited) return;
  if (status != 0) return on_answer(request, status);
  on_failed(request, code);
}

void Engine::on_answer(Request& request, uint16_t status) {
  Gateway& gateway = gateway_of(request);
  const Duration latency = now_ - request.attempt_started;
  const Outcome outcome = l7::core::outcome_of(status);
  balance::EndpointLoad& load = gateway.lane(request.endpoint).member.load;
  if (outcome == Outcome::gateway_failure) {
    balance::record_failure_penalty(load, now_);
  } else {
    balance::record_latency(load, latency, now_);
  }
  gateway.answered(requests_, request);
  record(request, outcome, latency);
  const auto action = request.core.on_status(status, true, gateway.retry_budget, now_, gateway.prng);
  observe_retry(request, request.core.tries(), action);
  gateway.end_attempt(request);
  if (action.step == Step::forward) return finish(request, status, true);
  act(request, action);
}

void Engine::on_failed(Request& request, Code code) {
  Gateway& gateway = gateway_of(request);
  const uint32_t tries = request.core.tries();
  const auto action =
      request.core.on_failure({.code = code, .retry = retry_of(code)}, gateway.retry_budget, now_, gateway.prng);
  observe_retry(request, tries, action);
  const Outcome outcome = action.step == Step::attempt_fresh ? Outcome::cancelled : l7::core::outcome_of(code);
  end_attempt(request);
  if (outcome != Outcome::cancelled) balance::record_failure_penalty(gateway.lane(request.endpoint).member.load, now_);
  record(request, outcome, now_ - request.attempt_started);
  act(request, action);
}

void Engine::end_attempt(Request& request) {
  gateway_of(request).answered(requests_, request);
  gateway_of(request).end_attempt(request);
  ++request.ticket;  // whatever the endpoint still says comes too late
}

void Engine::on_deadline(Request& request, Instant armed) {
  if (armed != request.armed) return;  // another event was armed since
  request.armed = Instant::max();
  if (!request.live || request.deadline == Instant::max()) return;
  if (request.deadline > now_) return set_deadline(request, request.deadline);
  request.deadline = Instant::max();
  on_patience_over(request);
}

void Engine::on_patience_over(Request& request) {
  Gateway& gateway = gateway_of(request);
  switch (request.phase) {
    case Request::Phase::travelling:
    case Request::Phase::answered: return;
    case Request::Phase::pausing: return act(request, request.core.on_pause_over(now_));
    case Request::Phase::queued:
      gateway.waiting.dequeue(request);
      return act(request, request.core.on_pending_timeout());
    case Request::Phase::trying: {
      end_attempt(request);
      balance::record_failure_penalty(gateway.lane(request.endpoint).member.load, now_);
      record(request, Outcome::gateway_failure, now_ - request.attempt_started);
      const auto action = request.core.on_deadline(true, gateway.retry_budget, now_);
      observe_retry(request, request.core.tries(), action);
      return act(request, action);
    }
  }
}

void Engine::set_deadline(Request& request, Instant when) {
  request.deadline = when;
  if (when >= request.armed) return;
  request.armed = when;
  events_.push(when, kDeadline, request.slot);
}

void Engine::record(Request& request, Outcome outcome, Duration latency) {
  balance::ClusterHealth& health = gateway_of(request).health();
  if (!health.record(request.endpoint, outcome, latency, now_)) return;
  if (const auto transition = health.judge(request.endpoint, outcome, latency, now_)) {
    observe_transition(request.gateway, *transition);
  }
}

void Engine::observe_transition(uint32_t gateway, const balance::Transition& transition) {
  note(transition.endpoint << 8 | static_cast<uint64_t>(transition.to));
  Tier& tier = tier_of_gateway(gateway);
  if (transition.to == balance::OutlierState::ejected) ++tier.endpoints[transition.endpoint].result.ejections;
  observer_.on_transition(now_, tier.index, gateway, transition);
}

void Engine::observe_pick(const Request& request, const Gateway::Choice& choice) {
  Gateway& gateway = gateway_of(request);
  observer_.on_pick({.now = now_,
                     .tier = request.tier,
                     .gateway = request.gateway,
                     .endpoint = choice.pick.index,
                     .panic = choice.pick.panic,
                     .probation = choice.probation,
                     .health = gateway.health().effective(choice.pick.index).health,
                     .available = !choice.probation || balance::available_but_for_ejection(
                                                           gateway.health().member(choice.pick.index).inputs),
                     .first = request.core.tried().empty(),
                     .generation = gateway.generation(),
                     .pools = gateway.pools()});
}

/// `tries`: before the decision, which takes one back where it was for nothing.
void Engine::observe_retry(const Request& request, uint32_t tries, const l7::core::Action& action) {
  const bool again = action.step == Step::attempt || action.step == Step::pause;
  if (again && request.core.tries() == tries) observer_.on_retry(now_, request.tier, request.gateway);
}

/// `at_once`: false for what is refused, which may be inside the call that asked.
void Engine::finish(Request& request, uint16_t status, bool at_once) {
  Gateway& gateway = gateway_of(request);
  gateway.waiting.dequeue(request);
  request.core.end(gateway.circuit);
  request.deadline = Instant::max();
  request.phase = Request::Phase::answered;
  request.status = status;
  note(status);
  if (request.asked >= measured_from_) {
    result_->tiers[request.tier].latency->record(static_cast<uint64_t>((now_ - request.arrived).ns()));
  }
  observer_.on_finish(now_, request.tier, request.number(), status);
  if (!gateway.waiting.empty() && !gateway.wants_serving) {
    gateway.wants_serving = true;
    to_serve_.push_back(request.gateway);
  }
  const Duration way = delay(gateway.zone(), request.from_zone);
  if (at_once && way == Duration{}) return reply(request);
  after(way, kReply, request.slot);
}

uint64_t Engine::hash_of(const Request& request) const {
  const Tier& tier = tiers_[request.tier];
  if (!tier.hashes) return 0;
  return scatter(tier.hashes_key ? request.key : request.session);
}

}  // namespace weir::sim
