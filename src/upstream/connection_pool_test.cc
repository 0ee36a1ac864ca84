// ConnectionPool against a scripted endpoint on a loopback socket.
#include "upstream/connection_pool.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "http/test_peers.h"

namespace weir::upstream {
namespace {

using http::test::Answer;
using http::test::get;
using http::test::Peer;

constexpr const char* kNoContent = "HTTP/1.1 204 No Content\r\n\r\n";

/// An endpoint, and pools to it; answers live as long as the rig.
class Rig {
 public:
  explicit Rig(uint32_t max_connections = 100) {
    model::EndpointConfig config;
    config.address = {"127.0.0.1", server.address().port()};
    endpoint = std::make_shared<Endpoint>(config, server.address(), Duration::s(10), max_connections);
  }
  ~Rig() {
    pools.clear();
    server.loop->run_turn(Duration());
  }
  ConnectionPool& pool(const PoolOptions& options = {}) {
    pools.push_back(std::make_unique<ConnectionPool>(*server.loop, endpoint, options, limits_, scratch_));
    return *pools.back();
  }
  /// Sends a request for "/<n>" and returns its n.
  size_t ask(ConnectionPool& pool, ConnectionPool::Wish wish = {}) {
    const size_t n = answers.size();
    last = pool.acquire(answers.emplace_back(), wish);
    EXPECT_NE(last.stream, nullptr) << name_of(last.error.code);
    targets.push_back("/" + std::to_string(n) + " ");
    if (last.stream != nullptr)
      last.stream->send_head(get(targets.back().substr(0, targets.back().size() - 1)), {}, true);
    return n;
  }
  /// Waits until request `n` has come in, and says on which connection.
  size_t connection_of(size_t n) {
    size_t found = SIZE_MAX;
    server.until([&] {
      for (size_t i = 0; i < server.peers.size(); ++i) {
        if (server.peers[i]->got(targets[n])) found = i;
      }
      return found != SIZE_MAX;
    });
    return found;
  }
  /// Lets request `n` be answered; returns its connection.
  size_t serve(size_t n) {
    const size_t on = connection_of(n);
    server.peers[on]->say(kNoContent);
    server.until([&] { return answers[n].over(); });
    EXPECT_EQ(answers[n].status, 204);
    return on;
  }
  size_t round(ConnectionPool& pool, ConnectionPool::Wish wish = {}) { return serve(ask(pool, wish)); }
  Instant now() const { return server.loop->now(); }

  http::test::RawServer server;
  std::shared_ptr<Endpoint> endpoint;
  std::vector<std::unique_ptr<ConnectionPool>> pools;
  std::deque<Answer> answers;
  std::vector<std::string> targets;
  ConnectionPool::Acquired last;

