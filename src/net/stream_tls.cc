// A Stream's side that speaks TLS. Both directions go through one Session: a turn's output is sealed into one buffer
// and leaves by one send, and one recv is opened into the second half of the loop's scratch and delivered at once.

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "net/socket_io.h"
#include "net/stream.h"
#include "net/tls/client_context.h"
#include "net/tls/server_context.h"

namespace weir::net {

using tls::Failure;
using tls::Session;

static_assert(Stream::kSealedBytes * 2 + Session::kRecordBytes <= Loop::kScratchBytes);

namespace {
// Sealed bytes that nobody asked the peer to make us send: answers to its key updates. Our own output waits unsealed.
constexpr size_t kUnsentMax = 512 * 1024;
}  // namespace

Result<void> Stream::adopt(Fd fd, std::shared_ptr<const tls::ServerContext> context) {
  auto adopted = adopt(std::move(fd));
  if (!adopted) return adopted;
  tls_ = Session::accept(std::move(context));
  connecting_ = handshaking_ = true;
  return adopted;
}

Result<void> Stream::connect(const SocketAddress& address, std::shared_ptr<tls::Peer> peer) {
  auto begun = connect(address);
  if (begun) tls_ = Session::connect(std::move(peer));
  return begun;
}

/// What another stream gave away, perhaps with something left to send, or with its end already read.
void Stream::take_over(std::unique_ptr<Session> session) {
  tls_ = std::move(session);
  if (tls_->unsent() != 0) flush_later();
  if (tls_->end() == Session::Step::need_more) return;
  readable_ = true;
  loop_.schedule(input_hook_);
}

Stream::Detached Stream::detach(std::string_view unread) {
  DCHECK(!handshaking_);
  std::string kept(unread);
  if (tls_ && tls_->has_input()) {
    const auto room = loop_.scratch().subspan(kSealedBytes);
    kept.append(room.data(), tls_->read(room).size);
  }
  auto session = std::move(tls_);
  return {.fd = release(), .unread = std::move(kept), .tls = std::move(session)};
}

// ---- receiving
// -------------------------------------------------------------------------------------------------------

void Stream::take_sealed(std::string_view sealed) {
  if (handshaking_ && !tls_->begun() && Session::is_plain_text(sealed.front())) {
    if (begin_plain(sealed)) return;
    return fail_handshake(Failure::plain_text);
  }
  tls_->give(sealed);
  if (handshaking_ && !shake_hands()) return;
  read_sealed();
}

bool Stream::begin_plain(std::string_view data) {
  if (!handler_.on_plain_text()) return false;
  tls_failure_ = Failure::plain_text;
  tls_.reset();
  connecting_ = handshaking_ = false;
  deliver(data);
  return true;
}

/// Whether the handshake is done, and the handler still has this stream.
bool Stream::shake_hands() {
  lend_sealed_buffer();
  const auto step = tls_->handshake();
  flush_later();
  if (step == Session::Step::need_more) return false;
  if (step == Session::Step::failed) {
    fail_handshake(tls_->failure());
    return false;
  }
  if (!handler_.speaks(tls_->protocol())) {
    fail_handshake(Failure::no_application_protocol);
    return false;
  }
  connecting_ = handshaking_ = false;
  handler_.on_connected();
  return open();
}

/// All that was given is opened before any of it is delivered: a paused handler's bytes wait in the clear.
void Stream::read_sealed() {
  const auto room = loop_.scratch().subspan(kSealedBytes);
  const auto opened = tls_->read(room);
  if (tls_->unsent() != 0) flush_later();
  if (tls_->unsent() > kUnsentMax) return fail_with(Code::limit_reached, 0);
  if (opened.size != 0) deliver({room.data(), opened.size});
  if (open() && opened.step != Session::Step::need_more) finish_input();
}

/// After the peer's last byte; a paused handler is told once it resumes.
void Stream::finish_input() {
  if (ended_) return;
  if (paused_) {
    readable_ = true;
    return;
  }
  if (tls_->end() == Session::Step::ended) {
    ended_ = true;
    return handler_.on_end();
  }
  send_sealed();  // the alert that tells the peer why
  switch (tls_->failure()) {
    // With TLS 1.3 a client learns only after its own part of the handshake that its certificate is refused.
    case Failure::alert_unknown_ca:
    case Failure::alert_bad_certificate:
      tls_failure_ = tls_->failure();
      drop();
      return handler_.on_closed(
          Error{.code = Code::connect_failed, .origin = Origin::upstream, .detail = tls::name_of(tls_failure_)});
    default: return fail_with(Code::malformed, 0);
  }
}

void Stream::fail_handshake(Failure failure) {
  tls_failure_ = failure;
  if (tls_->unsent() != 0) send_sealed();  // the alert
  drop();
  handler_.on_closed(Error{
      .code = Code::connect_failed, .origin = Origin::upstream, .retry = Retry::yes, .detail = tls::name_of(failure)});
}

// ---- sending
// ---------------------------------------------------------------------------------------------------------

void Stream::lend_sealed_buffer() {
  if (!tls_->sealed()) tls_->sealed() = loop_.take_buffer();
}

void Stream::drop_sealed() {
  tls_->sent() = 0;
  if (tls_->sealed()) loop_.give_buffer(tls_->sealed());
}

void Stream::flush_sealed() {
  if (!connecting_) return write_sealed({});
  if (handshaking_) send_sealed();
}

void Stream::write_sealed(std::string_view extra) {
  do {
    if (tls_->unsent() == 0) seal_some(extra);
    if (write_error_ != 0 || tls_->unsent() == 0) break;
  } while (send_sealed());
  if (write_error_ != 0) return;
  if (!extra.empty()) output().append(extra);
  after_flush();
}

/// The next of what is queued, then of `extra`; behind the last of it, where that is due, that nothing follows.
void Stream::seal_some(std::string_view& extra) {
  if (queued() == 0 && extra.empty() && !shutdown_pending_) return;
  lend_sealed_buffer();
  const size_t from_queue = std::min(queued(), kSealAtOnceBytes);
  bool sealed = from_queue == 0 || tls_->seal(std::string_view(*out_).substr(out_offset_, from_queue));
  out_offset_ += from_queue;
  if (out_ && out_offset_ == out_->size()) {
    out_offset_ = 0;
    loop_.give_buffer(out_);
  }
  if (sealed && !out_) {
    const size_t from_extra = std::min(extra.size(), kSealAtOnceBytes - from_queue);
    sealed = tls_->seal(extra.substr(0, from_extra));
    extra.remove_prefix(from_extra);
    if (extra.empty() && shutdown_pending_) tls_->close_notify();
  }
  if (!sealed) on_write_error(EPROTO);
}

/// Whether all of it went.
bool Stream::send_sealed() {
  auto& sealed = tls_->sealed();
  size_t& sent = tls_->sent();
  if (!sealed) return true;
  const std::string_view rest = std::string_view(*sealed).substr(sent);
  const ssize_t n = rest.empty() ? 0 : transmit(fd_.get(), rest.data(), rest.size());
  if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    on_write_error(errno);
    return false;
  }
  const size_t written = n > 0 ? static_cast<size_t>(n) : 0;
  bytes_written_ += written;
  blocked_ = written < rest.size();
  sent += written;
  if (blocked_) return false;
  drop_sealed();
  return true;
}

/// Only where the peer would not take it for the end of a message that was cut off.
void Stream::say_goodbye() {
  if (connecting_ || blocked_ || write_error_ != 0 || queued() != 0) return;
  lend_sealed_buffer();
  tls_->close_notify();
  if (tls_->unsent() == 0) return;
  const std::string_view rest = std::string_view(*tls_->sealed()).substr(tls_->sent());
  static_cast<void>(::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL));
}

}  // namespace weir::net
