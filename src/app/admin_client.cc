#include "app/admin_client.h"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <optional>

#include "http/client_connection.h"
#include "model/units.h"
#include "net/loop.h"

namespace weir::app {

namespace {

using proto::http::Method;

/// One request and its response. The connection is retired by itself, so it may close from inside its own callback.
class Call final : public http::ClientConnection::Owner, private http::ResponseHandler {
 public:
  explicit Call(net::Loop& loop)
      : loop_(loop), connection_(std::make_unique<http::ClientConnection>(loop, *this, limits_, scratch_)) {}
  ~Call() {
    if (connection_) connection_->close();
  }

  Result<void> send(const net::SocketAddress& address, bool changes, const std::string& target) {
    if (auto begun = connection_->connect(address); !begun) return begun;
    const std::string authority = address.text();
    http::RequestHead head;
    head.method = changes ? Method::post : Method::get;
    head.method_text = changes ? "POST" : "GET";
    head.target = target;
    head.authority = authority;
    if (changes) head.body = proto::http::BodyKind::length;  // of no bytes; some servers insist on being told
    const http::Field extra[] = {{.name = "X-Weir-Admin", .value = "ctl"}, {.name = "Connection", .value = "close"}};
    connection_->open(*this).send_head(head, extra, true);
    return {};
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  [[nodiscard]] AdminAnswer& answer() { return answer_; }

 private:
  void on_connected(http::ClientConnection& /*connection*/) override {}
  void on_idle(http::ClientConnection& /*connection*/) override {}
  void on_closed(http::ClientConnection& /*connection*/, const Error& /*error*/) override {
    loop_.defer_delete(std::unique_ptr<net::Deferred>(connection_.release()));
  }

  void on_informational(const http::ResponseHead& /*head*/) override {}
  void on_response(http::ResponseHead& head, std::string_view /*memory*/, bool end) override {
    answer_.status = head.status;
    done_ = end;
  }
  void on_response_body(std::string_view piece) override { answer_.body += piece; }
  void on_response_end(const http::Fields& /*trailers*/) override { done_ = true; }
  void on_response_failed(const Error& error) override {
    error_ = error;
    done_ = true;
  }
  void on_request_drained() override {}

  net::Loop& loop_;
  proto::http1::Limits limits_;
  http::ClientScratch scratch_;
  std::unique_ptr<http::ClientConnection> connection_;
  AdminAnswer answer_;
  std::optional<Error> error_;
  bool done_ = false;
};

std::string unreachable(const model::Address& address, const std::string& reason) {
  return fmt::format("cannot reach the admin interface at {} ({}): is weir running, and is `admin` set?",
                     address.text(), reason);
}

}  // namespace

Result<AdminAnswer, std::string> ask_admin(const model::Address& address, bool changes, const std::string& target,
                                           Duration timeout) {
  const auto socket_address = net::SocketAddress::parse(address.host, address.port);
  if (!socket_address) return fail(unreachable(address, std::string(text_of(socket_address.error().code))));
  auto loop = net::Loop::create();
  if (!loop) return fail(std::string(text_of(loop.error().code)));
  Call call(**loop);
  const auto describe = [](const Error& error) {
    return error.os_error == 0 ? std::string(text_of(error.code)) : std::string(std::strerror(error.os_error));
  };
  if (auto sent = call.send(*socket_address, changes, target); !sent) {
    return fail(unreachable(address, describe(sent.error())));
  }
  const Instant deadline = net::read_clock() + timeout;
  while (!call.done()) {
    const Instant now = net::read_clock();
    if (now >= deadline) return fail(unreachable(address, "no answer within " + model::format_duration(timeout)));
    (*loop)->run_turn(deadline - now);
  }
  if (call.error()) return fail(unreachable(address, describe(*call.error())));
  return std::move(call.answer());
}

}  // namespace weir::app
