// One instance over real loopback sockets: the Api is reached, and the fault port does what it says.
#include "examples/timeline/service.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/check.h"
#include "examples/timeline/temporary_directory.h"
#include "net/stream.h"

namespace weir::timeline {
namespace {

struct Client final : net::Deferred, net::Stream::Handler {
  Client(net::Loop& loop, const net::SocketAddress& address) : stream(loop, *this) {
    CHECK(stream.connect(address).has_value());
  }
  size_t on_data(std::string_view data) override {
    received += data;
    return data.size();
  }
  void on_end() override { over = true; }
  void on_drained() override {}
  void on_closed(const Error& /*error*/) override { over = true; }

  std::string received;
  bool over = false;
  net::Stream stream;
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() {
    auto store = Store::open(directory_.file("timeline.db"));
    CHECK(store.has_value());
    store_.emplace(std::move(*store));
    CHECK(TokenKey::make_file(directory_.file("key")).has_value());
    auto key = TokenKey::load(directory_.file("key"));
    CHECK(key.has_value());
    key_.emplace(std::move(*key));
    loop_ = std::move(net::Loop::create().value());
    const auto any_port = net::SocketAddress::parse("127.0.0.1", 0).value();
    auto service = Service::create(*loop_, *store_, *key_,
                                   Service::Options{.listen = any_port,
                                                    .fault_listen = any_port,
                                                    .name = "app-1",
                                                    .password_cost = {.log2_n = 4, .r = 1, .p = 1}});
    CHECK(service.has_value());
    service_ = std::move(*service);
  }
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 1000 && !done(); ++i) loop_->run_turn(Duration::ms(10));
    EXPECT_TRUE(done());
  }
  Client& send(const net::SocketAddress& address, std::string_view method, std::string_view target,
               const std::string& body = {}) {
    clients_.push_back(std::make_unique<Client>(*loop_, address));
    std::string request(method);
    ((request += ' ') += target) += " HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: ";
    request += std::to_string(body.size()) + "\r\n\r\n" + body;
    clients_.back()->stream.write(request);
    return *clients_.back();
  }
  std::string answer(const net::SocketAddress& address, std::string_view method, std::string_view target,
                     const std::string& body = {}) {
    const Client& client = send(address, method, target, body);
    until([&] { return client.over; });
    return client.received;
  }
  std::string ask(std::string_view method, std::string_view target, const std::string& body = {}) {
    return answer(service_->address(), method, target, body);
  }
  std::string fault(std::string_view method, const std::string& body = {}) {
    return answer(*service_->fault_address(), method, "/fault", body);
  }
  static bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

  TemporaryDirectory directory_;
  std::optional<Store> store_;
  std::optional<TokenKey> key_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<Service> service_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST_F(ServiceTest, TheApiIsReached) {
  const std::string credentials = R"({"name":"alice","password":"long enough"})";
  EXPECT_TRUE(has(ask("POST", "/register", credentials), "HTTP/1.1 201 "));
  EXPECT_TRUE(has(ask("POST", "/login", credentials), "\"token\":\""));
  const std::string timeline = ask("GET", "/timeline/alice?limit=5");
  EXPECT_TRUE(has(timeline, "HTTP/1.1 200 ")) << timeline;
  EXPECT_TRUE(has(timeline, "{\"user\":\"alice\",\"posts\":[]}")) << timeline;
  EXPECT_TRUE(has(timeline, "x-instance: app-1:" + std::to_string(service_->address().port()))) << timeline;
  EXPECT_TRUE(has(ask("GET", "/timeline/alice?limit=500"), "HTTP/1.1 422 "));
  EXPECT_TRUE(has(ask("GET", "/timeline/alice?"), "HTTP/1.1 200 "));
}

TEST_F(ServiceTest, ErrorsComeAndGo) {
  EXPECT_TRUE(has(fault("POST", R"({"error_percent": 100, "spare_health": true})"), "\"error_percent\":100"));
  const std::string refused = ask("GET", "/");
  EXPECT_TRUE(has(refused, "HTTP/1.1 500 ")) << refused;
  EXPECT_TRUE(has(refused, "x-instance: app-1:")) << refused;
  EXPECT_TRUE(has(ask("GET", "/healthz"), "HTTP/1.1 200 "));
  EXPECT_TRUE(has(fault("GET"), "\"spare_health\":true"));
  EXPECT_TRUE(has(fault("DELETE"), "\"error_percent\":0"));
  EXPECT_TRUE(has(ask("GET", "/"), "HTTP/1.1 200 "));
}

TEST_F(ServiceTest, HalfDeadAcceptsAndNeverAnswers) {
  ASSERT_TRUE(has(fault("POST", R"({"half_dead": true, "spare_health": true})"), "\"half_dead\":true"));
  const Client& stuck = send(service_->address(), "GET", "/");
  EXPECT_TRUE(has(ask("GET", "/healthz"), "HTTP/1.1 200 ")) << "spared";
  ASSERT_TRUE(has(fault("DELETE"), "200 OK"));
  EXPECT_TRUE(has(ask("GET", "/"), "HTTP/1.1 200 ")) << "healed";
  EXPECT_EQ(stuck.received, "") << "what was swallowed stays swallowed";
  EXPECT_FALSE(stuck.over);
}

TEST_F(ServiceTest, ASlowBodyIsWholeInTheEnd) {
  ASSERT_TRUE(has(fault("POST", R"({"slow_body_bps": 200, "delay_ms": 5})"), "200 OK"));
  EXPECT_TRUE(has(ask("GET", "/healthz"), "{\"status\":\"alive\"}"));
}

TEST_F(ServiceTest, TheFaultPortRefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(has(fault("POST", R"({"halfdead": true})"), "HTTP/1.1 422 "));
  EXPECT_TRUE(has(fault("PUT", "{}"), "HTTP/1.1 405 "));
  EXPECT_TRUE(has(answer(*service_->fault_address(), "GET", "/"), "HTTP/1.1 404 "));
  EXPECT_TRUE(has(ask("GET", "/fault"), "HTTP/1.1 404 ")) << "the service port must not offer faults";
}

TEST_F(ServiceTest, DrainingFinishesWhatIsInProgress) {
  ASSERT_TRUE(has(fault("POST", R"({"delay_ms": 50})"), "200 OK"));
  const Client& slow = send(service_->address(), "GET", "/healthz");
  ASSERT_TRUE(has(fault("GET"), "\"delay_ms\":50"));
  bool drained = false;
  service_->drain([&] { drained = true; });
  until([&] { return drained && slow.over; });
  EXPECT_TRUE(has(slow.received, "alive")) << slow.received;
}

}  // namespace
}  // namespace weir::timeline
