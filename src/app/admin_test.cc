// The admin interface over real loopback sockets, in front of a proxy that need not serve.
#include "app/admin.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/admin_client.h"
#include "app/endpoints_json.h"
#include "app/endpoints_table.h"
#include "app/exposition_reader.h"
#include "app/metrics_text.h"
#include "upstream/standing.h"

namespace weir::app {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kConfig = R"(
admin: "127.0.0.1:0"
listeners: [{http: "127.0.0.1:0", to: app, access_log: off}]
clusters:
  app: ["127.0.0.1:1", {address: "[::1]:2", weight: 7, zone: b, priority: 1}]
  api: ["127.0.0.1:1", "127.0.0.1:3"]
)";

struct Client final : net::Stream::Handler {
  Client(net::Loop& loop, const net::SocketAddress& address) : stream(loop, *this) {
    EXPECT_TRUE(stream.connect(address).has_value());
  }
  size_t on_data(std::string_view data) override {
    received += data;
    return data.size();
  }
  void on_end() override { ended = true; }
  void on_drained() override {}
  void on_closed(const Error& /*error*/) override { ended = true; }

  std::string received;
  bool ended = false;
  net::Stream stream;
};

class AdminTest : public ::testing::Test {
 protected:
  AdminTest() : loop_(std::move(net::Loop::create().value())) {
    auto loaded = model::load_config_text(kConfig, "weir.yaml");
    if (!loaded) ADD_FAILURE() << loaded.error().front().text();
    loaded_ = std::move(loaded).value();
    proxy_ = std::move(l7::Proxy::create(*loop_, loaded_.config, 2, 1).value());
    admin_ = std::move(Admin::create(*loop_, *proxy_, loaded_, [this] { return reload(); }).value());
  }
  Result<void, std::string> reload() {
    if (!mistakes_.empty()) return fail(mistakes_);
    return proxy_->reload(loaded_.config);
  }
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) loop_->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }
  /// The whole response to these bytes.
  std::string ask_raw(std::string_view bytes) {
    clients_.push_back(std::make_unique<Client>(*loop_, admin_->local_address()));
    Client& client = *clients_.back();
    client.stream.write(bytes);
    until([&] { return client.ended; });
    return client.received;
  }
  std::string get(std::string_view target) {
    return ask_raw(fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", target));
  }
  std::string post(std::string_view target) {
    return ask_raw(
        fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Weir-Admin: 1\r\nContent-Length: 0\r\n"
                    "Connection: close\r\n\r\n",
                    target));
  }
  static std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }
  /// Endpoint `name` of `cluster` in the answer to GET /endpoints.
  json endpoint(const std::string& cluster, const std::string& name) {
    const json all = json::parse(body_of(get("/endpoints")), nullptr, false);
    for (const json& each : all.at("clusters")) {
      for (const json& candidate : each.at("endpoints")) {
        if (each.at("name") == cluster && candidate.at("name") == name) return candidate;
      }
    }
    ADD_FAILURE() << "no endpoint " << cluster << " " << name;
    return {};
  }
  upstream::Cluster& cluster(const char* name) { return *proxy_->snapshot().find(name); }

  std::unique_ptr<net::Loop> loop_;
  model::Loaded loaded_;
  std::unique_ptr<l7::Proxy> proxy_;
  std::unique_ptr<Admin> admin_;
  std::string mistakes_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(AdminTest, WhoMayAskWhat) {
  const struct {
    const char* message;
    const char* expected;
    std::string request;
  } cases[] = {
      {"a page by a name of its own", "HTTP/1.1 421 ", "GET /endpoints HTTP/1.1\r\nHost: evil.example:9901\r\n"},
      {"the same in absolute form", "HTTP/1.1 421 ",
       "GET http://evil.example/endpoints HTTP/1.1\r\nHost: 127.0.0.1\r\n"},
      {"no name at all", "HTTP/1.1 421 ", "GET /endpoints HTTP/1.0\r\n"},
      {"localhost", "HTTP/1.1 200 ", "GET /endpoints HTTP/1.1\r\nHost: localhost:9901\r\n"},
      {"an IPv6 address", "HTTP/1.1 200 ", "GET /endpoints HTTP/1.1\r\nHost: [::1]\r\n"},
      {"a query on a page that takes none", "HTTP/1.1 200 ", "GET /endpoints?x HTTP/1.1\r\nHost: localhost\r\n"},
      {"HEAD", "HTTP/1.1 200 ", "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n"},
      {"a form on somebody's page", "HTTP/1.1 403 ",
       "POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"},
      {"the preflight of a browser", "HTTP/1.1 405 ",
       "OPTIONS /reload HTTP/1.1\r\nHost: localhost\r\nAccess-Control-Request-Headers: X-Weir-Admin\r\n"},
      {"a change by GET", "Allow: POST\r\n", "GET /reload HTTP/1.1\r\nHost: localhost\r\nX-Weir-Admin: 1\r\n"},
      {"a page by POST", "Allow: GET, HEAD\r\n",
       "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nX-Weir-Admin: 1\r\n"},
      {"no such page", "did you mean /metrics?", "GET /metric HTTP/1.1\r\nHost: localhost\r\n"},
      {"a path of bytes that are no text", "HTTP/1.1 404 ", "GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\n"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ask_raw(c.request + "Connection: close\r\n\r\n"), HasSubstr(c.expected)) << c.message;
  }
  EXPECT_EQ(proxy_->snapshot().number, 1u) << "none of these reloads";
}

