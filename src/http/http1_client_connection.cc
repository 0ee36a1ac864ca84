#include "http/http1_client_connection.h"

#include <utility>

#include "base/check.h"
#include "proto/http1/scan.h"
#include "proto/http1/writer.h"

namespace weir::http {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http1::Parse;

namespace {
// A response is preceded by one or two 1xx at most; an endpoint that sends them without end would hold us for ever.
constexpr uint32_t kMaxInformational = 16;

/// Did the endpoint switch to one of the protocols that it was offered (RFC 9110 section 7.8)?
bool switches_as_asked(const ResponseHead& head, std::string_view asked) {
  const Field* field = head.upgrade ? head.find(FieldId::upgrade) : nullptr;
  if (field == nullptr || field->value.empty()) return false;
  for (std::string_view list = asked; !list.empty();) {
    const size_t comma = list.find(',');
    if (proto::http::iequals(proto::http1::scan::trim(list.substr(0, comma)), field->value)) return true;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}
}  // namespace

Http1ClientConnection::Http1ClientConnection(net::Loop& loop, Owner& owner, const proto::http1::Limits& limits,
                                             ClientScratch& scratch)
    : ClientConnection(loop, owner, scratch), parser_(limits), limits_(limits) {}

Http1ClientConnection::~Http1ClientConnection() {
  // Slots form a list of unique_ptrs; unroll it so that a deep pipeline does not recurse.
  while (front_) front_ = std::move(front_->behind);
}

// ---- sending
// ---------------------------------------------------------------------------------------------------------

std::unique_ptr<Http1ClientConnection::Slot> Http1ClientConnection::take_slot() {
  return spare_ ? std::move(spare_) : std::make_unique<Slot>(*this);
}

void Http1ClientConnection::recycle(std::unique_ptr<Slot> slot) {
  slot->handler = nullptr;
  slot->request_ended = slot->chunked = false;
  slot->informational = 0;
  slot->upgrade.clear();
  spare_ = std::move(slot);
}

ClientStream& Http1ClientConnection::open(ResponseHandler& handler) {
  DCHECK(reusable());
  auto slot = take_slot();
  slot->handler = &handler;
  Slot* added = slot.get();
  if (front_) {
    back_->behind = std::move(slot);
  } else {
    front_ = std::move(slot);
  }
  back_ = added;
  ++in_flight_;
  body_open_ = true;
  return *added;
}

void Http1ClientConnection::Slot::send_head(const RequestHead& head, std::span<const Field> extra, bool end) {
  method = head.method;
  if (const Field* field = head.upgrade ? head.find(FieldId::upgrade) : nullptr) upgrade = field->value;
  const Field* host = head.find(FieldId::host);
  {
    Pen pen(connection.stream_.output(), proto::http1::kRoomForFraming + head.method_text.size() + head.target.size() +
                                             upgrade.size() + head.authority.size() +
                                             proto::http1::room_for(head.fields) + proto::http1::room_for(extra));
    proto::http1::put_request_line(pen, head.method_text, head.target);
    if (host == nullptr || host->hop_by_hop) proto::http1::put_field(pen, "Host", head.authority);
    proto::http1::put_fields(pen, head.fields);
    proto::http1::put_fields(pen, extra);
    if (!upgrade.empty()) {
      proto::http1::put_field(pen, "Connection", "upgrade");
      proto::http1::put_field(pen, "Upgrade", upgrade);
    }
    if (head.body == BodyKind::length) {
      proto::http1::put_field(pen, "Content-Length", head.content_length);
    } else if (head.body == BodyKind::stream && !end) {
      chunked = true;
      proto::http1::put_field(pen, "Transfer-Encoding", "chunked");
    }
    pen.put("\r\n");
  }
  connection.stream_.flush_later();
  if (end) {
    request_ended = true;
    // Whatever was sent behind it would be the tunnel's, if there comes to be one.
    connection.body_open_ = !upgrade.empty() || method == proto::http::Method::connect;
  }
}

void Http1ClientConnection::Slot::send_body(std::string_view piece) {
  if (piece.empty()) return;
  net::Stream& stream = connection.stream_;
  if (!chunked) return stream.write(piece);
  proto::http1::append_chunk_size(stream.output(), piece.size());
  stream.write(piece);
  stream.output() += "\r\n";
  stream.flush_later();
}

void Http1ClientConnection::Slot::send_end(const Fields& trailers) {
  if (connection.tunnel_) return connection.stream_.shutdown_write();
  if (chunked) {
    proto::http1::append_last_chunk(connection.stream_.output(), trailers);
    connection.stream_.flush_later();
  }
  request_ended = true;
  connection.body_open_ = false;
}

void Http1ClientConnection::Slot::cancel() {
  handler = nullptr;
  const bool in_front = connection.front_.get() == this;
  if (!connection.anybody_waits() || !request_ended || (in_front && connection.reading_body_)) {
    // Reading a response nobody wants could cost more than a new connection.
    return connection.close();
  }
  // Others wait for theirs: read over this one, but queue nobody behind an answer that may never come.
  connection.closing_ = true;
  if (in_front) connection.stream_.resume();
}

bool Http1ClientConnection::anybody_waits() const {
  for (const Slot* slot = front_.get(); slot != nullptr; slot = slot->behind.get()) {
    if (slot->handler != nullptr) return true;
  }
  return false;
}

void Http1ClientConnection::Slot::pause_response() {
  connection.stream_.pause();
  connection.fail_those_behind();
}

/// A slow reader in front must not hold up the others: they are sent elsewhere, and this connection ends with the front
/// response.
void Http1ClientConnection::fail_those_behind() {
  if (!front_ || !front_->behind) return;
  closing_ = true;
  auto slot = std::move(front_->behind);
  back_ = front_.get();
  while (slot) {
    --in_flight_;
    if (slot->handler != nullptr)
      slot->handler->on_response_failed(Error{.code = Code::cancelled, .retry = Retry::if_reused});
    slot = std::move(slot->behind);
  }
}
void Http1ClientConnection::Slot::resume_response() { connection.stream_.resume(); }

// ---- receiving
// -------------------------------------------------------------------------------------------------------

size_t Http1ClientConnection::on_data(std::string_view data) {
  size_t consumed = 0;
  while (consumed < data.size() && stream_.open() && !stream_.paused()) {
    if (!front_) {
      // Bytes nobody asked for: the next response could be taken for an answer to the wrong request.
      closing_ = true;
      close();
      break;
    }
    const std::string_view rest = data.substr(consumed);
    const size_t step = reading_body_ ? read_body(rest) : read_head(rest);
    consumed += step;
    if (step == 0) break;
  }
  return consumed;
}

size_t Http1ClientConnection::read_head(std::string_view data) {
  response_begun_ = true;
  ResponseHead& head = scratch_.head;
  const auto result = parser_.parse(data, front_->method, head);
  if (result.state == Parse::need_more) return 0;
  if (result.state == Parse::bad) {
    broken(result.bad);
    return 0;
  }
  parser_.reset();
  Slot& slot = *front_;
  const bool switches = head.status == 101 && switches_as_asked(head, slot.upgrade);
  if (switches || head.body == BodyKind::tunnel) {
    open_tunnel(head, data.substr(0, result.consumed));
    return result.consumed;
  }
  if (head.status < 200) return read_informational(result.consumed);
  if (slot.request_ended) body_open_ = false;
  keep_alive_ = head.keep_alive && head.body != BodyKind::until_close;
  if (!keep_alive_) closing_ = true;
  const bool end = head.body == BodyKind::none || (head.body == BodyKind::length && head.content_length == 0);
  if (!end) {
    reading_body_ = true;
    body_.start(head.body, head.content_length, UINT64_MAX, limits_);
    if (slot.handler != nullptr) slot.handler->on_response(head, data.substr(0, result.consumed), false);
  } else {
    ResponseHandler* handler = slot.handler;
    response_done({}, false, result.consumed < data.size());
    if (handler != nullptr) handler->on_response(head, data.substr(0, result.consumed), true);
  }
  return result.consumed;
}

size_t Http1ClientConnection::read_informational(size_t consumed) {
  Slot& slot = *front_;
  // A 101 that nobody asked for, or to another protocol: after it the bytes are nobody knows what.
  if (scratch_.head.status == 101 || ++slot.informational > kMaxInformational) {
    broken(proto::http1::Bad::bad_status_line);
    return 0;
  }
  if (slot.handler != nullptr) slot.handler->on_informational(scratch_.head);
  return consumed;
}

void Http1ClientConnection::open_tunnel(ResponseHead& head, std::string_view memory) {
  head.body = BodyKind::tunnel;
  tunnel_ = closing_ = reading_body_ = true;
  keep_alive_ = false;
  body_.start(BodyKind::tunnel, 0, UINT64_MAX, limits_);
  if (front_->handler != nullptr) front_->handler->on_response(head, memory, false);
}

size_t Http1ClientConnection::read_body(std::string_view data) {
  const auto step = body_.next(data);
  if (step.state == Parse::bad) {
    broken(step.bad);
    return 0;
  }
  if (!step.data.empty() && front_->handler != nullptr) front_->handler->on_response_body(step.data);
  // The handler may have cancelled, which can close the connection.
  if (!stream_.open()) return step.consumed;
  if (step.state == Parse::done) response_done(body_.trailers(), true, step.consumed < data.size());
  return step.consumed;
}

/// The front response is complete: the slot goes, the connection may serve again, then the handler hears of it.
void Http1ClientConnection::response_done(const Fields& trailers, bool tell_end, bool surplus) {
  reading_body_ = response_begun_ = false;
  ++served_;
  auto slot = std::move(front_);
  front_ = std::move(slot->behind);
  if (!front_) back_ = nullptr;
  --in_flight_;
  ResponseHandler* handler = slot->handler;
  const bool request_unfinished = !slot->request_ended;
  recycle(std::move(slot));
  if (request_unfinished) {
    // Answered in the middle of the request: its rest would be read as the next one.
    closing_ = true;
    body_open_ = false;
  }
  // More bytes and nobody waiting: they must not become the answer to whoever comes next.
  if (surplus && !front_) closing_ = true;
  if (closing_ && (!keep_alive_ || request_unfinished || !anybody_waits())) {
    close();
  } else if (!front_) {
    owner_.on_idle(*this);
  }
  // The reader of that response may have been slow; the next one's is not.
  stream_.resume();
  if (tell_end && handler != nullptr) handler->on_response_end(trailers);
}

void Http1ClientConnection::on_end() {
  if (front_ && reading_body_ && body_.finish_at_close()) {
    closing_ = true;
    return response_done({}, true, false);
  }
  on_closed(Error{.code = Code::closed_early, .origin = Origin::upstream});
}

void Http1ClientConnection::on_closed(const Error& error) {
  closing_ = true;
  stream_.close();
  fail_all(error);
}

void Http1ClientConnection::on_drained() {
  if (back_ == nullptr || back_->handler == nullptr) return;
  if (tunnel_ || !back_->request_ended) back_->handler->on_request_drained();
}

void Http1ClientConnection::broken(proto::http1::Bad bad) {
  closing_ = true;
  stream_.close();
  fail_all(Error{.code = Code::malformed, .origin = Origin::upstream, .detail = proto::http1::name_of(bad).data()});
}

void Http1ClientConnection::drain() {
  closing_ = true;
  if (!front_) close();
}

void Http1ClientConnection::close() {
  if (!stream_.open()) return;
  closing_ = true;
  stream_.close();
  fail_all(Error{.code = Code::cancelled, .origin = Origin::internal});
}

net::Fd Http1ClientConnection::release_socket() {
  if (stream_.tls() != nullptr) return {};
  closing_ = true;
  return stream_.release();
}

void Http1ClientConnection::fail_all(Error error) {
  owner_.on_closed(*this, error);
  const bool connect_failed = error.retry == Retry::yes;
  bool first = true;
  while (front_) {
    auto slot = std::move(front_);
    front_ = std::move(slot->behind);
    --in_flight_;
    if (connect_failed) {
      error.retry = Retry::yes;
    } else if (!first) {
      // Whatever went wrong was another's: those behind it were not even looked at.
      error.code = Code::cancelled;
      error.retry = Retry::if_reused;
    } else if (response_begun_) {
      error.retry = Retry::no;
    } else {
      // It served before and died before it said anything: most likely it was closed while idle.
      error.retry = (served_ > 0 || error.code == Code::cancelled) && error.code != Code::malformed ? Retry::if_reused
                                                                                                    : Retry::no;
    }
    first = false;
    if (slot->handler != nullptr) slot->handler->on_response_failed(error);
  }
  back_ = nullptr;
}

}  // namespace weir::http
