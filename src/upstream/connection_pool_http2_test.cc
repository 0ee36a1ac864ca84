// ConnectionPool with an endpoint that is spoken HTTP/2 with: which requests share which connection.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/test_http2_peer.h"
#include "upstream/connection_pool.h"

namespace weir::upstream {
namespace {

using http::test::Answer;
using http::test::get;
using http::test::Http2Endpoint;

PoolOptions shared_by(uint32_t max_streams, const model::ConnectionPoolConfig& limits = {}) {
  PoolOptions options{.limits = limits};
  options.transport.protocol = model::Protocol::h2;
  options.transport.http2.max_streams = max_streams;
  return options;
}

/// An endpoint, and a pool to it; answers live as long as the rig.
class Rig {
 public:
  explicit Rig(const PoolOptions& options, uint32_t max_connections = 100) {
    model::EndpointConfig config;
    config.address = {"127.0.0.1", server.address().port()};
    endpoint = std::make_shared<Endpoint>(config, server.address(), Duration::s(10), max_connections);
    pool = std::make_unique<ConnectionPool>(*server.loop, endpoint, options, limits_, scratch_);
  }
  ~Rig() {
    pool.reset();
    server.loop->run_turn(Duration());
  }
  /// Sends a request and returns its number.
  size_t ask(ConnectionPool::Wish wish = {}) {
    const size_t n = answers.size();
    last = pool->acquire(answers.emplace_back(), wish);
    if (last.stream != nullptr) last.stream->send_head(get("/" + std::to_string(n) + "/"), {}, true);
    return n;
  }
  Http2Endpoint& peer(size_t connection) {
    while (peers_.size() <= connection) peers_.push_back(std::make_unique<Http2Endpoint>(server, peers_.size()));
    return *peers_[connection];
  }
  /// Waits until request `n` has come in, and says on which connection and stream.
  std::pair<size_t, uint32_t> place_of(size_t n) {
    const std::string path = ":path=/" + std::to_string(n) + "/ ";
    std::pair<size_t, uint32_t> found{SIZE_MAX, 0};
    server.until([&] {
      for (size_t i = 0; i < server.peers.size() && found.second == 0; ++i) {
        for (uint32_t id = 1; id < 40 && found.second == 0; id += 2) {
          if (peer(i).stream(id).fields.find(path) != std::string::npos) found = {i, id};
        }
      }
      return found.second != 0;
    });
    return found;
  }
  size_t connection_of(size_t n) { return place_of(n).first; }
  /// Lets request `n` be answered.
  void serve(size_t n) {
    const auto [connection, stream] = place_of(n);
    peer(connection).answer(stream, "204");
    server.until([&] { return answers[n].over(); });
    EXPECT_EQ(answers[n].status, 204);
  }

  http::test::RawServer server;
  std::shared_ptr<Endpoint> endpoint;
  std::unique_ptr<ConnectionPool> pool;
  std::deque<Answer> answers;
  ConnectionPool::Acquired last;

