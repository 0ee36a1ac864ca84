// HealthChecker against small servers on loopback.
#include "upstream/health_checker.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "http/simple_server.h"
#include "http/test_http2_peer.h"

namespace weir::upstream {
namespace {

using balance::ActiveState;

model::HealthCheckConfig http_check() {
  model::HealthCheckConfig check;
  check.http_path = "/healthz?deep";
  check.interval = Duration::ms(5);
  check.timeout = Duration::s(5);
  check.rise = check.fall = 1;
  return check;
}

/// One cluster with one endpoint that `answer` plays.
class Rig {
 public:
  explicit Rig(http::SimpleServer::Handler answer = nullptr) : loop(std::move(net::Loop::create().value())) {
    const auto any = net::SocketAddress::parse("127.0.0.1", 0).value();
    server = std::move(http::SimpleServer::create(*loop, any,
                                                  [this, answer](const http::SimpleRequest& request) {
                                                    ++asked;
                                                    target = request.head.target;
                                                    host = request.head.authority;
                                                    return answer ? answer(request)
                                                                  : http::SimpleResponse{.body = "all is well"};
                                                  },
                                                  {})
                           .value());
    port = server->local_address().port();
  }
  std::shared_ptr<Cluster> cluster(const model::HealthCheckConfig& check) const {
    model::ClusterConfig config;
    config.name = "web";
    config.endpoints.push_back({.address = {"127.0.0.1", port}, .zone = {}});
    config.health_check = check;
    return Cluster::create(config, nullptr, loop->now(), 1).value();
  }
  void until(const std::function<bool()>& done) const {
    for (int i = 0; i < 1000 && !done(); ++i) loop->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }

