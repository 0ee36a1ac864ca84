#include "drill/fault_proxy.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "drill/fault_proxy_session.h"

namespace weir::drill {

namespace {
constexpr Duration kLookAgain = Duration::ms(10);
}

// ------------------------------------------------------------------------------------------------------ one end

FaultProxy::Half::Half(Session& session, Link& incoming)
    : session_(session), incoming_(incoming), stream_(session.loop(), *this) {}

size_t FaultProxy::Half::on_data(std::string_view data) {
  const LinkFaults& faults = incoming_.faults();
  if (faults.close != CloseBy::nothing) {
    session_.close(faults.close);
    return data.size();
  }
  if (faults.drop || other_->is_cut_off()) {
    lost_bytes_ = true;
    return data.size();
  }
  size_t taken = 0;
  const Instant now = session_.loop().now();
  while (taken < data.size() && !other_->full()) {
    std::string piece(data.substr(taken, incoming_.piece_max()));
    taken += piece.size();
    last_departure_ = incoming_.departure(piece.size(), now, last_departure_, session_.prng());
    corrupt(piece, faults.corrupt_percent, session_.prng());
    other_->enqueue(std::move(piece), last_departure_);
  }
  if (taken < data.size()) stream_.pause();
  return taken;
}

void FaultProxy::Half::on_end() {
  end_came_ = true;
  if (other_->is_cut_off()) return session_.close(CloseBy::fin);  // nobody is left who could be told anything
  if (incoming_.faults().drop) {
    lost_bytes_ = true;
    return;
  }
  other_->enqueue({}, std::max(last_departure_, session_.loop().now() + incoming_.faults().delay));
}

void FaultProxy::Half::on_closed(const Error& /*error*/) {
  if (incoming_.faults().half_open) {
    cut_off_ = true;
    return;
  }
  session_.close(CloseBy::reset);  // what the peer did to us is passed on
}

void FaultProxy::Half::enqueue(std::string bytes, Instant when) {
  queued_bytes_ += bytes.size();
  queue_.push_back({when, std::move(bytes)});
  send_due();
}

void FaultProxy::Half::send_due() {
  if (!stream_.open() || stream_.connecting()) return;
  const Instant now = session_.loop().now();
  while (!queue_.empty() && queue_.front().when <= now && !stream_.congested()) {
    Piece piece = std::move(queue_.front());
    queue_.pop_front();
    if (piece.bytes.empty()) {
      end_sent_ = true;
      stream_.shutdown_write();
      continue;
    }
    queued_bytes_ -= piece.bytes.size();
    stream_.write(piece.bytes);
    if (!stream_.open()) return;
  }
  if (!queue_.empty() && queue_.front().when > now) {
    session_.loop().timers().arm(due_, queue_.front().when);
  } else if (end_sent_ && stream_.pending() > 0) {
    session_.loop().arm(due_, kLookAgain);  // nobody tells when the last bytes of a slow reader have left
  }
  if (!full() && other_->stream_.open() && other_->stream_.paused()) other_->stream_.resume();
  session_.on_half_finished();
}

void FaultProxy::Half::replan() {
  const Instant now = session_.loop().now();
  for (Piece& piece : queue_) piece.when = std::min(piece.when, now);
  last_departure_ = Instant();
  send_due();
}

void FaultProxy::Half::cut_off() {
  cut_off_ = true;
  due_.cancel();
  stream_.abort();
  queue_.clear();
  queued_bytes_ = 0;
}

// -------------------------------------------------------------------------------------------------- a connection

FaultProxy::Session::Session(FaultProxy& proxy)
    : proxy_(proxy), client_(*this, proxy.upstream_), server_(*this, proxy.downstream_) {
  client_.meet(server_);
  server_.meet(client_);
}

void FaultProxy::Session::begin(net::Fd client) {
  if (!client_.stream().adopt(std::move(client)) || !server_.stream().connect(proxy_.to_)) {
    close(CloseBy::reset);
    return;
  }
  apply_half_open();
}

void FaultProxy::Session::apply_half_open() {
  for (Half* half : {&client_, &server_}) {
    if (half->incoming().faults().half_open && !half->is_cut_off()) half->cut_off();
  }
}

void FaultProxy::Session::on_faults_changed() {
  apply_half_open();
  const auto is_beyond_repair = [](const Half& half) {
    const LinkFaults& faults = half.incoming().faults();
    return (half.is_cut_off() && !faults.half_open) || (half.lost_bytes() && !faults.drop);
  };
  if (is_beyond_repair(client_) || is_beyond_repair(server_)) {
    close(CloseBy::reset);
    return;
  }
  client_.replan();
  if (!closed_) server_.replan();
}

void FaultProxy::Session::on_half_finished() {
  if (!closed_ && client_.finished() && server_.finished()) close(CloseBy::fin);
}

void FaultProxy::Session::close(CloseBy how) {
  if (std::exchange(closed_, true)) return;
  for (Half* half : {&client_, &server_}) {
    if (how == CloseBy::reset) {
      half->cut_off();
    } else {
      half->stream().flush_now();
      half->stream().close();
    }
  }
  proxy_.forget(*this);
}

// ----------------------------------------------------------------------------------------------------- the proxy

Result<std::unique_ptr<FaultProxy>> FaultProxy::create(net::Loop& loop, const net::SocketAddress& listen,
                                                       const net::SocketAddress& to, uint64_t seed) {
  std::unique_ptr<FaultProxy> proxy(new FaultProxy(loop, to, seed));
  auto acceptor = net::Acceptor::listen(loop, listen, *proxy, {.reuse_port = false});
  if (!acceptor) return fail(acceptor.error());
  proxy->acceptor_ = std::move(*acceptor);
  return proxy;
}

FaultProxy::~FaultProxy() {
  acceptor_.reset();
  while (newest_ != nullptr) newest_->close(CloseBy::reset);
}

size_t FaultProxy::connections_max() const {
  return faults_.connection_limit == 0 ? kConnectionsMax : std::min<size_t>(faults_.connection_limit, kConnectionsMax);
}

void FaultProxy::on_accept(net::Fd fd, const net::SocketAddress& /*peer*/) {
  ++counters_.accepted;
  if (counters_.open >= connections_max()) {
    ++counters_.refused;
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    return;
  }
  auto* const session = new Session(*this);  // the list owns it, until forget()
  session->older = newest_;
  if (newest_ != nullptr) newest_->newer = session;
  newest_ = session;
  counters_.open_max = std::max(counters_.open_max, ++counters_.open);
  session->begin(std::move(fd));
}

void FaultProxy::set_faults(const ProxyFaults& faults) {
  faults_ = faults;
  upstream_.set(faults.upstream);
  downstream_.set(faults.downstream);
  while (counters_.open > connections_max()) {
    ++counters_.refused;
    newest_->close(CloseBy::reset);
  }
  for (Session* each = newest_; each != nullptr;) {
    Session* const next = each->older;
    each->on_faults_changed();
    each = next;
  }
}

void FaultProxy::forget(Session& session) {
  if (session.newer != nullptr) session.newer->older = session.older;
  if (session.older != nullptr) session.older->newer = session.newer;
  if (newest_ == &session) newest_ = session.older;
  --counters_.open;
  loop_.defer_delete(std::unique_ptr<net::Deferred>(&session));
}

}  // namespace weir::drill
