// Any bytes from an HTTP/2 endpoint, over a real socket pair: whatever it says, the connection keeps its promises to
// handlers (head first, then pieces, then one end, or one failure), no response reaches a handler that HTTP/1 could not
// carry, and everything is given back in the end. The first byte chooses what the handlers do.

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/http2_client_connection.h"
#include "proto/http1/parser.h"
#include "proto/http1/writer.h"

namespace {

using namespace weir;
using http::ClientStream;
using http::ResponseHead;
using proto::http::BodyKind;
using proto::http::Method;

/// What is written for an HTTP/1 client is read back as the same response.
void check_translation(const ResponseHead& head) {
  std::string text;
  proto::http1::append_status_line(text, head.status, head.reason);
  proto::http1::append_end_to_end_fields(text, head.fields);
  text += "\r\n";
  ResponseHead again;
  const proto::http1::Limits limits{.field_bytes = 1 << 20, .head_bytes = 1 << 21, .fields = 1 << 12};
  proto::http1::ResponseParser parser(limits);
  const auto result = parser.parse(text, Method::head, again);
  CHECK(result.state == proto::http1::Parse::done && result.consumed == text.size());
  CHECK(again.status == head.status && !again.upgrade && again.keep_alive);
}

class Handler final : public http::ResponseHandler {
 public:
  Handler(uint8_t habits, bool head) : habits_(habits), head_(head) {}
  void asked(ClientStream& stream) { stream_ = &stream; }
  [[nodiscard]] bool over() const { return stream_ == nullptr; }
  void resume() {
    if (stream_ != nullptr) stream_->resume_response();
  }

 private:
  void on_informational(const ResponseHead& head) override {
    CHECK(stream_ != nullptr && !responded_ && head.status < 200 && head.status != 101);
    check_translation(head);
  }
  void on_response(ResponseHead& head, std::string_view memory, bool end) override {
    CHECK(stream_ != nullptr && !responded_ && head.status >= 200 && memory.size() < (1 << 20));
    responded_ = true;
    check_translation(head);
    if (head.body == BodyKind::length) left_ = head.content_length;
    if (end) {
      stream_ = nullptr;
    } else if ((habits_ & 1) != 0) {
      std::exchange(stream_, nullptr)->cancel();
    } else if ((habits_ & 2) != 0) {
      stream_->pause_response();
    }
  }
  void on_response_body(std::string_view piece) override {
    CHECK(stream_ != nullptr && responded_ && !piece.empty() && !head_ && piece.size() <= left_);
    if (left_ != UINT64_MAX) left_ -= piece.size();
    if ((habits_ & 4) != 0) stream_->pause_response();
    if ((habits_ & 8) != 0) stream_->resume_response();
    if ((habits_ & 16) != 0) std::exchange(stream_, nullptr)->cancel();
  }
  void on_response_end(const http::Fields&) override {
    CHECK(stream_ != nullptr && responded_ && (left_ == UINT64_MAX || left_ == 0 || head_));
    stream_ = nullptr;
  }
  void on_response_failed(const Error& error) override {
    CHECK(stream_ != nullptr && error.code != Code::ok);
    CHECK(error.retry == Retry::no || !responded_);
    stream_ = nullptr;
  }
  void on_request_drained() override { CHECK(stream_ != nullptr); }

  uint8_t habits_;
  bool head_;
  ClientStream* stream_ = nullptr;
  uint64_t left_ = UINT64_MAX;
  bool responded_ = false;
};

class Owner final : public http::ClientConnection::Owner {
 public:
  explicit Owner(net::Loop& loop) : loop_(loop) {}
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  void on_connected(http::ClientConnection&) override { UNREACHABLE(); }
  void on_idle(http::ClientConnection& connection) override { CHECK(connection.in_flight() == 0); }
  void on_closed(http::ClientConnection& connection, const Error& error) override {
    CHECK(!closed_ && error.code != Code::ok);
    closed_ = true;
    loop_.defer_delete(std::unique_ptr<net::Deferred>(&connection));
  }
  net::Loop& loop_;
  bool closed_ = false;
};

void ask(http::ClientConnection& connection, std::deque<Handler>& handlers, uint8_t habits, Method method) {
  Handler& handler = handlers.emplace_back(habits, method == Method::head);
  ClientStream& stream = connection.open(handler);
  handler.asked(stream);
  http::RequestHead head;
  head.method = method;
  head.method_text = method == Method::post ? "POST" : method == Method::head ? "HEAD" : "GET";
  head.target = "/";
  head.authority = "a.test";
  if (method == Method::post) head.body = BodyKind::stream;
  stream.send_head(head, {}, method != Method::post);
  if (method != Method::post) return;
  stream.send_body(std::string(100'000, 'x'));
  if ((habits & 32) != 0) stream.send_end({});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 60'000) return 0;
  static const auto loop = std::move(net::Loop::create().value());
  static const proto::http1::Limits limits{.field_bytes = 512, .head_bytes = 2048, .fields = 16, .trailer_bytes = 512};
  const uint8_t habits = data[0];
  http::ClientScratch scratch;
  Owner owner(*loop);
  std::deque<Handler> handlers;
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  auto* connection = new http::Http2ClientConnection(
      *loop, owner, limits, {.max_streams = 8, .stream_window_bytes = 4096, .answer_timeout = Duration::s(100)},
      scratch);
  CHECK(connection->adopt(net::Fd(ends[0]), 0).has_value());
  for (const Method method : {Method::get, Method::head, Method::post}) ask(*connection, handlers, habits, method);
  loop->run_turn(Duration());
  // In two pieces, so that something may happen between them.
  const size_t half = (habits & 64) != 0 ? (size + 1) / 2 : size;
  CHECK(half == 1 || ::send(ends[1], data + 1, half - 1, MSG_NOSIGNAL) > 0);
  char said[64 * 1024];
  for (int turn = 0; turn < 4; ++turn) {
    loop->run_turn(Duration());
    while (::read(ends[1], said, sizeof said) > 0) {
    }
    for (Handler& handler : handlers) handler.resume();
    // Its other end may be gone, the connection not yet: it owes a handler what it has.
    if (turn == 1 && half < size && ::send(ends[1], data + half, size - half, MSG_NOSIGNAL) < 0) break;
    if (turn == 1 && !owner.closed() && connection->shareable()) ask(*connection, handlers, habits, Method::get);
  }
  if ((habits & 128) != 0) ::shutdown(ends[1], SHUT_WR);
  loop->run_turn(Duration());
  if (!owner.closed()) connection->close();
  ::close(ends[1]);
  loop->run_turn(Duration());
  CHECK(owner.closed());
  for (const Handler& handler : handlers) CHECK(handler.over());
  return 0;
}
