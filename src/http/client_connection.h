#pragma once
// The client side of one HTTP/1.1 connection to an endpoint. Requests go out in order; normally one at a time, or
// several at once when the cluster pipelines (RFC 9112 section 9.3.2), each with its own ClientStream; responses come
// back in that order. Whatever an endpoint says that breaks the protocol fails the requests in flight and closes the
// connection, so that no byte of one response can reach another's client.
//
// Lifetime: owned by its Owner (a connection pool), told when it becomes reusable and when it is closed. Thread rule:
// the loop's thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "http/streams.h"
#include "net/stream.h"
#include "proto/http1/parser.h"

namespace weir::http {

/// Scratch that all client connections of a loop share.
struct ClientScratch {
  ResponseHead head;
};

class ClientConnection final : public net::Deferred, private net::Stream::Handler {
 public:
  class Owner {
   public:
    virtual void on_connected(ClientConnection& connection) = 0;
    /// No request is in flight and the next may be sent. Called before the finished response's handler hears its end.
    virtual void on_idle(ClientConnection& connection) = 0;
    /// Closed: take it out of your books and hand it to Loop::defer_delete. Called before the requests in flight fail.
    virtual void on_closed(ClientConnection& connection, const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  ClientConnection(net::Loop& loop, Owner& owner, const proto::http1::Limits& limits, ClientScratch& scratch);
  ~ClientConnection() override;
  Result<void> connect(const net::SocketAddress& address) { return stream_.connect(address); }
  /// Takes over a connected socket that another loop's pool gave away.
  Result<void> adopt(net::Fd fd, uint64_t served);

  /// Opens the next request. Allowed while `reusable()`; with more than one in flight only for requests without body.
  ClientStream& open(ResponseHandler& handler);
  /// May another request be queued behind those in flight?
  [[nodiscard]] bool reusable() const { return stream_.open() && !closing_ && !body_open_; }
  /// May a request be queued behind others? Not behind a body under way, a slow reader, or what must not be repeated.
  [[nodiscard]] bool shareable() const {
    return reusable() && !reading_body_ && !stream_.paused() &&
           (back_ == nullptr || proto::http::is_idempotent(back_->method));
  }
  [[nodiscard]] uint32_t in_flight() const { return in_flight_; }
  [[nodiscard]] uint64_t served() const { return served_; }
  [[nodiscard]] bool connecting() const { return stream_.connecting(); }
  void close();
  /// Closes, and fails what is in flight with `error`.
  void fail(const Error& error) { on_closed(error); }
  /// Hands the socket of an idle connection over; the connection is then closed, without its owner being told.
  [[nodiscard]] net::Fd release_socket();

  /// For the pool's bookkeeping.
  bool idle = false;
  ClientConnection* previous = nullptr;
  ClientConnection* next = nullptr;
  Instant born{};
  Instant idle_since{};

 private:
  /// One request in flight, in the order of sending.
  struct Slot final : ClientStream {
    explicit Slot(ClientConnection& owner) : connection(owner) {}
    void send_head(const RequestHead& head, std::span<const Field> extra, bool end) override;
    void send_body(std::string_view piece) override;
    void send_end(const Fields& trailers) override;
    void cancel() override;
    [[nodiscard]] bool congested() const override { return connection.stream_.congested(); }
    void pause_response() override;
    void resume_response() override;

    ClientConnection& connection;
    ResponseHandler* handler = nullptr;
    std::unique_ptr<Slot> behind;  ///< the next request of a pipeline
    proto::http::Method method = proto::http::Method::get;
    uint32_t informational = 0;  ///< 1xx responses seen
    std::string upgrade;         ///< the protocols the request asked for, if any
    bool request_ended = false;
    bool chunked = false;
  };

  size_t on_data(std::string_view data) override;
  void on_connected() override;
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

  net::Stream stream_;
  Owner& owner_;
  ClientScratch& scratch_;
  proto::http1::ResponseParser parser_;
  proto::http1::BodyReader body_;
  const proto::http1::Limits& limits_;
  std::unique_ptr<Slot> front_;
  Slot* back_ = nullptr;
  std::unique_ptr<Slot> spare_;
  uint64_t served_ = 0;
  uint32_t in_flight_ = 0;
  bool reading_body_ = false;
  bool response_begun_ = false;  ///< some byte of the front response was seen
  bool keep_alive_ = true;
  bool closing_ = false;
  bool body_open_ = false;  ///< the newest request's body is still being sent, or it asks for a tunnel
  bool tunnel_ = false;     ///< what is sent and read is another protocol's
};

}  // namespace weir::http