 private:
  proto::http1::Limits limits_;
  http::ClientScratch scratch_;
};

TEST(ConnectionPool, AConnectionIsReusedLastInFirstOut) {
  Rig rig;
  ConnectionPool& pool = rig.pool();
  const size_t a = rig.ask(pool);
  EXPECT_FALSE(rig.last.reused);
  const size_t b = rig.ask(pool);
  EXPECT_EQ(pool.open(), 2u);
  EXPECT_EQ(pool.idle(), 0u);
  const size_t first = rig.serve(a);
  const size_t second = rig.serve(b);
  EXPECT_NE(first, second);
  EXPECT_EQ(pool.idle(), 2u);
  const size_t c = rig.ask(pool);
  EXPECT_TRUE(rig.last.reused);
  EXPECT_EQ(rig.serve(c), second) << "the one used last";
  EXPECT_EQ(rig.round(pool), second);
  EXPECT_EQ(rig.endpoint->counters.connects.load(), 2u);
  EXPECT_EQ(rig.endpoint->connections.used(), 2u);
}

TEST(ConnectionPool, AFreshConnectionCanBeWishedFor) {
  Rig rig;
  ConnectionPool& pool = rig.pool();
  const size_t first = rig.round(pool);
  const size_t n = rig.ask(pool, {.fresh = true});
  EXPECT_FALSE(rig.last.reused);
  EXPECT_NE(rig.serve(n), first);
}

TEST(ConnectionPool, WhatIsTooOldIsNotUsed) {
  const struct {
    const char* message;
    model::ConnectionPoolConfig limits;
    uint32_t idle;  ///< after one round
  } cases[] = {
      {"idle for too long", {.idle_timeout = Duration::ms(5)}, 1},
      {"alive for too long", {.max_lifetime = Duration::ms(5)}, 1},
      {"worn out", {.max_requests = 1}, 0},
      {"no room for idle ones", {.max_idle = 0}, 0},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.message);
    Rig rig;
    ConnectionPool& pool = rig.pool({.limits = c.limits});
    const size_t n = rig.ask(pool);
    // A lifetime that runs out during the request closes the connection at its end; either way it is not used again.
    const size_t first = rig.serve(n);
    EXPECT_LE(pool.idle(), c.idle);
    rig.server.pass(Duration::ms(10));
    const size_t again = rig.ask(pool);
    EXPECT_FALSE(rig.last.reused);
    EXPECT_NE(rig.connection_of(again), first);
    EXPECT_EQ(pool.open(), 1u);
    EXPECT_EQ(rig.endpoint->connections.used(), 1u);
  }
}

TEST(ConnectionPool, MaintenanceClosesWhatIsTooOld) {
  Rig rig;
  ConnectionPool& pool = rig.pool({.limits = {.idle_timeout = Duration::s(10)}});
  const size_t on = rig.round(pool);
  pool.maintain(rig.now() + Duration::s(9));
  EXPECT_EQ(pool.idle(), 1u);
  pool.maintain(rig.now() + Duration::s(10));
  EXPECT_TRUE(pool.empty());
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
  rig.server.until([&] { return rig.server.peers[on]->ended; });
}

TEST(ConnectionPool, AnIdleConnectionThatDiesLeavesThePool) {
  Rig rig;
  ConnectionPool& pool = rig.pool();
  rig.server.peers[rig.round(pool)]->stream.close();
  rig.server.until([&] { return pool.empty(); });
  EXPECT_EQ(pool.idle(), 0u);
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
  rig.round(pool);
}

TEST(ConnectionPool, TheEndpointsLimitIsSharedByAllPools) {
  Rig rig(2);
  ConnectionPool& one = rig.pool();
  ConnectionPool& other = rig.pool();
  const size_t n = rig.ask(one);
  rig.ask(other);
  Answer refused;
  const auto acquired = one.acquire(refused, {});
  EXPECT_EQ(acquired.stream, nullptr);
  EXPECT_EQ(acquired.error.code, Code::limit_reached);
  EXPECT_STREQ(acquired.error.detail, "max_connections");
  EXPECT_EQ(rig.endpoint->connections.refused(), 1u);
  rig.serve(n);
  rig.round(one);
  EXPECT_EQ(rig.endpoint->connections.used(), 2u);
}

TEST(ConnectionPool, ARefusedConnectIsCountedAndGivesItsPlaceBack) {
  Rig rig;
  ConnectionPool& pool = rig.pool();
  rig.server.acceptor->close();
  Answer answer;
  const auto acquired = pool.acquire(answer, {});
  // The refusal comes at once or a moment later, as the kernel likes.
  if (acquired.stream != nullptr) {
    acquired.stream->send_head(get("/"), {}, true);
    rig.server.until([&] { return answer.over(); });
  }
  const Error& error = acquired.stream != nullptr ? answer.failure : acquired.error;
  EXPECT_EQ(error.code, Code::connect_refused);
  EXPECT_EQ(error.retry, Retry::yes);
  EXPECT_EQ(rig.endpoint->counters.connect_failures.load(), 1u);
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
  EXPECT_TRUE(pool.empty());
}

/// Nobody accepts, and the queue of those who wait is full: the next connect gets no answer.
TEST(ConnectionPool, AConnectThatIsNotAnsweredTimesOut) {
  Rig rig;
  const net::Fd full(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  net::SocketAddress address = net::SocketAddress::parse("127.0.0.1", 0).value();
  ASSERT_EQ(::bind(full.get(), address.data(), address.length()), 0);
  ASSERT_EQ(::listen(full.get(), 0), 0);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  ASSERT_EQ(::getsockname(full.get(), reinterpret_cast<sockaddr*>(&bound), &length), 0);
  address = net::SocketAddress(bound, length);
  rig.endpoint = std::make_shared<Endpoint>(model::EndpointConfig{}, address, Duration::s(10), 10u);
  ConnectionPool& filler = rig.pool({.limits = {}, .connect_timeout = Duration::s(600)});
  for (int i = 0; i < 3; ++i) rig.ask(filler);
  rig.server.loop->run_turn(Duration());

  ConnectionPool& pool = rig.pool({.limits = {}, .connect_timeout = Duration::ms(20)});
  Answer& first = rig.answers[rig.ask(pool)];
  rig.server.pass(Duration::ms(5));
  Answer& second = rig.answers[rig.ask(pool)];
  rig.server.until([&] { return second.over(); });
  for (const Answer* answer : {&first, &second}) {
    EXPECT_EQ(answer->failures, 1);
    EXPECT_EQ(answer->failure.code, Code::connect_timeout);
    EXPECT_EQ(answer->failure.retry, Retry::yes);
  }
  EXPECT_TRUE(pool.empty());
  EXPECT_EQ(rig.endpoint->counters.connect_failures.load(), 2u);
}

TEST(ConnectionPool, PipeliningFillsOneConnectionUpToItsDepth) {
  Rig rig;
  ConnectionPool& pool = rig.pool({.limits = {}, .pipeline = 3});
  constexpr ConnectionPool::Wish kShare{.may_share = true};
  for (const uint32_t expected : {1u, 1u, 1u, 2u}) {
    rig.ask(pool, kShare);
    EXPECT_EQ(pool.open(), expected);
  }
  rig.ask(pool, {});
  EXPECT_EQ(pool.open(), 3u) << "what may not be shared is alone";
  EXPECT_EQ(rig.connection_of(0), rig.connection_of(1));
  EXPECT_EQ(rig.connection_of(0), rig.connection_of(2));
  EXPECT_NE(rig.connection_of(0), rig.connection_of(3));
  rig.serve(0);
  EXPECT_EQ(pool.idle(), 0u);
  rig.serve(1);
  rig.serve(2);
  EXPECT_EQ(pool.idle(), 1u);
}

TEST(ConnectionPool, ARetiredPoolEmptiesItself) {
  Rig rig;
  ConnectionPool& pool = rig.pool();
  const size_t a = rig.ask(pool);
  const size_t b = rig.ask(pool);
  rig.serve(a);
  EXPECT_EQ(pool.idle(), 1u);
  pool.retire();
  EXPECT_EQ(pool.open(), 1u) << "the one in use";
  rig.serve(b);
  EXPECT_TRUE(pool.empty());
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
}

TEST(ConnectionPool, DestructionFailsWhatIsInFlight) {
  Rig rig;
  ConnectionPool& pool = rig.pool();
  const size_t a = rig.ask(pool);
  const size_t b = rig.ask(pool);
  const size_t on = rig.serve(a);
  const size_t other = rig.connection_of(b);
  rig.pools.clear();
  EXPECT_EQ(rig.answers[a].failures, 0);
  EXPECT_EQ(rig.answers[b].failures, 1);
  EXPECT_EQ(rig.answers[b].failure.code, Code::cancelled);
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
  rig.server.until([&] { return rig.server.peers[on]->gone() && rig.server.peers[other]->gone(); });
}

// ---- spares
// ----------------------------------------------------------------------------------------------------------

constexpr Duration kOld = Duration::s(2);

TEST(ConnectionPool, ASpareOfOneWorkerServesAnother) {
  Rig rig;
  ConnectionPool& giver = rig.pool({.limits = {}, .share_idle = true});
  ConnectionPool& taker = rig.pool({.limits = {}, .share_idle = true});
  const size_t on = rig.round(giver);
  giver.maintain(rig.now());
  EXPECT_EQ(rig.endpoint->spares(), 0u) << "not idle for long enough";
  giver.maintain(rig.now() + kOld);
  EXPECT_EQ(rig.endpoint->spares(), 1u);
  EXPECT_TRUE(giver.empty());
  EXPECT_EQ(rig.endpoint->connections.used(), 1u) << "it is still a connection";
  const size_t n = rig.ask(taker);
  EXPECT_TRUE(rig.last.reused);
  EXPECT_EQ(rig.serve(n), on);
  EXPECT_EQ(rig.endpoint->spares(), 0u);
  EXPECT_EQ(taker.idle(), 1u);
  EXPECT_EQ(rig.endpoint->connections.used(), 1u);
  EXPECT_EQ(rig.endpoint->counters.connects.load(), 1u);
}

TEST(ConnectionPool, ASpareThatIsNotQuietIsNotUsed) {
  for (const bool closed : {true, false}) {
    SCOPED_TRACE(closed ? "closed" : "with bytes that nobody asked for");
    Rig rig;
    ConnectionPool& pool = rig.pool({.limits = {}, .share_idle = true});
    const size_t on = rig.round(pool);
    pool.maintain(rig.now() + kOld);
    ASSERT_EQ(rig.endpoint->spares(), 1u);
    if (closed) {
      rig.server.peers[on]->stream.close();
    } else {
      rig.server.peers[on]->say(kNoContent);
    }
    rig.server.loop->run_turn(Duration());
    const size_t n = rig.ask(pool);
    EXPECT_FALSE(rig.last.reused);
    EXPECT_NE(rig.serve(n), on);
    EXPECT_EQ(rig.answers[n].ends, 1);
    EXPECT_EQ(rig.endpoint->connections.used(), 1u);
  }
}

TEST(ConnectionPool, ASpareAgesToo) {
  Rig rig;
  ConnectionPool& pool = rig.pool({.limits = {.idle_timeout = Duration::s(10)}, .share_idle = true});
  const size_t on = rig.round(pool);
  pool.maintain(rig.now() + kOld);
  ASSERT_EQ(rig.endpoint->spares(), 1u);
  pool.maintain(rig.now() + Duration::s(11));
  EXPECT_EQ(rig.endpoint->spares(), 0u);
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
  rig.server.until([&] { return rig.server.peers[on]->ended; });
}

TEST(ConnectionPool, SparesAreBounded) {
  Rig rig(1000);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(rig.endpoint->connections.try_acquire());
    rig.endpoint->give_spare({.fd = net::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))});
  }
  EXPECT_LT(rig.endpoint->spares(), 100u);
  EXPECT_EQ(rig.endpoint->connections.used(), rig.endpoint->spares()) << "each that was closed gave its place back";
}

