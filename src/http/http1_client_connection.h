#pragma once
// The client side of one HTTP/1.1 connection to an endpoint. Requests go out in order; normally one at a time, or
// several at once when the cluster pipelines (RFC 9112 section 9.3.2), each with its own ClientStream; responses come
// back in that order. Whatever an endpoint says that breaks the protocol fails the requests in flight and closes the
// connection, so that no byte of one response can reach another's client.
//
// Lifetime and thread rule: as ClientConnection says.

#include <cstdint>
#include <memory>
#include <string>

#include "http/client_connection.h"
#include "proto/http1/parser.h"

namespace weir::http {

class Http1ClientConnection final : public ClientConnection {
 public:
  Http1ClientConnection(net::Loop& loop, Owner& owner, const proto::http1::Limits& limits, ClientScratch& scratch);
  ~Http1ClientConnection() override;

  /// Opens the next request. Allowed while `reusable()`; with more than one in flight only for requests without body.
  ClientStream& open(ResponseHandler& handler) override;
  /// May another request be queued behind those in flight?
  [[nodiscard]] bool reusable() const { return stream_.open() && !closing_ && !body_open_; }
  /// May a request be queued behind others? Not behind a body under way, a slow reader, or what must not be repeated.
  [[nodiscard]] bool shareable() const override {
    return reusable() && !reading_body_ && !stream_.paused() &&
           (back_ == nullptr || proto::http::is_idempotent(back_->method));
  }
  void drain() override;
  void close() override;
  [[nodiscard]] net::Fd release_socket() override;

 private:
  /// One request in flight, in the order of sending.
  struct Slot final : ClientStream {
    explicit Slot(Http1ClientConnection& owner) : connection(owner) {}
    void send_head(const RequestHead& head, std::span<const Field> extra, bool end) override;
    void send_body(std::string_view piece) override;
    void send_end(const Fields& trailers) override;
    void cancel() override;
    [[nodiscard]] bool congested() const override { return connection.stream_.congested(); }
    void pause_response() override;
    void resume_response() override;

    Http1ClientConnection& connection;
    ResponseHandler* handler = nullptr;
    std::unique_ptr<Slot> behind;  ///< the next request of a pipeline
    proto::http::Method method = proto::http::Method::get;
    uint32_t informational = 0;  ///< 1xx responses seen
    std::string upgrade;         ///< the protocols the request asked for, if any
    bool request_ended = false;
    bool chunked = false;
  };

  size_t on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;

  size_t read_head(std::string_view data);
  size_t read_informational(size_t consumed);
  void open_tunnel(ResponseHead& head, std::string_view memory);
  size_t read_body(std::string_view data);
  void response_done(const Fields& trailers, bool tell_end, bool surplus);
  void fail_those_behind();
  [[nodiscard]] bool anybody_waits() const;
  void broken(proto::http1::Bad bad);
  void fail_all(Error error);
  std::unique_ptr<Slot> take_slot();
  void recycle(std::unique_ptr<Slot> slot);

  proto::http1::ResponseParser parser_;
  proto::http1::BodyReader body_;
  const proto::http1::Limits& limits_;
  std::unique_ptr<Slot> front_;
  Slot* back_ = nullptr;
  std::unique_ptr<Slot> spare_;
  bool reading_body_ = false;
  bool response_begun_ = false;  ///< some byte of the front response was seen
  bool keep_alive_ = true;
  bool closing_ = false;
  bool body_open_ = false;  ///< the newest request's body is still being sent, or it asks for a tunnel
  bool tunnel_ = false;     ///< what is sent and read is another protocol's
};

}  // namespace weir::http
