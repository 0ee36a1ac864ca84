#include "http/simple_server.h"

#include <algorithm>

#include "base/check.h"
#include "http/http1_server_connection.h"
#include "http/http2_server_connection.h"

namespace weir::http {

namespace {

using proto::http::BodyKind;
using proto::http::FieldId;
using proto::http::Method;

/// A trickling body leaves in pieces, ten a second or one byte at a time when that is slower.
constexpr uint64_t kPiecesPerSecond = 10;
/// Memory that an exchange may keep between requests.
constexpr size_t kBytesKept = 64 * 1024;

void shrink(std::string& text) {
  text.clear();
  if (text.capacity() > kBytesKept) std::string().swap(text);
}

}  // namespace

/// One request from its head to the last byte of its response. Exchanges are recycled by the server, never destroyed
/// while it lives, so a callback may end its own exchange.
class SimpleServer::Exchange final : public RequestHandler, private LiveStream {
 public:
  explicit Exchange(SimpleServer& server) : server_(server) {}

  void on_request(ServerStream& stream, RequestHead& head, std::string_view memory, bool end) override {
    stream_ = &stream;
    if (end) return answer(head);
    head_ = head;
    proto::http::own(head_, memory, head_bytes_);
    if (head.expect_continue) {
      ResponseHead go_on;
      go_on.status = 100;
      stream.send_informational(go_on);
    }
  }
  void on_request_body(std::string_view piece) override { request_body_ += piece; }
  void on_request_end(const Fields& /*trailers*/) override { answer(head_); }
  void on_request_aborted(const Error& /*error*/) override {
    if (const auto live = std::move(response_.live)) live->on_gone();
    finish();
  }
  void on_response_drained() override {
    if (const auto live = response_.live) live->on_drained();
  }

 private:
  void answer(const RequestHead& head) {
    is_head_ = head.method == Method::head;
    response_ = server_.handler_(SimpleRequest{head, request_body_, stream_->client_facts().address});
    if (response_.reset) return stream_->abort();
    if (response_.never) return;
    if (response_.delay > Duration()) {
      server_.loop_.arm(timer_, response_.delay);
    } else {
      respond();
    }
  }

  void on_timer() {
    if (head_sent_) {
      trickle();
    } else {
      respond();
    }
  }

  void respond() {
    head_sent_ = true;
    const bool bodiless = is_head_ || response_.status == 204 || response_.status == 304;
    if (bodiless) response_.live.reset();
    const bool end = bodiless || (response_.body.empty() && response_.live == nullptr);
    ResponseHead& head = response_head_;
    head.clear();
    head.status = response_.status;
    head.body = response_.live == nullptr ? BodyKind::length : BodyKind::stream;
    head.content_length = response_.body.size();
    head.fields.push_back(Field{"Date", server_.clock_.http_date(), FieldId::date, false});
    if (!response_.content_type.empty()) {
      head.fields.push_back(Field{"Content-Type", response_.content_type, FieldId::content_type, false});
    }
    for (const auto& field : response_.fields) {
      head.fields.push_back(Field{field.first, field.second, proto::http::field_id_of(field.first), false});
    }
    stream_->send_head(head, {}, end);
    if (end) return finish();
    if (const auto live = response_.live) return live->on_open(*this);
    if (response_.body_bytes_per_second != 0) return trickle();
    stream_->send_body(response_.body);
    stream_->send_end({});
    finish();
  }

  void send(std::string_view piece) override { stream_->send_body(piece); }
  [[nodiscard]] bool congested() const override { return stream_->congested(); }
  void drop() override {
    response_.live.reset();
    stream_->abort();
    finish();
  }

  void trickle() {
    const uint64_t rate = response_.body_bytes_per_second;
    const uint64_t piece = std::max<uint64_t>(1, rate / kPiecesPerSecond);
    if (!stream_->congested()) {
      const std::string_view rest = std::string_view(response_.body).substr(sent_, piece);
      sent_ += rest.size();
      stream_->send_body(rest);
      if (sent_ == response_.body.size()) {
        stream_->send_end({});
        return finish();
      }
    }
    server_.loop_.arm(timer_, Duration::seconds(static_cast<double>(piece) / static_cast<double>(rate)));
  }

  void finish() {
    timer_.cancel();
    stream_ = nullptr;
    shrink(request_body_);
    response_ = {};
    sent_ = 0;
    head_sent_ = false;
    server_.release(*this);
  }

