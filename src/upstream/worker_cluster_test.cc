// WorkerCluster: the queue of those who wait, and what a worker tells the process.
#include "upstream/worker_cluster.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace weir::upstream {
namespace {

model::ClusterConfig config_of(uint32_t max_pending = 10) {
  model::ClusterConfig config;
  config.name = "web";
  for (const uint16_t port : {uint16_t{1}, uint16_t{2}})
    config.endpoints.push_back({.address = {"127.0.0.1", port}, .zone = {}});
  config.circuit.max_pending = max_pending;
  return config;
}

/// Two workers of one process, on one loop.
class Rig {
 public:
  explicit Rig(const model::ClusterConfig& config = config_of())
      : loop(std::move(net::Loop::create().value())),
        cluster(Cluster::create(config, nullptr, loop->now(), 1).value()) {
    for (const size_t worker : {0, 1}) {
      workers.push_back(std::make_unique<WorkerCluster>(
          cluster, WorkerCluster::Environment{*loop, prng_, limits_, scratch_, pools[worker], worker, true, ""}));
    }
  }
  void until(const std::function<bool()>& done) const {
    for (int i = 0; i < 1000 && !done(); ++i) loop->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }

  std::unique_ptr<net::Loop> loop;
  std::shared_ptr<Cluster> cluster;
  PoolMap pools[2];
  std::vector<std::unique_ptr<WorkerCluster>> workers;

