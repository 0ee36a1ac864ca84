// Any bytes behind an HTTP/2 preface, over a real socket pair: whatever a client says, the connection keeps its
// promises to handlers (head first, then pieces, then one end, or one abort), no request reaches a handler that HTTP/1
// could not carry, and everything is given back in the end. The first byte chooses what the handlers do.

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "base/check.h"
#include "http/http2_server_connection.h"
#include "proto/http1/parser.h"
#include "proto/http1/writer.h"

namespace {

using namespace weir;
using http::RequestHead;
using http::ServerStream;
using proto::http::BodyKind;

/// What is written for an HTTP/1 endpoint is read back as the same request.
void check_translation(const RequestHead& head) {
  std::string text;
  proto::http1::append_request_line(text, head.method_text, head.target);
  proto::http1::append_end_to_end_fields(text, head.fields);
  text += "\r\n";
  RequestHead again;
  const proto::http1::Limits limits{
      .request_line_bytes = 1 << 20, .field_bytes = 1 << 20, .head_bytes = 1 << 21, .fields = 1 << 12};
  proto::http1::RequestParser parser(limits);
  const auto result = parser.parse(text, again);
  CHECK(result.state == proto::http1::Parse::done && result.consumed == text.size());
  CHECK(again.method_text == head.method_text && again.target == head.target);
  CHECK(again.body == BodyKind::none && again.authority == head.authority);
}

class Handler final : public http::RequestHandler {
 public:
  explicit Handler(uint8_t habits) : habits_(habits) {}
  [[nodiscard]] bool over() const { return stream_ == nullptr; }

 private:
  void on_request(ServerStream& stream, RequestHead& head, std::string_view memory, bool end) override {
    CHECK(stream_ == nullptr && !began_);
    began_ = true;
    CHECK(memory.size() < (1 << 20));
    if (head.method != proto::http::Method::connect) check_translation(head);
    stream_ = &stream;
    if ((habits_ & 1) != 0) stream.pause_request();
    if ((habits_ & 2) != 0) return answer();
    if (end) answer();
  }
  void on_request_body(std::string_view piece) override {
    CHECK(stream_ != nullptr && !piece.empty());
    if ((habits_ & 4) != 0) stream_->pause_request();
    if ((habits_ & 1) != 0) stream_->resume_request();
  }
  void on_request_end(const http::Fields&) override {
    CHECK(stream_ != nullptr);
    answer();
  }
  void on_request_aborted(const Error& error) override {
    CHECK(stream_ != nullptr && error.code != Code::ok);
    stream_ = nullptr;
  }
  void on_response_drained() override { CHECK(stream_ != nullptr); }

  void answer() {
    ServerStream& stream = *std::exchange(stream_, nullptr);
    if ((habits_ & 8) != 0) return stream.abort();
    http::ResponseHead head;
    head.status = 200;
    head.body = BodyKind::stream;
    stream.send_head(head, {}, false);
    stream.send_body(std::string((habits_ & 16) != 0 ? 100'000 : 10, 'x'));
    http::Fields trailers;
    if ((habits_ & 32) != 0) trailers.push_back({.name = "Sum", .value = "1"});
    stream.send_end(trailers);
  }

  uint8_t habits_;
  ServerStream* stream_ = nullptr;
  bool began_ = false;
};

class Owner final : public http::ServerConnection::Owner {
 public:
  Owner(net::Loop& loop, uint8_t habits) : loop_(loop), habits_(habits) {}
  [[nodiscard]] bool closed() const { return closed_; }
  void check_all_told() const {
    for (const Handler& handler : handlers_) CHECK(handler.over());
  }

 private:
  http::RequestHandler& begin_request(http::ServerConnection&) override { return handlers_.emplace_back(habits_); }
  void on_bad_request(http::ServerConnection&, std::string_view reason, uint16_t) override { CHECK(!reason.empty()); }
  void on_http2(http::ServerConnection&, net::Stream::Detached) override { UNREACHABLE(); }
  void on_connection_closed(http::ServerConnection& connection) override {
    CHECK(!closed_);
    closed_ = true;
    loop_.defer_delete(std::unique_ptr<net::Deferred>(&connection));
  }
  net::Loop& loop_;
  uint8_t habits_;
  bool closed_ = false;
  std::deque<Handler> handlers_;
};

constexpr std::string_view kGreeting = {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > 60'000) return 0;
  static const auto loop = std::move(net::Loop::create().value());
  static const auto options = [] {
    auto made = std::make_shared<http::ServerOptions>();
    made->http2.max_streams = 8;
    made->limits = {.request_line_bytes = 256, .field_bytes = 512, .head_bytes = 2048, .fields = 16};
    return made;
  }();
  http::ServerScratch scratch;
  Owner owner(*loop, data[0]);
  int ends[2];
  CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  std::string bytes(kGreeting);
  bytes.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto* connection = new http::Http2ServerConnection(*loop, owner, options, scratch, net::SocketAddress{});
  CHECK(connection->start({.fd = net::Fd(ends[0]), .unread = bytes}).has_value());
  char answers[64 * 1024];
  for (int turn = 0; turn < 4 && !owner.closed(); ++turn) {
    loop->run_turn(Duration());
    while (::read(ends[1], answers, sizeof answers) > 0) {
    }
  }
  if (!owner.closed()) connection->kill();
  ::close(ends[1]);
  loop->run_turn(Duration());
  CHECK(owner.closed());
  owner.check_all_told();
  return 0;
}