TEST_F(AdminTest, ChangesNameTheirEndpoint) {
  const struct {
    const char* message;
    const char* expected;
    const char* target;
  } cases[] = {
      {"no endpoint", "endpoint must be named", "/drain"},
      {"an unknown one", "there is no endpoint \\\"127.0.0.1:4\\\"; did you mean 127.0.0.1:1?",
       "/drain?endpoint=127.0.0.1:4"},
      {"one that two clusters have", "is in the clusters app, api: name one of them", "/drain?endpoint=127.0.0.1:1"},
      {"one that another cluster has", "there is no endpoint", "/drain?endpoint=[::1]:2&cluster=api"},
      {"an unknown cluster", "there is no cluster \\\"apq\\\"; did you mean app?",
       "/drain?endpoint=[::1]:2&cluster=apq"},
      {"a misspelt parameter", "did you mean cluster?", "/drain?endpoint=127.0.0.1:1&clutser=app"},
      {"no weight", "weight must be a whole number", "/weight?endpoint=127.0.0.1:3"},
      {"too heavy", "weight must be a whole number", "/weight?endpoint=127.0.0.1:3&weight=1001"},
      {"negative", "weight must be a whole number", "/weight?endpoint=127.0.0.1:3&weight=-1"},
      {"far too heavy", "weight must be a whole number", "/weight?endpoint=127.0.0.1:3&weight=4294967296"},
      {"not a number", "weight must be a whole number", "/weight?endpoint=127.0.0.1:3&weight=1x"},
      {"a name of no text", "there is no endpoint", "/weight?endpoint=%ff%00&weight=1"},
  };
  for (const auto& c : cases) {
    const std::string response = post(c.target);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 4")) << c.message;
    EXPECT_TRUE(json::accept(body_of(response))) << c.message << ": " << response;
    EXPECT_THAT(body_of(response), HasSubstr(c.expected)) << c.message;
  }
}

TEST_F(AdminTest, RecordsOneThingAtATime) {
  const struct {
    const char* message;
    const char* expected;
    std::string response;
  } cases[] = {
      {"nothing recorded yet", "HTTP/1.1 404 ", get("/recording")},
      {"no length", "seconds must be a whole number from 1 to 3600", post("/record")},
      {"no time at all", "seconds must be a whole number from 1 to 3600", post("/record?seconds=0")},
      {"too long", "seconds must be a whole number from 1 to 3600", post("/record?seconds=3601")},
      {"an unknown cluster", "there is no cluster \\\"apq\\\"; did you mean app?",
       post("/record?seconds=1&cluster=apq")},
      {"still nothing recorded", "POST /record begins one", get("/recording")},
      {"begun", "\"seconds\":3600,\"ready_in_ms\":3", post("/record?seconds=3600&cluster=app")},
      {"not over yet", "HTTP/1.1 409 ", get("/recording")},
      {"another", "a recording is under way, for another 3", post("/record?seconds=1")},
  };
  for (const auto& c : cases) EXPECT_THAT(c.response, HasSubstr(c.expected)) << c.message;
}