  std::unique_ptr<net::Loop> loop;
  std::unique_ptr<http::SimpleServer> server;
  uint16_t port = 0;
  int asked = 0;
  std::string target, host;
};

ActiveState state_of(const Cluster& cluster) { return cluster.status()[0].active.value(); }

TEST(HealthChecker, JudgesWhatTheEndpointAnswers) {
  const auto with = [](uint16_t status, std::string body) {
    return [status, body](const http::SimpleRequest&) { return http::SimpleResponse{.status = status, .body = body}; };
  };
  const struct {
    const char* message;
    ActiveState expected;
    const char* said;
    http::SimpleServer::Handler answer;
    std::function<void(model::HealthCheckConfig&)> check;
  } cases[] = {
      {"200", ActiveState::healthy, "", with(200, "ok"), {}},
      {"200 without a body", ActiveState::healthy, "", with(200, ""), {}},
      {"204", ActiveState::healthy, "", with(204, ""), {}},
      {"500", ActiveState::unhealthy, "status 500, expected 200-299", with(500, "ok"), {}},
      {"302 when asked for", ActiveState::healthy, "", with(302, "ok"),
       [](auto& check) { check.status_min = check.status_max = 302; }},
      {"the text is there", ActiveState::healthy, "", with(200, "all is well"),
       [](auto& check) { check.body = "well"; }},
      {"the text is not there", ActiveState::unhealthy, "the body does not contain \"well\"", with(200, "all is bad"),
       [](auto& check) { check.body = "well"; }},
      {"the text and no body", ActiveState::unhealthy, "the body does not contain \"well\"", with(204, ""),
       [](auto& check) { check.body = "well"; }},
      {"no answer", ActiveState::unhealthy, "no answer within 20 ms",
       [](const http::SimpleRequest&) { return http::SimpleResponse{.never = true}; },
       [](auto& check) { check.timeout = Duration::ms(20); }},
      {"a reset",
       ActiveState::unhealthy,
       nullptr,
       [](const http::SimpleRequest&) { return http::SimpleResponse{.reset = true}; },
       {}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Rig rig(c.answer);
    model::HealthCheckConfig check = http_check();
    if (c.check) c.check(check);
    const auto cluster = rig.cluster(check);
    HealthChecker checker(*rig.loop, 1);
    checker.watch({cluster});
    rig.until([&] { return cluster->probed(); });
    EXPECT_EQ(state_of(*cluster), c.expected);
    const std::string said = cluster->status()[0].last_probe;
    EXPECT_TRUE(c.said != nullptr ? said == c.said : !said.empty()) << said;
    EXPECT_EQ(rig.target, "/healthz?deep");
    EXPECT_EQ(rig.host, "127.0.0.1:" + std::to_string(rig.port));
  }
}

TEST(HealthChecker, TheFirstProbeGoesOutAtOnceAndOthersFollow) {
  Rig rig;
  model::HealthCheckConfig check = http_check();
  check.host = "health.test";
  check.interval = Duration::s(3600);
  const auto patient = rig.cluster(check);
  HealthChecker checker(*rig.loop, 1);
  checker.watch({patient});
  rig.until([&] { return patient->probed(); });
  EXPECT_EQ(rig.asked, 1);
  EXPECT_EQ(rig.host, "health.test");
  check.interval = Duration::ms(5);
  const auto eager = rig.cluster(check);
  checker.watch({eager});
  rig.until([&] { return rig.asked >= 4; });
  EXPECT_EQ(state_of(*eager), ActiveState::healthy);
}

TEST(HealthChecker, AnEndpointFallsAndRises) {
  uint16_t status = 200;
  Rig rig([&](const http::SimpleRequest&) { return http::SimpleResponse{.status = status}; });
  model::HealthCheckConfig check = http_check();
  check.rise = check.fall = 2;
  const auto cluster = rig.cluster(check);
  HealthChecker checker(*rig.loop, 1);
  checker.watch({cluster});
  rig.until([&] { return state_of(*cluster) == ActiveState::healthy; });
  status = 503;
  const int before = rig.asked;
  rig.until([&] { return state_of(*cluster) == ActiveState::unhealthy; });
  EXPECT_GE(rig.asked - before, 2);
  status = 200;
  rig.until([&] { return state_of(*cluster) == ActiveState::healthy; });
}

TEST(HealthChecker, Tcp) {
  Rig rig;
  model::HealthCheckConfig check = http_check();
  check.tcp = true;
  const auto cluster = rig.cluster(check);
  HealthChecker checker(*rig.loop, 1);
  checker.watch({cluster});
  rig.until([&] { return state_of(*cluster) == ActiveState::healthy; });
  EXPECT_EQ(rig.asked, 0);
}

TEST(HealthChecker, NobodyListens) {
  for (const bool tcp : {true, false}) {
    SCOPED_TRACE(tcp ? "tcp" : "http");
    Rig rig;
    model::HealthCheckConfig check = http_check();
    check.tcp = tcp;
    const auto cluster = rig.cluster(check);
    rig.server.reset();
    HealthChecker checker(*rig.loop, 1);
    checker.watch({cluster});
    rig.until([&] { return cluster->probed(); });
    EXPECT_EQ(state_of(*cluster), ActiveState::unhealthy);
    EXPECT_EQ(cluster->status()[0].last_probe, text_of(Code::connect_refused));
    for (int turn = 0; turn < 5; ++turn) rig.loop->run_turn(Duration::ms(10));
  }
}

TEST(HealthChecker, WatchReplacesWhatWasWatched) {
  Rig first([](const http::SimpleRequest&) { return http::SimpleResponse{.never = true}; });
  const auto old = first.cluster(http_check());
  model::ClusterConfig config = old->config();
  config.health_check.reset();
  const auto unchecked = Cluster::create(config, nullptr, first.loop->now(), 1).value();
  HealthChecker checker(*first.loop, 1);
  checker.watch({old, unchecked});
  first.until([&] { return first.asked == 1; });
  checker.watch({});
  first.until([&] { return first.server->connections() == 0; });
  EXPECT_EQ(state_of(*old), ActiveState::unknown) << "a probe that was given up says nothing";
  EXPECT_EQ(first.asked, 1);
}

TEST(HealthChecker, DestructionInTheMiddleOfAProbe) {
  Rig rig([](const http::SimpleRequest&) { return http::SimpleResponse{.never = true}; });
  const auto cluster = rig.cluster(http_check());
  {
    HealthChecker checker(*rig.loop, 1);
    checker.watch({cluster});
    rig.until([&] { return rig.asked == 1; });
  }
  rig.until([&] { return rig.server->connections() == 0; });
  EXPECT_FALSE(cluster->probed());
}

TEST(HealthChecker, SpeaksHttp2WhereTheClusterDoes) {
  http::test::RawServer server;
  model::ClusterConfig config;
  config.name = "web";
  config.endpoints.push_back({.address = {"127.0.0.1", server.address().port()}, .zone = {}});
  config.health_check = http_check();
  config.health_check->body = "well";
  config.protocol = model::Protocol::h2;
  const auto cluster = Cluster::create(config, nullptr, server.loop->now(), 1).value();
  HealthChecker checker(*server.loop, 1);
  checker.watch({cluster});
  size_t asked = 0;
  const auto answer = [&](const std::string& body, ActiveState expected) {
    http::test::Http2Endpoint peer(server, asked++);
    server.until([&] { return !peer.stream(1).fields.empty(); });
    EXPECT_NE(peer.stream(1).fields.find(":path=/healthz?deep "), std::string::npos);
    EXPECT_EQ(peer.stream(1).fields.find("connection"), std::string::npos);
    peer.answer(1, "200", body);
    server.until([&] { return state_of(*cluster) == expected && peer.gone(); });
  };
  answer("all is well", ActiveState::healthy);
  answer("all is bad", ActiveState::unhealthy);
  checker.watch({});
  server.loop->run_turn(Duration());
}

}  // namespace
}  // namespace weir::upstream