// ---- whose a connection is
// -------------------------------------------------------------------------------------------

http::ClientFacts client(uint16_t port) {
  http::ClientFacts facts;
  facts.address = net::SocketAddress::parse("192.0.2.1", port).value();
  facts.destination = net::SocketAddress::parse("::ffff:198.51.100.1", 80).value().ip_port();
  return facts;
}

PoolOptions telling(model::ConnectionPoolConfig limits = {}) {
  return {.limits = limits, .transport = {.proxy_protocol = model::ProxyHeader::v1}, .share_idle = true};
}

TEST(ConnectionPool, AConnectionBeginsWithItsClientAndServesNobodyElse) {
  Rig rig;
  ConnectionPool& pool = rig.pool(telling());
  const http::ClientFacts one = client(1), other = client(2);
  const size_t its = rig.round(pool, {.client = &one});
  const std::string& heard = rig.server.peers[its]->received;
  EXPECT_TRUE(heard.starts_with("PROXY TCP4 192.0.2.1 198.51.100.1 1 80\r\nGET /0 ")) << heard;
  EXPECT_NE(rig.round(pool, {.client = &other}), its);
  EXPECT_EQ(rig.round(pool, {.client = &one}), its) << "though another was used last";
  EXPECT_EQ(heard.find("PROXY", 1), std::string::npos) << "only once";
  const size_t nobodys = rig.round(pool);
  EXPECT_TRUE(rig.server.peers[nobodys]->got("PROXY UNKNOWN\r\nGET"));
  EXPECT_EQ(pool.open(), 3u);
}