TEST_F(AdminTest, DrainsAndUndrains) {
  EXPECT_EQ(body_of(post("/drain?endpoint=%5B0:0::1%5D:2")),
            "{\"cluster\":\"app\",\"endpoint\":\"[::1]:2\",\"draining\":true}\n")
      << "any spelling of an address will do";
  EXPECT_EQ(endpoint("app", "[::1]:2").at("state"), "draining");
  EXPECT_EQ(endpoint("app", "[::1]:2").at("why"), "drained by the administrator");
  EXPECT_EQ(body_of(post("/undrain?endpoint=[::1]:2")),
            "{\"cluster\":\"app\",\"endpoint\":\"[::1]:2\",\"draining\":false}\n");
  EXPECT_EQ(endpoint("app", "[::1]:2").at("state"), "healthy");
  post("/drain?endpoint=127.0.0.1:1&cluster=api");
  EXPECT_EQ(endpoint("api", "127.0.0.1:1").at("draining"), true);
  EXPECT_EQ(endpoint("app", "127.0.0.1:1").at("draining"), false);
}

TEST_F(AdminTest, WeightsHoldOverAReload) {
  EXPECT_EQ(body_of(post("/weight?endpoint=127.0.0.1:3&weight=0")),
            "{\"cluster\":\"api\",\"endpoint\":\"127.0.0.1:3\",\"weight\":0}\n");
  EXPECT_EQ(body_of(post("/reload")), "{\"number\":2}\n");
  EXPECT_EQ(endpoint("api", "127.0.0.1:3").at("weight"), 0);
  EXPECT_EQ(endpoint("api", "127.0.0.1:3").at("why"), "weight 0 takes no new requests");
}

TEST_F(AdminTest, ServesTheConsole) {
  const std::string page =
      ask_raw("GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br\r\nConnection: close\r\n\r\n");
  for (const char* expected :
       {"HTTP/1.1 200 ", "Content-Type: text/html; charset=utf-8\r\n", "Content-Encoding: gzip\r\n",
        "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n",
        "X-Content-Type-Options: nosniff\r\n", "Referrer-Policy: no-referrer\r\n"}) {
    EXPECT_THAT(page, HasSubstr(expected));
  }
  EXPECT_EQ(body_of(page).substr(0, 2), "\x1f\x8b") << "compressed when it was built";
  for (const char* path : {"/console.js", "/console.css"}) {
    EXPECT_THAT(ask_raw(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                                    "Connection: close\r\n\r\n",
                                    path)),
                HasSubstr("HTTP/1.1 200 "))
        << path;
  }
  EXPECT_THAT(get("/"), HasSubstr("/metrics")) << "programs are told what there is";
}