  SimpleServer& server_;
  ServerStream* stream_ = nullptr;
  RequestHead head_;
  std::string head_bytes_;
  std::string request_body_;
  SimpleResponse response_;
  ResponseHead response_head_;  // kept for its capacity
  size_t sent_ = 0;
  bool is_head_ = false;
  bool head_sent_ = false;
  net::Timer timer_ = net::Timer::bind<&Exchange::on_timer>(this);
};

SimpleServer::SimpleServer(net::Loop& loop, Handler handler, Limits limits)
    : loop_(loop), handler_(std::move(handler)), limits_(limits) {
  ServerOptions options;
  options.max_body_bytes = limits.body_bytes;
  options_ = std::make_shared<const ServerOptions>(options);
}

Result<std::unique_ptr<SimpleServer>> SimpleServer::create(net::Loop& loop, const net::SocketAddress& address,
                                                           Handler handler, Limits limits) {
  auto listening = net::Acceptor::open(address, net::Acceptor::Options{.reuse_port = false});
  if (!listening) return fail(listening.error());
  return adopt(loop, std::move(*listening), std::move(handler), limits);
}

std::unique_ptr<SimpleServer> SimpleServer::adopt(net::Loop& loop, net::Fd listening, Handler handler, Limits limits) {
  CHECK(limits.connections > 0);
  std::unique_ptr<SimpleServer> server(new SimpleServer(loop, std::move(handler), limits));
  server->acceptor_ = net::Acceptor::adopt(loop, std::move(listening), *server);
  return server;
}

SimpleServer::~SimpleServer() {
  drained_ = nullptr;
  kill();
  if (acceptor_ == nullptr) return;
  acceptor_->close();
  loop_.defer_delete(std::move(acceptor_));  // this turn may still hold an event for it
}

void SimpleServer::on_accept(net::Fd fd, const net::SocketAddress& peer) {
  auto* connection = new Http1ServerConnection(loop_, *this, options_, scratch_, peer);  // the list owns it
  link(*connection);
  if (++connection_count_ >= limits_.connections) acceptor_->pause();
  // A connection that could not be watched never reports its end; end it here.
  if (!connection->start(std::move(fd))) connection->kill();
}

RequestHandler& SimpleServer::begin_request(ServerConnection& /*connection*/) {
  if (idle_exchanges_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>(*this));
    return *exchanges_.back();
  }
  Exchange* exchange = idle_exchanges_.back();
  idle_exchanges_.pop_back();
  return *exchange;
}

void SimpleServer::link(ServerConnection& connection) {
  connection.next = connections_;
  if (connections_ != nullptr) connections_->previous = &connection;
  connections_ = &connection;
}

void SimpleServer::retire(ServerConnection& connection) {
  if (connection.previous != nullptr) connection.previous->next = connection.next;
  if (connection.next != nullptr) connection.next->previous = connection.previous;
  if (connections_ == &connection) connections_ = connection.next;
  connection.previous = connection.next = nullptr;
  loop_.defer_delete(std::unique_ptr<net::Deferred>(&connection));
}

void SimpleServer::on_http2(ServerConnection& connection, net::Stream::Detached detached) {
  auto* follower = new Http2ServerConnection(loop_, *this, options_, scratch_, connection.client().address);
  retire(connection);
  link(*follower);
  if (!follower->start(std::move(detached))) return follower->kill();
  if (draining_) follower->drain();
}

void SimpleServer::on_connection_closed(ServerConnection& connection) {
  retire(connection);
  --connection_count_;
  if (!draining_ && acceptor_ != nullptr && connection_count_ + 1 == limits_.connections) acceptor_->resume();
  if (draining_ && connection_count_ == 0) {
    if (auto done = std::exchange(drained_, nullptr)) done();
  }
}

void SimpleServer::drain(std::function<void()> done) {
  draining_ = true;
  acceptor_->close();
  drained_ = std::move(done);
  for (ServerConnection* connection = connections_; connection != nullptr;) {
    ServerConnection* following = connection->next;
    connection->drain();
    connection = following;
  }
  if (connection_count_ == 0) {
    if (auto now = std::exchange(drained_, nullptr)) now();
  }
}

void SimpleServer::kill() {
  while (connections_ != nullptr) connections_->kill();
}

}  // namespace weir::http
