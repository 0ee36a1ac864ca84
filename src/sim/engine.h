#pragma once
// The engine behind run() (world.h): takes the next event, lets it happen, takes the next. Its source is divided by who
// acts:
//
//   engine.cc            the world is built, the loop, the result
//   engine_clients.cc    clients ask, and get their answers
//   engine_gateways.cc   a request at a gateway: carries out what production's RequestCore decides
//   engine_endpoints.cc  a job at an endpoint: queue, work, cache, calls to the next tier
//   engine_control.cc    what happens by the clock: faults, probes, sweeps, reports, autoscaling, slices
//
// An instant refusal is delivered as an event of its own and never inside the call that caused it, so that the depth of
// calls is bounded by the number of tiers. One thread.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "base/zipf.h"
#include "sim/arrivals.h"
#include "sim/cache.h"
#include "sim/endpoint.h"
#include "sim/event_queue.h"
#include "sim/fixed_array.h"
#include "sim/gateway.h"
#include "sim/job.h"
#include "sim/ledger.h"
#include "sim/request.h"
#include "sim/result.h"
#include "sim/scenario.h"
#include "sim/slots.h"
#include "sim/world.h"

namespace weir::sim {

class Engine {
 public:
  Engine(const Scenario& scenario, std::string variant, uint64_t seed, Observer& observer);
  std::unique_ptr<Result> run();

 private:
  enum EventKind : uint32_t {
    kArrival,      ///< a client's open loop; a: client
    kAsk,          ///< a connection of a closed loop; a: client, b: connection
    kReach,        ///< a request comes to its gateway; a: request
    kReply,        ///< its answer comes to who asked; a: request
    kDeliver,      ///< an attempt comes to its endpoint; a: job
    kWorked,       ///< a: job, b: generation
    kRespond,      ///< an endpoint's answer comes to the gateway; a: job
    kDeadline,     ///< a: request
    kProbe,        ///< a: gateway, b: endpoint
    kProbeFailed,  ///< nothing came within the probe's timeout; a: gateway, b: endpoint
    kSweep,        ///< a: gateway
    kReport,       ///< a: tier
    kFaultBegins,  ///< a: fault
    kFaultEnds,    ///< a: fault
    kAutoscale,    ///< a: tier
    kBoot,         ///< a: tier, b: endpoint
    kMeasure,      ///< the warm-up is over
    kSlice,
  };

  struct Client {
    Client(const ClientSpec& client, uint32_t zone_index, uint64_t seed);
    const ClientSpec* spec;
    uint32_t zone;
    Prng prng;
    ArrivalProcess arrivals;
    Variate think;
    Zipf keys, sessions;
    size_t of_trace = 0;
  };

  enum class Standing : uint8_t { absent, booting, serving, leaving };

  struct Tier {
    Tier(const TierSpec& tier, uint32_t own_index, size_t endpoint_count)
        : spec(&tier), index(own_index), endpoints(endpoint_count) {}
    const TierSpec* spec;
    uint32_t index;
    FixedArray<Endpoint> endpoints;
    uint32_t first_gateway = 0;
    std::vector<std::vector<uint32_t>> gateways_from;  ///< by the caller's zone: whom it may ask
    bool hashes = false, hashes_key = false;
    std::vector<Cache> caches;       ///< none, one, or one per endpoint
    std::vector<Standing> standing;  ///< with an autoscaler: of each endpoint
    Instant scaled_at{};
  };

  // engine.cc
  void add_tier(const TierSpec& spec);
  void add_gateways(Tier& tier, const std::vector<std::string>& names);
  void add_caches(Tier& tier);
  void warm(Cache& cache, const Tier& tier);
  void schedule_control();
  void prefetch(const Event& event);
  void dispatch(const Event& event);
  void serve_queues();
  std::unique_ptr<Result> finish_run();
  void fill_in(Tier& tier);
  void check_gateways();
  void check_endpoints();
  void price_transfers();
  uint32_t zone_index(const std::string& zone);
  [[nodiscard]] Duration delay(uint32_t from, uint32_t to) const;
  uint64_t next_seed() { return seeds_.next(); }
  void note(uint64_t decision);
  void after(Duration wait, EventKind kind, uint32_t a, uint32_t b = 0) { events_.push(now_ + wait, kind, a, b); }
  [[nodiscard]] bool measuring() const { return now_ >= measured_from_; }

