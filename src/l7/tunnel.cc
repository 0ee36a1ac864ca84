// An exchange that has become a tunnel: core::Tunnel decides, this sends.
#include <utility>

#include "l7/exchange.h"
#include "l7/worker.h"

namespace weir::l7 {

using core::Tunnel;
using Side = core::Tunnel::Side;

namespace {

constexpr uint16_t kSwitchingProtocols = 101;

}  // namespace

/// Of a request that asks for a tunnel: it is refused, or goes on as what the route allows.
bool Exchange::refuse_tunnel() {
  const bool allowed = core::may_tunnel(route_->config->upgrade, head_);
  if (head_.method == proto::http::Method::connect && !allowed) {
    refuse({.rule = core::Rule::method, .limit = "upgrade.connect"});
    return true;
  }
  if (allowed && cluster_->config().protocol == model::Protocol::h2) {
    refuse({.rule = core::Rule::upgrade});
    return true;
  }
  head_.upgrade = head_.upgrade && allowed;
  return false;
}

void Exchange::open_tunnel(uint16_t status) {
  const Instant time = worker_.loop().now();
  tunnel_ = std::make_unique<Tunnel>(route_->config->upgrade, status == kSwitchingProtocols, time);
  worker_.metrics().tunnels.add();
  worker_.metrics().tunnels_opened.add();
  worker_.metrics().duration_us.record(static_cast<uint64_t>((now() - started_).us()));  // that of the handshake
  wait_until(Phase::tunnelling, tunnel_->deadline());
}

void Exchange::relay(Side from, std::string_view piece) {
  const Side to = from == Side::client ? Side::endpoint : Side::client;
  const auto relayed = tunnel_->relay(from, piece, worker_.loop().now());
  if (to == Side::client) {
    downstream_->send_body(relayed.bytes);
    if (relayed.farewell) send_close(to);
    return response_moved();
  }
  upstream_->send_body(relayed.bytes);
  if (relayed.farewell) send_close(to);
  if (upstream_->congested()) downstream_->pause_request();
  if (!downstream_->congested()) wait_until(Phase::tunnelling, tunnel_->deadline());
}

void Exchange::send_close(Side to) {
  using proto::websocket::close_frame;
  using proto::websocket::kGoingAway;
  if (to == Side::client) {
    downstream_->send_body(close_frame(kGoingAway, {}));
  } else {
    upstream_->send_body(close_frame(kGoingAway, static_cast<uint32_t>(worker_.prng().next())));
  }
}

void Exchange::on_drain() {
  if (!tunnel_ || tunnel_->leaving()) return;
  tunnel_->leave(worker_.loop().now(), worker_.prng().unit());
  wait_until(Phase::tunnelling, tunnel_->deadline());
}

void Exchange::look_after_tunnel() {
  if (tunnel_ && !tunnel_->leaving() && cluster_->leaving(endpoint_)) on_drain();
}

void Exchange::on_tunnel_deadline() {
  switch (tunnel_->on_deadline(worker_.loop().now())) {
    case Tunnel::Due::nothing: return wait_until(Phase::tunnelling, tunnel_->deadline());
    case Tunnel::Due::end: return end_tunnel();
    case Tunnel::Due::farewell:
      for (const Side side : {Side::client, Side::endpoint}) {
        if (tunnel_->part_from(side)) send_close(side);
      }
      return wait_until(Phase::tunnelling, tunnel_->deadline());
  }
}

void Exchange::end_tunnel() {
  if (http::ClientStream* stream = std::exchange(upstream_, nullptr)) stream->cancel();
  end_attempt(balance::Outcome::cancelled);
  downstream_->send_end({});
  finish();
}

}  // namespace weir::l7
