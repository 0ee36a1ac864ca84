#include "l7/core/tunnel.h"

namespace weir::l7::core {

using proto::http::BodyKind;
using proto::http::FieldId;

bool may_tunnel(const model::UpgradeConfig& config, const proto::http::RequestHead& head) {
  if (head.method == proto::http::Method::connect) return config.connect;
  if (!config.websocket || !head.upgrade || head.body != BodyKind::none) return false;
  const auto* field = head.find(FieldId::upgrade);
  return field != nullptr && proto::http::iequals(field->value, "websocket");
}

Tunnel::Relayed Tunnel::relay(Side from, std::string_view piece, Instant now) {
  relayed_at_ = now;
  Direction& to = direction(from == Side::client ? Side::endpoint : Side::client);
  if (to.parted) return {};
  if (!websocket_) return {piece};
  if (!farewell_) {
    to.frames.feed(piece);
    return {piece};
  }
  const size_t rest_of_frame = to.frames.feed_to_boundary(piece);
  to.parted = to.frames.at_boundary();
  return {piece.substr(0, rest_of_frame), to.parted};
}

void Tunnel::leave(Instant now, double spread) {
  if (leaving()) return;
  leave_at_ = now + Duration::seconds(config_.drain_timeout.seconds() * (1 - spread / 2));
}

Tunnel::Due Tunnel::on_deadline(Instant now) {
  if (now < deadline()) return Due::nothing;
  if (farewell_ || !websocket_) return Due::end;
  farewell_ = true;
  leave_at_ = now + kGrace;
  return Due::farewell;
}

bool Tunnel::part_from(Side side) {
  Direction& to = direction(side);
  if (to.parted || !to.frames.at_boundary()) return false;
  to.parted = true;
  return true;
}

}  // namespace weir::l7::core