TEST_F(AdminTest, WhoListensHearsEverySecondAndEveryMark) {
  clients_.push_back(std::make_unique<Client>(*loop_, admin_->local_address()));
  Client& client = *clients_.back();
  client.stream.write("GET /events HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n\r\n");
  const auto has = [&](std::string_view text) { return client.received.find(text) != std::string::npos; };
  until([&] { return has("event: hello\n") && has("event: marks\ndata: {\"marks\":[]}"); });
  EXPECT_TRUE(has("Content-Type: text/event-stream\r\n"));
  until([&] { return has("event: tick\ndata: {\"t\":") && has("event: now\ndata: {\"serving\":"); });
  EXPECT_TRUE(has("\"state\":\"no_traffic\""));

  // The token that it was given lets a browser change things; a wrong one does not.
  const std::string token = client.received.substr(client.received.find("\"token\":\"") + 9, 32);
  const auto drain = [&](std::string_view sent) {
    return ask_raw(
        fmt::format("POST /drain?endpoint=127.0.0.1:3 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                    "Origin: http://127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nX-Weir-Admin: 1\r\n"
                    "X-Weir-Token: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                    sent));
  };
  EXPECT_THAT(drain(std::string(32, '0')), HasSubstr("HTTP/1.1 403 "));
  EXPECT_THAT(drain(token), HasSubstr("HTTP/1.1 200 "));
  until([&] { return has("drained by the administrator"); });

  const auto mark = [&](std::string_view body) {
    return ask_raw(
        fmt::format("POST /marks HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Weir-Admin: 1\r\nContent-Length: {}\r\n"
                    "Connection: close\r\n\r\n{}",
                    body.size(), body));
  };
  EXPECT_THAT(mark(R"({"label": "app-2 killed", "kind": "fault"})"), HasSubstr("\"kind\":\"fault\""));
  EXPECT_THAT(mark("{}"), HasSubstr("a mark needs a label"));
  until([&] { return has("\"label\":\"app-2 killed\"}]}"); });
  EXPECT_EQ(json::parse(body_of(get("/marks")), nullptr, false).at("marks").size(), 1u);
}

TEST_F(AdminTest, FewMayListen) {
  const char* ask = "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (size_t i = 0; i < console::Feed::kMostSubscribers; ++i) {
    clients_.push_back(std::make_unique<Client>(*loop_, admin_->local_address()));
    clients_.back()->stream.write(ask);
    until([&] { return clients_.back()->received.find("event: hello") != std::string::npos; });
  }
  const char* once = "GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(ask_raw(once), HasSubstr("HTTP/1.1 503 "));
  clients_.clear();
  until([&] {
    clients_.push_back(std::make_unique<Client>(*loop_, admin_->local_address()));
    clients_.back()->stream.write(ask);
    until([&] { return clients_.back()->received.find("\r\n\r\n") != std::string::npos; });
    return clients_.back()->received.find("event: hello") != std::string::npos;
  });
}

TEST_F(AdminTest, ARefusedReloadSaysEveryMistake) {
  mistakes_ = "weir.yaml:1: one\nweir.yaml:2: two";
  const std::string response = post("/reload");
  EXPECT_THAT(response, HasSubstr("HTTP/1.1 409 "));
  EXPECT_EQ(body_of(response), "{\"error\":\"weir.yaml:1: one\\nweir.yaml:2: two\"}\n");
  EXPECT_EQ(proxy_->snapshot().number, 1u);
}

TEST_F(AdminTest, HealthFollowsTheProxy) {
  EXPECT_THAT(get("/healthz"), HasSubstr("HTTP/1.1 503 ")) << "not started yet";
  proxy_->start();
  until([&] { return proxy_->serving(); });
  EXPECT_THAT(get("/healthz"), HasSubstr("HTTP/1.1 200 "));
  bool drained = false;
  proxy_->drain({}, [&] { drained = true; });
  EXPECT_THAT(get("/healthz"), HasSubstr("HTTP/1.1 503 "));
  until([&] { return drained; });
}

TEST_F(AdminTest, ShowsTheConfiguration) { EXPECT_THAT(get("/config"), HasSubstr("weight: 7")); }

TEST_F(AdminTest, EndpointsTellWhatTheyKnow) {
  upstream::Endpoint& known = *cluster("app").endpoints()[1];
  known.member.load.in_flight = 3;
  known.counters.requests = 10;
  known.counters.ejections = 1;
  for (size_t i = 0; i < 5; ++i) known.counters.outcomes[i] = uint64_t{1} << i;
  for (int i = 0; i < 99; ++i) known.latency(static_cast<size_t>(i) % 2).record(2'000);
  known.latency(1).record(50'000);
  const json told = endpoint("app", "[::1]:2");
  const struct {
    const char* key;
    json expected;
  } cases[] = {{"state", "healthy"},   {"why", ""},         {"health", "healthy"}, {"active", nullptr},
               {"outlier", "serving"}, {"draining", false}, {"weight", 7},         {"priority", 1},
               {"zone", "b"},          {"in_flight", 3},    {"requests", 10},      {"failures", 14},
               {"connections", 0},     {"ejections", 1},    {"last_probe", ""},    {"last_ejection", ""}};
  for (const auto& c : cases) EXPECT_EQ(told.at(c.key), c.expected) << c.key;
  EXPECT_NEAR(told.at("p50_ms").get<double>(), 2.0, 0.02);
  EXPECT_NEAR(told.at("p99_ms").get<double>(), 2.0, 0.02);
  EXPECT_EQ(endpoint("app", "127.0.0.1:1").at("p50_ms"), nullptr) << "no response yet";
}

TEST(EndpointState, FollowsTheJudges) {
  using balance::ActiveState;
  using balance::Health;
  using balance::OutlierState;
  const auto kServing = OutlierState::serving;
  const auto kEjected = OutlierState::ejected;
  const struct {
    const char* state;
    const char* why;
    Health health;
    OutlierState outlier;
    std::optional<ActiveState> active;
    bool draining;
  } cases[] = {
      {"healthy", "", Health::healthy, kServing, {}, false},
      {"healthy", "", Health::healthy, kServing, ActiveState::healthy, false},
      {"draining", "drained by the administrator", Health::draining, kEjected, ActiveState::unhealthy, true},
      {"unchecked", "no active check has answered yet", Health::unhealthy, kServing, ActiveState::unknown, false},
      {"unhealthy", "active check: status 500", Health::unhealthy, kEjected, ActiveState::unhealthy, false},
      {"ejected", "5 failures", Health::unhealthy, kEjected, {}, false},
      {"ejected", "5 failures (suspended: nothing else could serve)", Health::healthy, kEjected, {}, false},
      {"probation", "5 failures", Health::unhealthy, OutlierState::probation, {}, false},
      {"degraded", "it asks to be used last", Health::degraded, kServing, {}, false},
  };
  for (const auto& c : cases) {
    upstream::EndpointStatus status;
    status.health.health = c.health;
    status.outlier = c.outlier;
    status.active = c.active;
    status.draining = c.draining;
    status.last_probe = "status 500";
    status.last_ejection = "5 failures";
    EXPECT_EQ(upstream::state_of(status), c.state);
    EXPECT_EQ(upstream::why(status), c.why) << c.state;
  }
}

TEST_F(AdminTest, MetricsAreValidAndTrue) {
  for (const auto& worker : proxy_->workers()) {
    l7::WorkerMetrics& metrics = worker->metrics();
    metrics.responses[2].add(5);
    metrics.refusals[static_cast<size_t>(l7::core::Rule::max_pending)].add(2);
    metrics.bytes_to_clients.add(100);
    metrics.connections.add(4);
    metrics.duration_us.record(3'000);
  }
  const l7::ListenerCounters& listener = proxy_->snapshot().listeners[0].counters;
  for (size_t worker = 0; worker < 2; ++worker) listener.requests->of(worker).add(20);
  listener.failures->of(1).add(3);
  listener.to.at("app")->of(0).add(30);
  ASSERT_TRUE(cluster("app").circuit.requests.try_acquire());
  upstream::Endpoint& known = *cluster("app").endpoints()[1];
  known.counters.outcomes[1] = 6;
  known.latency(0).record(7'000);
  ASSERT_TRUE(known.connections.try_acquire());
  ASSERT_TRUE(cluster("app").set_draining("[::1]:2", true, loop_->now()).has_value());

  const ExpositionReader read(body_of(get("/metrics")));
  EXPECT_THAT(read.complaints(), IsEmpty());
  const ExpositionReader::Labels at{{"cluster", "app"}, {"endpoint", "[::1]:2"}};
  const auto with = [&](const char* name, const char* value) {
    ExpositionReader::Labels labels = at;
    labels[name] = value;
    return labels;
  };
  const struct {
    double expected;
    const char* name;
    ExpositionReader::Labels labels;
  } cases[] = {
      {10, "weir_responses_total", {{"class", "2xx"}}},
      {4, "weir_refusals_total", {{"rule", "max_pending"}}},
      {200, "weir_sent_bytes_total", {}},
      {8, "weir_connections", {}},
      {2, "weir_request_duration_seconds_count", {}},
      {2, "weir_request_duration_seconds_bucket", {{"le", "0.005"}}},
      {0, "weir_request_duration_seconds_bucket", {{"le", "0.0025"}}},
      {40, "weir_listener_requests_total", {{"listener", "127.0.0.1:0"}}},
      {3, "weir_listener_failures_total", {{"listener", "127.0.0.1:0"}}},
      {30, "weir_listener_cluster_requests_total", {{"listener", "127.0.0.1:0"}, {"cluster", "app"}}},
      {1, "weir_cluster_requests_in_flight", {{"cluster", "app"}}},
      {0, "weir_cluster_requests_in_flight", {{"cluster", "api"}}},
      {4096, "weir_cluster_requests_limit", {{"cluster", "app"}}},
      {6, "weir_endpoint_outcomes_total", with("outcome", "gateway_failure")},
      {1, "weir_endpoint_health", with("health", "draining")},
      {0, "weir_endpoint_health", with("health", "healthy")},
      {1, "weir_endpoint_outlier_state", with("state", "serving")},
      {1, "weir_endpoint_connections", at},
      {7, "weir_endpoint_weight", at},
      {1, "weir_endpoint_first_byte_seconds_bucket", with("le", "0.01")},
      {1, "weir_config_number", {}},
      {2, "weir_workers", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(read.value(c.name, c.labels), c.expected) << c.name;
  EXPECT_GT(read.value("process_resident_memory_bytes").value_or(0), 1e6);
  EXPECT_GT(read.value("process_open_fds").value_or(0), 3);
  cluster("app").circuit.requests.release();
  known.connections.release();
}

TEST_F(AdminTest, TheClientOfTheCommandLineUnderstandsIt) {
  const model::Address address{"127.0.0.1", admin_->local_address().port()};
  std::atomic<bool> done{false};
  std::optional<Result<AdminAnswer, std::string>> page;
  std::optional<Result<AdminAnswer, std::string>> change;
  std::thread asking([&] {
    page = ask_admin({address}, false, "/endpoints", Duration::s(10));
    change = ask_admin({address}, true, "/drain?endpoint=127.0.0.1:9", Duration::s(10));
    done = true;
  });
  until([&] { return done.load(); });
  asking.join();
  ASSERT_TRUE(page->has_value()) << page->error();
  EXPECT_EQ((*page)->status, 200);
  EXPECT_THAT(endpoints_table((*page)->body).value(), HasSubstr("\napi      127.0.0.1:3  healthy       1"));
  ASSERT_TRUE(change->has_value()) << change->error();
  EXPECT_EQ((*change)->status, 404);
}

TEST(AdminClient, SaysWhoDoesNotAnswer) {
  const auto answer = ask_admin({{"127.0.0.1", 1}}, false, "/metrics", Duration::s(10));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(
      answer.error(),
      "cannot reach the admin interface at 127.0.0.1:1 (Connection refused): is weir running, and is `admin` set?");
}

TEST(EndpointsTable, IsAlignedAndForgiving) {
  const auto table = endpoints_table(R"({"clusters": [{"name": "app", "endpoints": [
    {"name": "10.0.0.1:3000", "state": "ejected", "weight": 10, "in_flight": 0, "requests": 12345, "failures": 7,
     "p50_ms": 1.234, "p99_ms": 2500.0, "why": "too many failures"},
    {"name": "a:1", "state": 5, "p50_ms": null}, 7]}, 8]})");
  EXPECT_EQ(table.value(),
            "CLUSTER  ENDPOINT       STATE    WEIGHT  IN-FLIGHT  REQUESTS  FAILED     P50    P99  WHY\n"
            "app      10.0.0.1:3000  ejected      10          0     12345       7  1.23ms  2.50s  too many failures\n"
            "app      a:1                                                               -      -\n");
  EXPECT_THAT(endpoints_table(R"({"clusters": [{"name": "app", "endpoints": [], "sources": [7,
    {"name": "app.internal", "kind": "dns", "endpoints": 3, "stale": true, "problem": "nobody answers", "next_ms": 1250}
    ]}]})")
                  .value(),
              HasSubstr("\n\napp: dns app.internal: 3 endpoints, stale, looked up again in 1.2s: nobody answers\n"));
  for (const char* nonsense : {"", "[]", "{}", "<html>"})
    EXPECT_FALSE(endpoints_table(nonsense).has_value()) << nonsense;
}

}  // namespace
}  // namespace weir::app
