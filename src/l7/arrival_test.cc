// Arrival on real sockets: when a connection becomes somebody's, and why it does not.
#include "l7/arrival.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>

namespace weir::l7 {
namespace {

using proto::proxy::Bad;

struct ArrivalTest : testing::Test, Arrival::Owner {
  ArrivalTest() : loop(std::move(net::Loop::create().value())) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    client = net::Fd(pair[0]);
    arrival = std::make_unique<Arrival>(*loop, *this, net::SocketAddress::parse("127.0.0.9", 1).value());
    server = net::Fd(pair[1]);
  }
  void start(Duration timeout = Duration::s(60)) { ASSERT_TRUE(arrival->start(std::move(server), timeout)); }
  void send(std::string_view bytes) {
    ASSERT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void until_over() {
    for (int i = 0; i < 5000 && !over; ++i) loop->run_turn(Duration::ms(10));
    ASSERT_TRUE(over);
  }
  void on_arrived(Arrival&, net::Fd fd, const proto::proxy::Header& said) override {
    EXPECT_FALSE(over);
    over = true;
    given = std::move(fd);
    header = said;
  }
  void on_turned_away(Arrival&, TurnedAway why, Bad bad) override {
    EXPECT_FALSE(over);
    over = true;
    reason = reason_name(reason_index(why, bad));
  }
  /// Did the server close its end? With bytes unread, that is a reset.
  [[nodiscard]] bool closed() const {
    char byte = 0;
    const ssize_t n = ::recv(client.get(), &byte, 1, 0);
    return n == 0 || (n < 0 && errno == ECONNRESET);
  }

  std::unique_ptr<net::Loop> loop;
  net::Fd client, server, given;
  std::unique_ptr<Arrival> arrival;
  proto::proxy::Header header;
  std::string reason;
  bool over = false;
};

TEST_F(ArrivalTest, AHeaderInPiecesAndWhatFollowsIt) {
  start();
  for (const char c : std::string_view("PROXY TCP4 10.0.0.1 127.0.0.1 1234 80\r")) {
    send({&c, 1});
    loop->run_turn(Duration{});
    ASSERT_FALSE(over);
  }
  send("\nGET /");
  until_over();
  EXPECT_EQ(reason, "");
  EXPECT_EQ(header.source.address.text(), "10.0.0.1");
  char rest[16];
  EXPECT_EQ(::recv(given.get(), rest, sizeof rest, 0), 5) << "what is behind the header is left for the next";
}

TEST_F(ArrivalTest, WhatIsNoHeaderIsTurnedAway) {
  start();
  send("GET / HTTP/1.1\r\n");
  until_over();
  EXPECT_EQ(reason, "no_header");
  EXPECT_FALSE(arrival->silent());
  EXPECT_TRUE(closed());
}

TEST_F(ArrivalTest, TooSlow) {
  start(Duration::ms(20));
  send("PROXY ");
  until_over();
  EXPECT_EQ(reason, "timeout");
  EXPECT_TRUE(closed());
}

TEST_F(ArrivalTest, GoneBeforeItWasComplete) {
  start();
  send("PROXY ");
  client.reset();
  until_over();
  EXPECT_EQ(reason, "closed");
  EXPECT_FALSE(arrival->silent());
}

TEST_F(ArrivalTest, GoneWithoutAWord) {
  start();
  client.reset();
  until_over();
  EXPECT_EQ(reason, "closed");
  EXPECT_TRUE(arrival->silent());
}

TEST_F(ArrivalTest, ADrainGivesAMoment) {
  start(Duration::s(3600));
  arrival->drain();
  until_over();
  EXPECT_EQ(reason, "timeout");
}

TEST(ArrivalReasons, EachHasANameOfItsOwn) {
  EXPECT_EQ(reason_name(reason_index(TurnedAway::malformed, Bad::bad_checksum)), "bad_checksum");
  EXPECT_EQ(reason_name(reason_index(TurnedAway::not_allowed, {})), "not_allowed");
  EXPECT_EQ(reason_name(kTurnedAwayReasons - 1), "closed");
}

}  // namespace
}  // namespace weir::l7