 private:
  Prng prng_{1};
  proto::http1::Limits limits_;
  http::ClientScratch scratch_;
};

/// Notes its name when it is its turn; takes a place if there is one, else queues up again.
struct Waiter final : WorkerCluster::Waiter {
  Waiter(WorkerCluster& at, std::string& to, char name) : worker(at), log(to), letter(name) {}
  bool wait() { return worker.enqueue(*this); }
  void on_place() override {
    EXPECT_FALSE(queued());
    log += letter;
    if (places == nullptr || *places > 0) {
      if (places != nullptr) --*places;
    } else {
      EXPECT_TRUE(wait());
    }
  }
  WorkerCluster& worker;
  std::string& log;
  char letter;
  int* places = nullptr;
};

TEST(WorkerCluster, WaitersAreServedInOrder) {
  Rig rig;
  WorkerCluster& worker = *rig.workers[0];
  std::string log;
  Waiter a(worker, log, 'a'), b(worker, log, 'b'), c(worker, log, 'c'), d(worker, log, 'd');
  worker.place_freed();
  for (Waiter* waiter : {&a, &b, &c, &d}) EXPECT_TRUE(waiter->wait());
  EXPECT_EQ(worker.waiting(), 4u);
  EXPECT_EQ(rig.cluster->circuit.pending.used(), 4u);
  worker.dequeue(b);
  worker.dequeue(b);
  EXPECT_EQ(worker.waiting(), 3u);
  EXPECT_TRUE(b.wait());
  worker.place_freed();
  EXPECT_EQ(log, "") << "at the end of the turn, not inside the request that ended";
  rig.loop->run_turn(Duration{});
  EXPECT_EQ(log, "acdb") << "as long as each finds a place";
  EXPECT_EQ(worker.waiting(), 0u);
  EXPECT_EQ(rig.cluster->circuit.pending.used(), 0u);
}

TEST(WorkerCluster, TheQueueIsBoundedForAllWorkersTogether) {
  Rig rig(config_of(2));
  std::string log;
  Waiter a(*rig.workers[0], log, 'a'), b(*rig.workers[1], log, 'b'), c(*rig.workers[0], log, 'c');
  EXPECT_TRUE(a.wait());
  EXPECT_TRUE(b.wait());
  EXPECT_FALSE(c.wait());
  EXPECT_FALSE(c.queued());
  EXPECT_EQ(rig.cluster->circuit.pending.refused(), 1u);
  rig.workers[1]->dequeue(b);
  EXPECT_TRUE(c.wait());
  rig.workers[0]->dequeue(a);
  rig.workers[0]->dequeue(c);
}

TEST(WorkerCluster, APlaceFreedByAnotherWorkerIsNoticed) {
  Rig rig;
  WorkerCluster& worker = *rig.workers[0];
  std::string log;
  int places = 0;
  Waiter a(worker, log, 'a'), b(worker, log, 'b');
  for (Waiter* waiter : {&a, &b}) {
    waiter->places = &places;
    EXPECT_TRUE(waiter->wait());
  }
  rig.until([&] { return log.size() >= 4; });
  EXPECT_EQ(log.substr(0, 4), "abab") << "each tries once per look, and keeps its order";
  EXPECT_EQ(worker.waiting(), 2u);
  log.clear();
  places = 1;
  rig.until([&] { return worker.waiting() == 1; });
  EXPECT_EQ(log[0], 'a') << "who came first";
  places = 1;
  rig.until([&] { return worker.waiting() == 0; });
  EXPECT_EQ(log.back(), 'b');
}

TEST(WorkerCluster, TheOldestUnansweredAttemptIsPublished) {
  Rig rig;
  Endpoint& endpoint = *rig.cluster->endpoints()[0];
  const Instant start = rig.loop->now();
  const auto at = [&](int64_t seconds) { return start + Duration::s(seconds); };
  const auto published = [&] {
    for (auto& worker : rig.workers) worker->publish(start);
    return endpoint.oldest();
  };
  EXPECT_EQ(published(), Instant::max());
  AttemptLink a, b, c;
  rig.workers[0]->begin_attempt(0, a, at(1));
  rig.workers[0]->begin_attempt(0, b, at(2));
  rig.workers[1]->begin_attempt(0, c, at(3));
  EXPECT_EQ(published(), at(1));
  EXPECT_EQ(endpoint.member.load.in_flight.load(), 3u);
  rig.workers[0]->answered(0, a);
  EXPECT_EQ(published(), at(2)) << "answered, though not ended";
  EXPECT_EQ(endpoint.member.load.in_flight.load(), 3u);
  rig.workers[0]->end_attempt(0, b);
  EXPECT_EQ(published(), at(3)) << "the other worker's";
  rig.workers[0]->end_attempt(0, a);
  rig.workers[1]->end_attempt(0, c);
  EXPECT_EQ(published(), Instant::max());
  EXPECT_EQ(endpoint.member.load.in_flight.load(), 0u);
  EXPECT_EQ(rig.cluster->endpoints()[1]->oldest(), Instant::max());
}

TEST(WorkerCluster, PicksFollowTheClustersGeneration) {
  Rig rig;
  WorkerCluster& worker = *rig.workers[0];
  ASSERT_TRUE(rig.cluster->set_draining("127.0.0.1:1", true, rig.loop->now()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(worker.pick(0, {}, true)->index, 1u);
  ASSERT_TRUE(rig.cluster->set_draining("127.0.0.1:1", false, rig.loop->now()));
  ASSERT_TRUE(rig.cluster->set_draining("127.0.0.1:2", true, rig.loop->now()));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(worker.pick(0, {}, true)->index, 0u);
  ASSERT_TRUE(rig.cluster->set_draining("127.0.0.1:1", true, rig.loop->now()));
  EXPECT_FALSE(worker.pick(0, {}, true).has_value());
}

model::ClusterConfig quick_to_eject() {
  model::ClusterConfig config = config_of();
  config.outlier.failure_percent = config.outlier.latency_factor = 0;
  config.slow_start = config.outlier.base_ejection = Duration();
  config.panic_percent = 0;
  return config;
}

void put_in_probation(Rig& rig, uint32_t endpoint) {
  const Instant now = rig.loop->now();
  for (int i = 0; i < 5; ++i) rig.cluster->record(endpoint, balance::Outcome::gateway_failure, Duration::ms(1), now);
  rig.cluster->sweep(now + Duration::s(1));
  ASSERT_EQ(rig.cluster->status()[endpoint].outlier, balance::OutlierState::probation);
}

TEST(WorkerCluster, OnlyARequestThatMayBeRepeatedTestsAnEndpoint) {
  Rig rig(quick_to_eject());
  put_in_probation(rig, 0);
  EXPECT_EQ(rig.workers[0]->pick(0, {}, false)->index, 1u);
  EXPECT_EQ(rig.workers[1]->pick(0, {}, true)->index, 0u);
  EXPECT_EQ(rig.workers[0]->pick(0, {}, true)->index, 1u) << "one request is enough";
}

/// Were all clients at home, nobody else would ever test the endpoint that was ejected.
TEST(WorkerCluster, AStickyRequestTestsAnEndpointUnlessItMayNeverOverflow) {
  Rig rig(quick_to_eject());
  put_in_probation(rig, 0);
  WorkerCluster& worker = *rig.workers[0];
  const uint64_t home = worker.token_of(1);
  EXPECT_EQ(worker.hold(home, 0, {}, true).pick->index, 1u) << "never overflows";
  EXPECT_EQ(worker.hold(home, 150, {}, false).pick->index, 1u) << "may not be repeated";
  const auto held = worker.hold(home, 150, {}, true);
  EXPECT_EQ(held.pick->index, 0u);
  EXPECT_EQ(held.stickiness, balance::Stickiness::overflow) << "it keeps its home";
  EXPECT_EQ(worker.hold(home, 150, {}, true).pick->index, 1u) << "one is enough";
  EXPECT_EQ(worker.hold(worker.token_of(0), 150, {}, true).stickiness, balance::Stickiness::moved);
}

TEST(WorkerCluster, PoolsSurviveAReload) {
  Rig rig;
  model::ClusterConfig config = config_of();
  config.endpoints.push_back({.address = {"127.0.0.1", 3}, .zone = {}});
  std::swap(config.endpoints[0], config.endpoints[2]);
  const auto after = Cluster::create(config, rig.cluster.get(), rig.loop->now(), 1).value();
  Prng prng(1);
  const proto::http1::Limits limits;
  http::ClientScratch scratch;
  WorkerCluster worker(after, {*rig.loop, prng, limits, scratch, rig.pools[0], 0, true, ""});
  EXPECT_EQ(&worker.pool(2), &rig.workers[0]->pool(0));
  EXPECT_EQ(&worker.pool(1), &rig.workers[0]->pool(1));
  EXPECT_EQ(rig.pools[0].size(), 3u);
  EXPECT_EQ(&worker.latency(2), &rig.workers[0]->latency(0));
  EXPECT_NE(&worker.latency(2), &rig.workers[1]->latency(0)) << "one writer per histogram";
}

}  // namespace
}  // namespace weir::upstream
