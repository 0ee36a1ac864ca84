// Clients ask, and get their answers.

#include "sim/engine.h"

namespace weir::sim {

void Engine::on_arrival(uint32_t index) {
  Client& client = clients_[index];
  ask(index, kNone);
  if (const auto next = client.arrivals.next(client.prng)) events_.push(*next, kArrival, index);
}

/// `connection`: of a closed loop, else kNone.
void Engine::ask(uint32_t index, uint32_t connection) {
  Client& client = clients_[index];
  Request& request = new_request(0, client.zone, connection, client.prng);
  request.client = index;
  request.connection = connection;
  if (client.spec->arrivals == Arrivals::trace) {
    const TraceEntry& entry = client.spec->trace[client.of_trace++];
    request.key = request.session = entry.key;
    request.idempotent = entry.idempotent;
    request.service = entry.service;
  } else {
    request.key = client.keys.draw(client.prng);
    request.session = connection != kNone ? connection : client.sessions.draw(client.prng);
    request.idempotent =
        client.spec->idempotent_percent >= 100 || client.prng.below(100) < client.spec->idempotent_percent;
  }
  ledger_.asked(now_);
  travel(request);
}

/// A connection stays with its gateway; requests of an open loop are spread by chance, as by DNS or an L4 balancer.
Request& Engine::new_request(uint32_t tier, uint32_t from_zone, uint32_t connection, Prng& prng) {
  Request& request = requests_.take();
  request.from_zone = from_zone;
  const std::vector<uint32_t>& gateways = tiers_[tier].gateways_from[from_zone];
  size_t choice = 0;
  if (gateways.size() > 1) choice = connection != kNone ? connection % gateways.size() : prng.below(gateways.size());
  request.tier = tier;
  request.gateway = gateways[choice];
  request.phase = Request::Phase::travelling;
  request.refusal = l7::core::Rule::none;
  request.status = 0;
  request.idempotent = true;
  request.job = request.connection = kNone;
  request.service = {};
  request.asked = now_;
  return request;
}

void Engine::travel(Request& request) {
  const Duration way = delay(request.from_zone, gateway_of(request).zone());
  if (way == Duration{}) return reach(request);
  after(way, kReach, request.slot);
}

/// The answer is with who asked.
void Engine::reply(Request& request) {
  if (request.job != kNone) {
    const uint32_t job = request.job, generation = request.job_generation;
    const bool good = request.status < 500;
    requests_.give_back(request);
    return on_called(job, generation, good);
  }
  ledger_.answered(request.asked, request.status, request.refusal, now_);
  const uint32_t index = request.client, connection = request.connection;
  requests_.give_back(request);
  if (connection == kNone) return;
  Client& client = clients_[index];
  after(client.think.draw(client.prng), kAsk, index, connection);
}

}  // namespace weir::sim
