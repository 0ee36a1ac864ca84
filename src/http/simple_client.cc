#include "http/simple_client.h"

#include <memory>
#include <optional>

#include "http/http1_client_connection.h"
#include "net/loop.h"

namespace weir::http {

namespace {

using proto::http::Method;

constexpr size_t kAnswerBytesMax = 64 * 1024 * 1024;

std::string_view text_of_method(Method method) {
  switch (method) {
    case Method::post: return "POST";
    case Method::delete_: return "DELETE";
    default: return "GET";
  }
}

/// The connection is retired by itself, so it may close from inside its own callback.
class Call final : public ClientConnection::Owner, private ResponseHandler {
 public:
  explicit Call(net::Loop& loop)
      : loop_(loop), connection_(std::make_unique<Http1ClientConnection>(loop, *this, limits_, scratch_)) {}
  ~Call() {
    if (connection_) connection_->close();
  }

  Result<void> send(const SimpleCall& call) {
    if (auto begun = connection_->connect(call.address); !begun) return begun;
    const std::string authority = call.address.text();
    RequestHead head;
    head.method = call.method;
    head.method_text = text_of_method(call.method);
    head.target = call.target;
    head.authority = authority;
    if (call.method != Method::get) {  // of no bytes, too; some servers insist on being told
      head.body = proto::http::BodyKind::length;
      head.content_length = call.body.size();
    }
    std::vector<Field> extra{{.name = "Connection", .value = "close"}};
    for (const auto& each : call.fields) extra.push_back({.name = each.first, .value = each.second});
    ClientStream& stream = connection_->open(*this);
    stream.send_head(head, extra, call.body.empty());
    if (!call.body.empty()) {
      stream.send_body(call.body);
      stream.send_end({});
    }
    return {};
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] SimpleAnswer& answer() { return answer_; }

 private:
  void on_connected(ClientConnection& /*connection*/) override {}
  void on_idle(ClientConnection& /*connection*/) override {}
  void on_closed(ClientConnection& /*connection*/, const Error& /*error*/) override {
    loop_.defer_delete(std::unique_ptr<net::Deferred>(connection_.release()));
  }

  void on_informational(const ResponseHead& /*head*/) override {}
  void on_response(ResponseHead& head, std::string_view /*memory*/, bool end) override {
    answer_.status = head.status;
    done_ = end;
  }
  void on_response_body(std::string_view piece) override {
    if (answer_.body.size() + piece.size() > kAnswerBytesMax) {
      error_ = Error{.code = Code::too_large};
      done_ = true;
    } else {
      answer_.body += piece;
    }
  }
  void on_response_end(const Fields& /*trailers*/) override { done_ = true; }
  void on_response_failed(const Error& error) override {
    error_ = error;
    done_ = true;
  }
  void on_request_drained() override {}

  net::Loop& loop_;
  proto::http1::Limits limits_;
  ClientScratch scratch_;
  std::unique_ptr<Http1ClientConnection> connection_;
  SimpleAnswer answer_;
  std::optional<Error> error_;
  bool done_ = false;
};

}  // namespace

Result<SimpleAnswer> ask(const SimpleCall& what) {
  auto loop = net::Loop::create();
  if (!loop) return fail(loop.error());
  Call call(**loop);
  if (auto sent = call.send(what); !sent) return fail(sent.error());
  const Instant deadline = net::read_clock() + what.timeout;
  while (!call.done()) {
    const Instant now = net::read_clock();
    if (now >= deadline) return fail(Error{.code = Code::timeout});
    (*loop)->run_turn(deadline - now);
  }
  if (call.error()) return fail(*call.error());
  return std::move(call.answer());
}

}  // namespace weir::http
