#pragma once
// A server whose connections are the ServerConnections under test, on a loopback socket: what each request tells its
// handler is written down, and the test decides what to do at its head, at its pieces and at its end. Tests only; one
// loop, one thread.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/http1_server_connection.h"
#include "http/http2_server_connection.h"
#include "http/test_peers.h"

namespace weir::http::test {

using proto::http::BodyKind;

/// Writes down one request; the test decides what to do at its head, at its pieces and at its end.
struct Request final : RequestHandler {
  void on_request(ServerStream& of, RequestHead& head, std::string_view /*memory*/, bool end) override {
    stream = &of;
    target = head.target;
    whole = end;
    if (at_head) at_head(*this);
    if (whole && at_end) at_end(*this);
  }
  void on_request_body(std::string_view piece) override {
    EXPECT_FALSE(whole || aborts > 0);
    body += piece;
    if (at_piece) at_piece(*this);
  }
  void on_request_end(const Fields& fields) override {
    for (const Field& field : fields) ((trailers += field.name) += '=') += field.value;
    whole = true;
    if (at_end) at_end(*this);
  }
  void on_request_aborted(const Error& error) override {
    ++aborts;
    code = error.code;
    EXPECT_EQ(error.retry, Retry::no);
  }
  void on_response_drained() override { ++drains; }

  std::function<void(Request&)> at_head, at_piece, at_end;
  ServerStream* stream = nullptr;
  std::string target, body, trailers;
  Code code = Code::ok;
  bool whole = false;
  int aborts = 0, drains = 0;
};

inline ResponseHead response(uint16_t status, BodyKind kind, uint64_t length = 0) {
  ResponseHead head;
  head.status = status;
  head.body = kind;
  head.content_length = length;
  return head;
}

inline void hello(Request& request) {
  request.stream->send_head(response(200, BodyKind::length, 5), {}, false);
  request.stream->send_body("hello");
  request.stream->send_end({});
}

/// The target says what the answer looks like.
inline void answer(Request& request) {
  ServerStream& stream = *request.stream;
  const Field trailer{"X-Sum", "7"};
  if (request.target == "/stream") {
    stream.send_head(response(200, BodyKind::stream), {}, false);
    stream.send_body("he");
    stream.send_body("");
    stream.send_body("llo");
    stream.send_end({trailer});
  } else if (request.target == "/hints") {
    stream.send_informational(response(103, BodyKind::none));
    hello(request);
  } else if (request.target == "/204" || request.target == "/304") {
    stream.send_head(response(request.target == "/204" ? 204 : 304, BodyKind::none), {}, true);
  } else if (request.target == "/304/length" || request.target == "/head") {
    stream.send_head(response(request.target == "/head" ? 200 : 304, BodyKind::length, 5), {}, true);
  } else if (request.target == "/empty") {
    stream.send_head(response(200, BodyKind::stream), {}, true);
  } else if (request.target == "/echo") {
    const std::string text = request.body + "|" + request.trailers;
    stream.send_head(response(200, BodyKind::length, text.size()), {}, false);
    stream.send_body(text);
    stream.send_end({});
  } else {
    hello(request);
  }
}

class Server final : public Loopback, private ServerConnection::Owner {
 public:
  ~Server() override {
    while (!connections.empty()) connections.back()->kill();
    loop->run_turn(Duration());
  }
  std::unique_ptr<Peer> say(std::string_view bytes) {
    auto client = connect();
    client->say(bytes);
    return client;
  }
  Request& request(size_t index) {
    until([&] { return requests.size() > index; });
    return requests.at(index);
  }

  Http1ServerConnection& http1(size_t index) { return dynamic_cast<Http1ServerConnection&>(*connections.at(index)); }

  std::shared_ptr<ServerOptions> options = std::make_shared<ServerOptions>();
  std::function<void(Request&)> at_head, at_piece, at_end;
  std::deque<Request> requests;
  RequestHandler* substitute = nullptr;  ///< takes every request instead
  std::vector<ServerConnection*> connections;
  std::vector<Http2Defence> defences;
  std::vector<std::pair<uint16_t, std::string>> refusals;
  int closed = 0;

 private:
  void on_accept(net::Fd fd, const net::SocketAddress& peer) override {
    auto* const connection = new Http1ServerConnection(*loop, *this, options, scratch_, peer);
    connections.push_back(connection);
    EXPECT_TRUE(connection->start(std::move(fd)).has_value());
  }
  RequestHandler& begin_request(ServerConnection& /*connection*/) override {
    if (substitute != nullptr) return *substitute;
    Request& request = requests.emplace_back();
    request.at_head = at_head;
    request.at_piece = at_piece;
    request.at_end = at_end;
    return request;
  }
  void on_bad_request(ServerConnection& /*connection*/, std::string_view reason, uint16_t status) override {
    refusals.emplace_back(status, reason);
  }
  void on_http2(ServerConnection& old, net::Stream::Detached detached) override {
    auto* const connection = new Http2ServerConnection(*loop, *this, options, scratch_, old.client().address);
    std::replace(connections.begin(), connections.end(), &old, static_cast<ServerConnection*>(connection));
    loop->defer_delete(std::unique_ptr<net::Deferred>(&old));
    EXPECT_TRUE(connection->start(std::move(detached)).has_value());
  }
  void on_defence(ServerConnection& /*connection*/, Http2Defence defence) override { defences.push_back(defence); }
  void on_connection_closed(ServerConnection& connection) override {
    ++closed;
    EXPECT_EQ(std::erase_if(connections, [&](const auto* each) { return each == &connection; }), 1u) << "told once";
    loop->defer_delete(std::unique_ptr<net::Deferred>(&connection));
  }
  ServerScratch scratch_;
};

}  // namespace weir::http::test