  // engine_clients.cc
  void on_arrival(uint32_t client);
  void ask(uint32_t client, uint32_t connection);
  void reply(Request& request);
  Request& new_request(uint32_t tier, uint32_t from_zone, uint32_t connection, Prng& prng);
  void travel(Request& request);

  // engine_gateways.cc
  void reach(Request& request);
  void act(Request& request, const l7::core::Action& action);
  void attempt(Request& request);
  void send(Request& request);
  void respond(Job& job);
  void on_answer(Request& request, uint16_t status);
  void on_failed(Request& request, Code code);
  void on_deadline(Request& request, Instant armed);
  void on_patience_over(Request& request);
  void finish(Request& request, uint16_t status, bool at_once);
  void record(Request& request, balance::Outcome outcome, Duration latency);
  void end_attempt(Request& request);
  void set_deadline(Request& request, Instant when);
  void observe_transition(uint32_t gateway, const balance::Transition& transition);
  void observe_pick(const Request& request, const Gateway::Choice& choice);
  void observe_retry(const Request& request, uint32_t tries, const l7::core::Action& action);
  [[nodiscard]] uint64_t hash_of(const Request& request) const;
  Gateway& gateway_of(const Request& request) { return gateways_[request.gateway]; }
  Tier& tier_of(const Request& request) { return tiers_[request.tier]; }

  // engine_endpoints.cc
  void deliver(Job& job);
  void begin_work(Endpoint& endpoint, Job& job);
  void refuse(Endpoint& endpoint, Job& job, uint16_t status);
  void leave(Endpoint& endpoint, Job& job);
  void go_on(Job& job);
  void look_up(Job& job, Cache& cache);
  void refresh(const Job& job, Flight* flight);
  void call(Job& job);
  void place_call(Job& job);
  void on_called(uint32_t job, uint32_t generation, bool good);
  void land(Job& leader, bool good);
  void hand_over(Job& leader);
  void complete(Job& job, uint16_t status);
  void answer(Job& job, bool at_once);
  void drop(Job& job);
  void kill_all_jobs(Endpoint& endpoint);
  void kill_held(Endpoint& endpoint);
  [[nodiscard]] uint64_t cache_key(const Job& job) const;
  Cache* cache_of(const Job& job);
  Endpoint& endpoint_of(const Job& job) { return tiers_[job.tier].endpoints[job.endpoint]; }
  void count_bytes(const Job& job, uint32_t from, uint32_t to, uint64_t bytes);

  // engine_control.cc
  void on_fault(const FaultSpec& fault, bool begins);
  void hit(const FaultSpec& fault, uint32_t endpoint, bool begins);
  void settle_drain(Tier& tier, uint32_t endpoint);
  void probe(uint32_t gateway, uint32_t endpoint);
  void on_probed(uint32_t gateway, uint32_t endpoint, balance::ProbeResult result);
  void sweep(uint32_t gateway);
  void observe_standing(uint32_t gateway, bool found_nobody);
  void report(Tier& tier);
  void autoscale(Tier& tier);
  void grow(Tier& tier, uint32_t count);
  void shrink(Tier& tier, uint32_t count);
  void boot(Tier& tier, uint32_t endpoint);
  void begin_measuring();
  void end_slice();
  Tier& tier_of_gateway(uint32_t gateway) { return tiers_[gateway_tiers_[gateway]]; }

  const Scenario& scenario_;
  Observer& observer_;
  Prng seeds_;  ///< gives every part its own stream, so that a change in one does not shift the others
  std::unique_ptr<Result> result_;
  Instant measured_from_;
  Instant end_;
  Ledger ledger_;
  EventQueue events_;
  Instant now_{};
  Slots<Request> requests_;
  Slots<Job> jobs_;
  std::vector<std::string> zones_{""};
  std::vector<Client> clients_;
  FixedArray<Tier> tiers_;
  FixedArray<Gateway> gateways_;  ///< of all tiers
  std::vector<uint32_t> gateway_tiers_;
  std::vector<uint32_t> to_serve_;  ///< gateways where a place may have become free
  Prng calls_prng_;                 ///< of what endpoints decide about calls and caches
};

}  // namespace weir::sim