 private:
  proto::http1::Limits limits_;
  http::ClientScratch scratch_;
  std::vector<std::unique_ptr<Http2Endpoint>> peers_;
};

TEST(ConnectionPoolHttp2, AnotherConnectionIsOpenedWhenAllAreFull) {
  Rig rig(shared_by(2));
  for (const uint32_t expected : {1u, 1u, 2u, 2u, 3u}) {
    rig.ask();
    EXPECT_EQ(rig.pool->open(), expected) << "while they still connect, too";
  }
  EXPECT_EQ(rig.connection_of(0), rig.connection_of(1));
  EXPECT_EQ(rig.connection_of(2), rig.connection_of(3));
  EXPECT_EQ(rig.endpoint->counters.connects.load(), 3u);
  EXPECT_EQ(rig.endpoint->connections.used(), 3u);
}

TEST(ConnectionPoolHttp2, LoadGathersOnFewConnections) {
  Rig rig(shared_by(2));
  for (int i = 0; i < 5; ++i) rig.ask();
  const size_t last = rig.connection_of(4);
  rig.serve(0);
  rig.serve(4);
  EXPECT_EQ(rig.pool->idle(), 1u) << "the third has come to rest";
  const size_t next = rig.ask();
  EXPECT_EQ(rig.connection_of(next), rig.connection_of(1)) << "where there is company";
  EXPECT_TRUE(rig.last.reused);
  const size_t overflow = rig.ask();
  EXPECT_EQ(rig.connection_of(overflow), last) << "before a new one is opened";
  EXPECT_EQ(rig.pool->open(), 3u);
  EXPECT_EQ(rig.pool->idle(), 0u);
}

TEST(ConnectionPoolHttp2, TheEndpointsGrantIsKept) {
  Rig rig(shared_by(100));
  const size_t first = rig.ask();
  const size_t connection = rig.connection_of(first);
  rig.peer(connection).settings({{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 2}}).settle();
  rig.ask();
  EXPECT_EQ(rig.pool->open(), 1u);
  rig.ask();
  EXPECT_EQ(rig.pool->open(), 2u);
}

TEST(ConnectionPoolHttp2, MaxConnectionsCountsConnections) {
  Rig rig(shared_by(2), 1);
  rig.ask();
  rig.ask();
  rig.ask();
  EXPECT_EQ(rig.last.stream, nullptr);
  EXPECT_EQ(rig.last.error.code, Code::limit_reached);
  rig.serve(0);
  rig.ask();
  EXPECT_NE(rig.last.stream, nullptr) << "there is room again";
}

TEST(ConnectionPoolHttp2, AFreshConnectionIsOneThatHasNotServed) {
  Rig rig(shared_by(10));
  rig.serve(rig.ask());
  const size_t old = rig.ask();
  const size_t fresh = rig.ask({.fresh = true});
  EXPECT_FALSE(rig.last.reused);
  EXPECT_NE(rig.connection_of(fresh), rig.connection_of(old));
  const size_t another = rig.ask({.fresh = true});
  EXPECT_EQ(rig.connection_of(another), rig.connection_of(fresh)) << "not one for each that had bad luck";
  EXPECT_EQ(rig.pool->open(), 2u);
}

TEST(ConnectionPoolHttp2, WhatIsWornOutTakesNoMoreAndEnds) {
  Rig rig(shared_by(10, {.max_requests = 3}));
  for (int i = 0; i < 3; ++i) rig.ask();
  EXPECT_EQ(rig.pool->open(), 1u);
  const size_t next = rig.ask();
  EXPECT_EQ(rig.pool->open(), 2u);
  EXPECT_NE(rig.connection_of(next), rig.connection_of(0));
  for (size_t n = 0; n < 3; ++n) rig.serve(n);
  rig.server.until([&] { return rig.pool->open() == 1; });
  rig.server.until([&] { return rig.peer(rig.connection_of(0)).gone(); });
  EXPECT_EQ(rig.peer(rig.connection_of(0)).goaway_code(), NGHTTP2_NO_ERROR);
}

TEST(ConnectionPoolHttp2, WhoSaysGoawayIsLeft) {
  Rig rig(shared_by(10));
  const size_t kept = rig.ask(), moved = rig.ask();
  const auto [connection, stream] = rig.place_of(kept);
  rig.peer(connection).goaway(stream);
  rig.server.until([&] { return rig.answers[moved].over(); });
  EXPECT_EQ(rig.answers[moved].failure.retry, Retry::yes);
  const size_t again = rig.ask();
  EXPECT_NE(rig.connection_of(again), connection);
  rig.peer(connection).answer(stream, "204");
  rig.server.until([&] { return rig.pool->open() == 1; });
  EXPECT_EQ(rig.answers[kept].status, 204);
  EXPECT_EQ(rig.endpoint->connections.used(), 1u);
}

TEST(ConnectionPoolHttp2, AnotherTransportNeedsOtherConnections) {
  Rig rig(shared_by(10));
  const size_t under_way = rig.ask();
  const auto [connection, stream] = rig.place_of(under_way);
  rig.pool->set_options(shared_by(10));
  rig.ask();
  EXPECT_EQ(rig.pool->open(), 1u) << "nothing has changed";
  rig.pool->set_options(PoolOptions{});
  rig.ask();
  EXPECT_EQ(rig.pool->open(), 2u);
  rig.server.until([&] { return rig.server.peers.size() == 2 && rig.server.peers[1]->got("GET /2/ HTTP/1.1"); });
  rig.peer(connection).answer(stream, "204").answer(stream + 2, "204");
  rig.server.until([&] { return rig.pool->open() == 1; });
  EXPECT_EQ(rig.answers[under_way].status, 204) << "what is under way ends where it began";
}

TEST(ConnectionPoolHttp2, ARefusedConnectFailsAllThatWaitForIt) {
  Rig rig(shared_by(10));
  rig.server.acceptor->close();
  const size_t first = rig.ask();
  const size_t second = rig.ask();
  rig.server.until([&] { return rig.pool->empty(); });
  for (const size_t n : {first, second}) {
    if (rig.answers[n].failures == 0) continue;  // it was told at once
    EXPECT_EQ(rig.answers[n].failure.code, Code::connect_refused);
    EXPECT_EQ(rig.answers[n].failure.retry, Retry::yes);
  }
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
  EXPECT_GE(rig.endpoint->counters.connect_failures.load(), 1u);
}

TEST(ConnectionPoolHttp2, ARetiredPoolEmptiesItself) {
  Rig rig(shared_by(10));
  const size_t n = rig.ask();
  const auto [connection, stream] = rig.place_of(n);
  rig.pool->retire();
  EXPECT_EQ(rig.pool->open(), 1u);
  rig.peer(connection).answer(stream, "204");
  rig.server.until([&] { return rig.pool->empty(); });
  EXPECT_EQ(rig.answers[n].status, 204);
}

TEST(ConnectionPoolHttp2, DestructionFailsWhatIsInFlight) {
  Rig rig(shared_by(1));
  const size_t one = rig.ask(), other = rig.ask();
  rig.connection_of(one);
  rig.connection_of(other);
  rig.pool.reset();
  for (const size_t n : {one, other}) {
    EXPECT_EQ(rig.answers[n].failures, 1);
    EXPECT_EQ(rig.answers[n].failure.code, Code::cancelled);
  }
  EXPECT_EQ(rig.endpoint->connections.used(), 0u);
}

TEST(ConnectionPoolHttp2, IdleConnectionsStayWithTheirWorker) {
  PoolOptions options = shared_by(10);
  options.share_idle = true;
  Rig rig(options);
  rig.serve(rig.ask());
  rig.pool->maintain(rig.server.loop->now() + Duration::s(5));
  EXPECT_EQ(rig.endpoint->spares(), 0u) << "what the two sides know of each other cannot move";
  EXPECT_EQ(rig.pool->idle(), 1u);
  rig.pool->maintain(rig.server.loop->now() + Duration::s(3600));
  EXPECT_TRUE(rig.pool->empty());
}

}  // namespace
}  // namespace weir::upstream