TEST(ConnectionPool, AConnectionOfAnotherClientGivesWay) {
  const http::ClientFacts one = client(1), other = client(2), third = client(3);
  {
    Rig rig(2);
    ConnectionPool& pool = rig.pool(telling());
    rig.round(pool, {.client = &one});
    const size_t others = rig.round(pool, {.client = &other});
    rig.round(pool, {.client = &third});
    EXPECT_EQ(pool.open(), 2u) << "within max_connections";
    EXPECT_EQ(rig.round(pool, {.client = &other}), others) << "the one used longest ago went";
  }
  {
    Rig rig;
    ConnectionPool& pool = rig.pool(telling({.max_idle = 2}));
    for (const http::ClientFacts* each : {&one, &other, &third}) rig.round(pool, {.client = each});
    EXPECT_EQ(pool.idle(), 2u);
    rig.round(pool, {.client = &third});
    rig.round(pool, {.client = &other});
    EXPECT_EQ(rig.endpoint->counters.connects.load(), 3u) << "the newest were kept";
  }
}

TEST(ConnectionPool, WhatIsReachedInAnotherWayIsNotReused) {
  Rig rig;
  const PoolOptions plain{.limits = {}, .share_idle = true};
  ConnectionPool& pool = rig.pool(plain);
  const http::ClientFacts one = client(1);
  const size_t spare = rig.round(pool, {.client = &one});
  pool.maintain(rig.now() + kOld);
  ASSERT_EQ(rig.endpoint->spares(), 1u);
  const size_t idle = rig.round(pool, {.fresh = true});
  const size_t under_way = rig.ask(pool, {.fresh = true});
  pool.set_options(telling());
  EXPECT_EQ(pool.idle(), 0u) << "closed";
  const size_t now = rig.round(pool, {.client = &one});
  const size_t before = rig.serve(under_way);
  EXPECT_EQ(pool.idle(), 1u) << "the one from before served its request, and no more";
  const size_t again = rig.round(pool, {.client = &one});
  EXPECT_EQ(again, now);
  EXPECT_EQ((std::set{spare, idle, before, now}).size(), 4u);
  pool.maintain(rig.now());
  EXPECT_EQ(rig.endpoint->spares(), 0u) << "nobody would take it";
}

}  // namespace
}  // namespace weir::upstream
