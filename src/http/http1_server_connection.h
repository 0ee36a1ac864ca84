#pragma once
// The server side of one HTTP/1.1 connection: heads are parsed, a RequestHandler is asked for per request, bodies
// stream with back-pressure, responses are framed, connections persist. Shared by the proxy's listeners, the admin
// interface and the reference application.
//
// Slow clients are bounded by deadlines: the whole head (408), the gap between two pieces of a body (408), idleness
// between requests (closed), output that makes no progress (reset), a TLS handshake (closed). A connection that must
// close while the client may still be sending lingers: it stops writing and discards input for a moment, so that a
// reset does not destroy the response on its way (RFC 9112 section 9.6).
//
// Lifetime: owned through its Owner's list; it asks to be retired once closed. Thread rule: the loop's thread.

#include <cstdint>
#include <memory>
#include <string>

#include "base/pen.h"
#include "http/server_connection.h"
#include "net/stream.h"
#include "proto/http1/parser.h"

namespace weir::http {

class Http1ServerConnection final : public ServerConnection, private net::Stream::Handler, private ServerStream {
 public:
  Http1ServerConnection(net::Loop& loop, Owner& owner, std::shared_ptr<const ServerOptions> options,
                        ServerScratch& scratch, const net::SocketAddress& client);
  Result<void> start(net::Fd fd);

  /// The answer to the request in progress says Connection: close.
  void drain() override;
  void kill() override;
  [[nodiscard]] bool idle() const { return state_ == State::head && stream_.retained() == 0; }
  [[nodiscard]] uint64_t bytes_read() const { return stream_.bytes_read(); }

 private:
  enum class State : uint8_t { head, body, waiting, tunnel, lingering, closed };
  enum class Waiting : uint8_t { handshake, idle, header, body, write, linger };

  void on_connected() override;
  bool on_plain_text() override;
  size_t on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;

  void send_informational(const ResponseHead& head) override;
  void send_head(const ResponseHead& head, std::span<const Field> extra, bool end) override;
  void send_body(std::string_view piece) override;
  void send_end(const Fields& trailers) override;
  void abort() override;
  [[nodiscard]] bool congested() const override { return stream_.congested(); }
  [[nodiscard]] const ClientFacts& client_facts() const override { return client_; }
  void pause_request() override;
  void resume_request() override;

  size_t read_head(std::string_view data);
  [[nodiscard]] bool read_preface(std::string_view data);
  void begin(RequestHead& head, std::string_view memory);
  size_t read_body(std::string_view data);
  void open_tunnel();
  void request_done();
  void response_done();
  void next_request();
  void await_request();
  void finish_and_close();
  void refuse(proto::http1::Bad bad);
  void refuse(uint16_t status, std::string_view reason, std::string_view text);
  void linger();
  void await_nothing();
  void watch_output();
  void check_output();
  void close_now(const Error& error);
  void await(Waiting what, Duration how_long);
  void on_deadline();
  void put_framing(Pen& pen, const ResponseHead& head, bool end);

  net::Stream stream_;
  Owner& owner_;
  std::shared_ptr<const ServerOptions> options_;
  ServerScratch& scratch_;
  RequestHandler* handler_ = nullptr;
  proto::http1::RequestParser parser_;
  proto::http1::BodyReader body_;
  net::Deadline deadline_ = net::Deadline::bind<&Http1ServerConnection::on_deadline>(this);
  uint64_t written_at_check_ = 0;
  Instant progress_at_{};
  uint64_t lingered_bytes_ = 0;
  State state_ = State::head;
  Waiting waiting_ = Waiting::idle;
  proto::http::Method method_ = proto::http::Method::get;
  uint8_t version_minor_ = 1;
  bool keep_alive_ = true;
  bool response_started_ = false;
  bool response_chunked_ = false;
  bool response_ended_ = false;
  bool draining_ = false;
  bool in_on_data_ = false;
  bool plain_text_ = false;  ///< HTTP in the clear, where TLS is spoken
  bool preface_possible_;    ///< nothing but the beginning of HTTP/2's preface has been seen
};

}  // namespace weir::http
