// The generator against a real server on the loopback: what was planned is what was sent, every request is counted
// once, and a server that fails, stalls or is not there is counted by kind and never holds the run up.
#include "load/generator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>

#include "http/simple_server.h"

namespace weir::load {
namespace {

using http::SimpleRequest;
using http::SimpleResponse;

/// Answers on a thread of its own.
class Server {
 public:
  explicit Server(http::SimpleServer::Handler handler) {
    loop_ = std::move(*net::Loop::create());
    server_ = std::move(
        *http::SimpleServer::create(*loop_, *net::SocketAddress::parse("127.0.0.1", 0), std::move(handler), {}));
    port = server_->local_address().port();
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~Server() {
    loop_->stop();
    thread_.join();
    server_.reset();
  }
  uint16_t port = 0;

 private:
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<http::SimpleServer> server_;
  std::thread thread_;
};

Plan plan_for(uint16_t port, double rate, Duration duration) {
  Plan plan;
  plan.target = {"127.0.0.1", port};
  plan.rate = rate;
  plan.duration = duration;
  plan.interval = Duration::ms(100);
  plan.timeout = Duration::s(2);
  return plan;
}

Summary run(const Plan& plan, uint32_t workers = 1) {
  auto generator = Generator::start(plan, workers);
  EXPECT_TRUE(generator.has_value()) << generator.error();
  while (!(*generator)->wait(Duration::s(60))) ADD_FAILURE() << "it hangs";
  return (*generator)->summary();
}

/// Every request that was to come ended in exactly one way.
void expect_balanced(const Interval& total) {
  const uint64_t answered_badly = total.count_of(Failure::status_4xx) + total.count_of(Failure::status_5xx);
  EXPECT_EQ(total.offered, total.completed + total.failed() - answered_badly);
  EXPECT_EQ(total.completed, total.good + answered_badly);
}

TEST(Generator, SendsWhatIsPlannedOverAnyNumberOfWorkers) {
  std::atomic<uint64_t> served = 0;
  Server server([&](const SimpleRequest&) {
    ++served;
    return SimpleResponse{.body = "hello"};
  });
  for (const Arrivals arrivals : {Arrivals::constant, Arrivals::poisson}) {
    for (const uint32_t workers : {1u, 3u}) {
      Plan plan = plan_for(server.port, 500, Duration::ms(400));
      plan.arrivals = arrivals;
      served = 0;
      const Summary summary = run(plan, workers);
      EXPECT_EQ(served, summary.total->good);
      expect_balanced(*summary.total);
      EXPECT_EQ(summary.total->bytes_read, 5 * served);
      EXPECT_EQ(summary.total->offered, served);
      EXPECT_TRUE(arrivals == Arrivals::poisson || served == 200) << served;
      EXPECT_EQ(Duration::ms(400).ns(), summary.measured.ns());
      EXPECT_EQ(served, uint64_t{summary.routes.at(0)->good});
    }
  }
}

TEST(Generator, WarmUpIsCountedApart) {
  Server server([](const SimpleRequest&) { return SimpleResponse{}; });
  Plan plan = plan_for(server.port, 200, Duration::ms(500));
  plan.warm_up = Duration::ms(250);
  const Summary summary = run(plan);
  EXPECT_EQ(50u, summary.total->offered);
  EXPECT_EQ(50u, summary.total->good);
  uint64_t all = 0;
  for (const auto& each : summary.intervals) all += each->offered;
  EXPECT_EQ(100u, all);
}

TEST(Generator, WaitingForAConnectionIsCharged) {
  Server server([](const SimpleRequest&) { return SimpleResponse{.delay = Duration::ms(50)}; });
  Plan plan = plan_for(server.port, 200, Duration::ms(500));
  plan.connections_max = 1;
  plan.timeout = Duration::ms(1500);
  const Summary summary = run(plan);
  EXPECT_EQ(100u, summary.total->offered);
  expect_balanced(*summary.total);
  EXPECT_GT(summary.total->failed(), 50u) << "a hundred requests of 50 ms take 5 s, and the last has 2";
  EXPECT_GT(summary.total->response.percentile(50), 5 * summary.total->service.percentile(50));
  EXPECT_FALSE(summary.verdict.limited) << "the server was slow, not we: " << summary.verdict.reason;
}

TEST(Generator, CountsFailuresByKind) {
  struct Row {
    const char* message;
    Failure expected;
    SimpleResponse response;
  };
  const Row rows[] = {
      {"refused by the application", Failure::status_4xx, {.status = 404}},
      {"failed in the application", Failure::status_5xx, {.status = 503}},
      {"reset", Failure::reset, {.reset = true}},
      {"never answered", Failure::timeout, {.never = true}},
  };
  for (const Row& row : rows) {
    Server server([&](const SimpleRequest&) { return row.response; });
    Plan plan = plan_for(server.port, 100, Duration::ms(200));
    plan.timeout = Duration::ms(100);
    const Summary summary = run(plan);
    EXPECT_EQ(20u, summary.total->count_of(row.expected)) << row.message;
    EXPECT_EQ(20u, summary.total->failed()) << row.message;
    EXPECT_EQ(0u, summary.total->good) << row.message;
    expect_balanced(*summary.total);
  }
}

TEST(Generator, NobodyListens) {
  uint16_t port = 0;
  {
    Server server([](const SimpleRequest&) { return SimpleResponse{}; });
    port = server.port;
  }
  for (const Arrivals arrivals : {Arrivals::constant, Arrivals::closed}) {
    Plan plan = plan_for(port, 100, Duration::ms(200));
    plan.arrivals = arrivals;
    const Summary summary = run(plan, 2);
    EXPECT_GT(summary.total->count_of(Failure::connect), 10u);
    EXPECT_LT(summary.total->count_of(Failure::connect), 1000u) << "a closed loop must rest after a refusal";
    expect_balanced(*summary.total);
  }
}

TEST(Generator, AClosedLoopKeepsItsConnectionsBusy) {
  std::atomic<int> busy = 0, most = 0;
  Server server([&](const SimpleRequest&) { return SimpleResponse{.delay = Duration::ms(5)}; });
  Plan plan = plan_for(server.port, 0, Duration::ms(300));
  plan.arrivals = Arrivals::closed;
  plan.connections = 7;
  const Summary summary = run(plan, 2);
  EXPECT_EQ(7u, summary.total->connects);
  EXPECT_EQ(7u, summary.total->in_flight_max);
  EXPECT_GT(summary.total->good, 7u * 5);
  expect_balanced(*summary.total);
}

TEST(Generator, StopsAndChangesItsRate) {
  Server server([](const SimpleRequest&) { return SimpleResponse{}; });
  Plan plan = plan_for(server.port, 10, Duration::s(3600));
  auto generator = Generator::start(plan, 2);
  ASSERT_TRUE(generator.has_value());
  (*generator)->set_rate(1000);
  std::vector<std::unique_ptr<Interval>> seen;
  uint64_t offered = 0;
  while (offered < 300) {
    (*generator)->wait(Duration::ms(20));
    for (auto& each : (*generator)->take_intervals()) offered += each->offered;
  }
  EXPECT_LT((*generator)->elapsed().seconds(), 25) << "300 arrivals at the first rate would take 30 s";
  (*generator)->stop();
  while (!(*generator)->wait(Duration::s(1))) {
  }
  const Summary summary = (*generator)->summary();
  EXPECT_TRUE(summary.aborted);
  expect_balanced(*summary.total);
}

TEST(Generator, DestroyingItCutsARunOff) {
  Server server([](const SimpleRequest&) { return SimpleResponse{.never = true}; });
  auto generator = Generator::start(plan_for(server.port, 1000, Duration::s(3600)), 2);
  ASSERT_TRUE(generator.has_value());
  while ((*generator)->take_intervals().empty()) (*generator)->wait(Duration::ms(20));
  generator->reset();
}

TEST(Generator, SessionsAreOpenedBeforeTheClockStarts) {
  std::atomic<uint64_t> logins = 0, known = 0;
  Server server([&](const SimpleRequest& request) {
    if (request.head.path() == "/register") return SimpleResponse{.status = 409};
    if (request.head.path() == "/login") {
      ++logins;
      return SimpleResponse{.body = "{\"token\":\"t-" + std::string(request.body) + "\"}"};
    }
    const auto* field = request.head.find("authorization");
    if (field != nullptr && (field->value == "Bearer t-1" || field->value == "Bearer t-2")) ++known;
    return SimpleResponse{};
  });
  Plan plan = plan_for(server.port, 100, Duration::ms(200));
  plan.sessions = {.count = 2,
                   .token = "token",
                   .steps = {{.method = "POST", .path = "/register", .body = "x"},
                             {.method = "POST", .path = "/login", .body = "{session}"}}};
  plan.requests = {{.name = "mine", .path = "/", .fields = {{"authorization", "Bearer {token}"}}}};
  const Summary summary = run(plan);
  EXPECT_EQ(2u, logins);
  EXPECT_EQ(20u, known);
  plan.sessions.steps.pop_back();
  const auto refused = Generator::start(plan, 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ("session 1 of 2 cannot be opened: POST /register was answered with 409", refused.error());
}

}  // namespace
}  // namespace weir::load
