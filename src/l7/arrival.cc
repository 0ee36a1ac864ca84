#include "l7/arrival.h"

#include <utility>

namespace weir::l7 {

using proto::proxy::Bad;

namespace {

// As long as an idle connection is given (http/http1_server_connection.cc).
constexpr Duration kDrainGrace = Duration::ms(500);

}  // namespace

size_t reason_index(TurnedAway why, Bad bad) {
  if (why == TurnedAway::malformed) return static_cast<size_t>(bad);
  return proto::proxy::kBads - 1 + static_cast<size_t>(why);
}

std::string_view reason_name(size_t index) {
  if (index < proto::proxy::kBads) return proto::proxy::name_of(static_cast<Bad>(index));
  constexpr std::string_view kNames[] = {"not_allowed", "timeout", "closed"};
  return kNames[index - proto::proxy::kBads];
}

Result<void> Arrival::start(net::Fd fd, Duration timeout) {
  loop_.arm(deadline_, timeout);
  return preamble_.adopt(std::move(fd));
}

void Arrival::drain() {
  const Instant soon = loop_.now() + kDrainGrace;
  if (deadline_.due() > soon) loop_.timers().arm(deadline_, soon);
}

void Arrival::on_preamble(std::string_view bytes) {
  silent_ = false;
  proto::proxy::Header header;
  const auto parsed = proto::proxy::parse(bytes, header);
  switch (parsed.state) {
    case proto::proxy::Parse::need_more: return;
    case proto::proxy::Parse::bad: return turn_away(TurnedAway::malformed, parsed.bad);
    case proto::proxy::Parse::done: break;
  }
  net::Fd fd = preamble_.take(parsed.consumed);
  if (!fd.valid()) return turn_away(TurnedAway::closed);
  deadline_.cancel();
  owner_.on_arrived(*this, std::move(fd), header);
}

void Arrival::on_preamble_end(size_t /*bytes*/) { turn_away(TurnedAway::closed); }

void Arrival::on_deadline() { turn_away(TurnedAway::timeout); }

void Arrival::turn_away(TurnedAway why, Bad bad) {
  deadline_.cancel();
  owner_.on_turned_away(*this, why, bad);  // counted before the client can see it
  preamble_.close();
}

}  // namespace weir::l7
