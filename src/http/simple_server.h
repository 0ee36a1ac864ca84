#pragma once
// A small HTTP server for the control path and for the reference application: whole request in, whole response out. It
// listens, keeps connections, collects bodies up to a limit, and can misbehave on request (delay, trickle, never
// answer, reset), because drills need an endpoint that does. The one answer that is not whole is a LiveBody, which goes
// on until somebody leaves: server-sent events.
//
//   auto server = SimpleServer::create(loop, address, [](const SimpleRequest& request) { return SimpleResponse{...}; },
//   {});
//
// The handler runs on the loop's thread and holds up everybody while it runs. Destroy the server before its loop and
// not from inside its handler. Thread rule: the loop's thread.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/server_connection.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "net/wall_clock.h"

namespace weir::http {

struct SimpleRequest {
  const RequestHead& head;
  std::string_view body;
  const net::SocketAddress& peer;
};

/// Where a LiveBody writes to.
class LiveStream {
 public:
  virtual void send(std::string_view piece) = 0;
  /// Too much waits to be written: send nothing before on_drained().
  [[nodiscard]] virtual bool congested() const = 0;
  /// Ends it with a reset; on_gone() is not called.
  virtual void drop() = 0;

 protected:
  ~LiveStream() = default;
};

/// A body without an end. The server keeps it for as long as the client listens.
class LiveBody {
 public:
  virtual ~LiveBody() = default;
  /// The head has been sent. `stream` is there until on_gone() or drop(). It may send, but not drop, from in here.
  virtual void on_open(LiveStream& stream) = 0;
  virtual void on_drained() = 0;
  virtual void on_gone() = 0;
};

struct SimpleResponse {
  uint16_t status = 200;
  std::string content_type{};  ///< no field when empty
  std::string body{};
  std::vector<std::pair<std::string, std::string>> fields{};
  Duration delay{};                    ///< before the first byte
  uint64_t body_bytes_per_second = 0;  ///< 0: as fast as it goes
  bool never = false;                  ///< no answer at all; the connection stays open
  bool reset = false;                  ///< the connection is reset instead
  std::shared_ptr<LiveBody> live{};    ///< instead of `body`; no trickling, and HEAD gets the head alone
};

class SimpleServer final : private net::Acceptor::Handler, private ServerConnection::Owner {
 public:
  using Handler = std::function<SimpleResponse(const SimpleRequest&)>;
  struct Limits {
    uint64_t body_bytes = 1024 * 1024;  ///< of a request; more is refused with 413
    size_t connections = 10'000;        ///< more wait in the kernel's backlog
  };

  /// Errors: those of Acceptor::listen. An address that another server has is refused rather than shared.
  static Result<std::unique_ptr<SimpleServer>> create(net::Loop& loop, const net::SocketAddress& address,
                                                      Handler handler, Limits limits);
  /// The same with a socket that is open already. `listening` must not block.
  static std::unique_ptr<SimpleServer> adopt(net::Loop& loop, net::Fd listening, Handler handler, Limits limits);
  ~SimpleServer();
  SimpleServer(const SimpleServer&) = delete;
  SimpleServer& operator=(const SimpleServer&) = delete;

  [[nodiscard]] net::SocketAddress local_address() const { return acceptor_->local_address(); }
  /// net::Acceptor::duplicate().
  [[nodiscard]] net::Fd duplicate_socket() const { return acceptor_->duplicate(); }
  [[nodiscard]] size_t connections() const { return connection_count_; }

  /// Stops accepting, closes idle connections and lets requests in progress finish; `done` runs (once, maybe from
  /// inside this call) when no connection is left.
  void drain(std::function<void()> done);
  /// Closes every connection now, whatever is in progress.
  void kill();

 private:
  class Exchange;

  SimpleServer(net::Loop& loop, Handler handler, Limits limits);
  void on_accept(net::Fd fd, const net::SocketAddress& peer) override;
  RequestHandler& begin_request(ServerConnection& connection) override;
  void on_bad_request(ServerConnection& /*connection*/, std::string_view /*reason*/, uint16_t /*status*/) override {}
  void on_http2(ServerConnection& connection, net::Stream::Detached detached) override;
  void on_connection_closed(ServerConnection& connection) override;
  void link(ServerConnection& connection);
  void retire(ServerConnection& connection);
  void release(Exchange& exchange) { idle_exchanges_.push_back(&exchange); }

  net::Loop& loop_;
  Handler handler_;
  Limits limits_;
  std::shared_ptr<const ServerOptions> options_;
  ServerScratch scratch_;
  std::unique_ptr<net::Acceptor> acceptor_;
  ServerConnection* connections_ = nullptr;  ///< owned; a list through previous/next
  size_t connection_count_ = 0;
  std::vector<std::unique_ptr<Exchange>> exchanges_;  ///< as many as requests were ever in progress at once
  std::vector<Exchange*> idle_exchanges_;
  std::function<void()> drained_;
  bool draining_ = false;
  net::WallClock clock_;
};

}  // namespace weir::http
