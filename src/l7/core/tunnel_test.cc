#include "l7/core/tunnel.h"

#include <gtest/gtest.h>

namespace weir::l7::core {
namespace {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http::Method;
using proto::http::RequestHead;
using Side = Tunnel::Side;

constexpr Instant kStart = Instant{} + Duration::s(100);
const std::string kFrame(
    "\x82\x03"
    "abc",
    5);

TEST(MayTunnel, OnlyWhatTheRouteNames) {
  struct Case {
    const char* what;
    Method method;
    const char* upgrade;
    BodyKind body;
    model::UpgradeConfig config;
    bool expected;
  };
  const model::UpgradeConfig plain, none{.websocket = false}, both{.connect = true};
  const Case cases[] = {
      {"a WebSocket", Method::get, "websocket", BodyKind::none, plain, true},
      {"its name in capitals", Method::get, "WebSocket", BodyKind::none, plain, true},
      {"switched off", Method::get, "websocket", BodyKind::none, none, false},
      {"h2c would smuggle requests", Method::get, "h2c", BodyKind::none, both, false},
      {"a list could hide it", Method::get, "websocket, h2c", BodyKind::none, both, false},
      {"with a body", Method::post, "websocket", BodyKind::length, plain, false},
      {"no upgrade", Method::get, nullptr, BodyKind::none, plain, false},
      {"CONNECT is asked for", Method::connect, nullptr, BodyKind::none, plain, false},
      {"CONNECT, allowed", Method::connect, nullptr, BodyKind::none, both, true},
  };
  for (const Case& c : cases) {
    RequestHead head;
    head.method = c.method;
    head.body = c.body;
    if (c.upgrade != nullptr) {
      head.upgrade = true;
      head.fields.push_back({.name = "Upgrade", .value = c.upgrade, .id = FieldId::upgrade, .hop_by_hop = true});
    }
    EXPECT_EQ(may_tunnel(c.config, head), c.expected) << c.what;
  }
}

TEST(Tunnel, RelaysUntilItIsIdleAndThenSaysGoodbye) {
  const model::UpgradeConfig config{.idle_timeout = Duration::s(60)};
  Tunnel tunnel(config, true, kStart);
  EXPECT_EQ(tunnel.relay(Side::client, kFrame, kStart + Duration::s(30)).bytes, kFrame);
  EXPECT_EQ(tunnel.deadline(), kStart + Duration::s(90));
  EXPECT_EQ(tunnel.on_deadline(kStart + Duration::s(60)), Tunnel::Due::nothing);
  EXPECT_EQ(tunnel.on_deadline(kStart + Duration::s(90)), Tunnel::Due::farewell);
  EXPECT_TRUE(tunnel.part_from(Side::client));
  EXPECT_TRUE(tunnel.part_from(Side::endpoint));
  EXPECT_FALSE(tunnel.part_from(Side::client)) << "once";
  const auto late = tunnel.relay(Side::endpoint, kFrame, kStart + Duration::s(91));
  EXPECT_TRUE(late.bytes.empty() && !late.farewell) << "nothing follows a Close frame";
  EXPECT_EQ(tunnel.deadline(), kStart + Duration::s(93)) << "a moment to answer, idle or not";
  EXPECT_EQ(tunnel.on_deadline(tunnel.deadline()), Tunnel::Due::end);
}

TEST(Tunnel, WaitsForTheEndOfTheFrameUnderWay) {
  const model::UpgradeConfig config{.drain_timeout = Duration::s(10)};
  Tunnel tunnel(config, true, kStart);
  tunnel.relay(Side::endpoint, std::string_view(kFrame).substr(0, 3), kStart);
  tunnel.leave(kStart, 0.5);
  EXPECT_EQ(tunnel.deadline(), kStart + Duration::ms(7500));
  EXPECT_EQ(tunnel.on_deadline(tunnel.deadline()), Tunnel::Due::farewell);
  EXPECT_FALSE(tunnel.part_from(Side::client)) << "in the middle of a frame to the client";
  EXPECT_TRUE(tunnel.part_from(Side::endpoint));
  const std::string more = kFrame.substr(3) + kFrame;
  const auto rest = tunnel.relay(Side::endpoint, more, kStart + Duration::s(8));
  EXPECT_EQ(rest.bytes, "bc") << "the next frame is not begun";
  EXPECT_TRUE(rest.farewell);
}

TEST(Tunnel, OfNoWebSocketEndsWithoutAWord) {
  const model::UpgradeConfig config;
  Tunnel tunnel(config, false, kStart);
  tunnel.leave(kStart, 0);
  EXPECT_EQ(tunnel.on_deadline(kStart + config.drain_timeout), Tunnel::Due::end);
}

}  // namespace
}  // namespace weir::l7::core
