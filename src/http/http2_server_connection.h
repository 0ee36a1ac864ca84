#pragma once
// The server side of one HTTP/2 connection (RFC 9113): nghttp2 knows frames, HPACK and windows; here they meet a
// net::Stream, a RequestHandler per stream (http2_server_stream.h), the listener's deadlines and limits.
//
// Input is fed to nghttp2 as it comes; output is pulled from it at the end of the turn, so that all answers of a turn
// leave in one write, and only as far as the socket takes it. One slow reader holds up its own stream; a connection
// whose socket takes nothing is not read either.
//
// Deadlines are HTTP/1's: header_timeout for the preface with SETTINGS and for a header block that has begun,
// body_timeout between two pieces of a body, idle_timeout without streams, write_timeout without progress of a
// response. They are looked at by one timer per connection, not armed per stream: they may strike up to a quarter late.
//
// drain(): GOAWAY twice (section 6.8), so that no request is lost that is on its way. What a hostile peer can do is
// listed in http2_guard.h. Lifetime and thread rule: as ServerConnection says.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "http/http2_guard.h"
#include "http/http2_recycling.h"
#include "http/http2_server_stream.h"
#include "http/server_connection.h"
#include "net/stream.h"

namespace weir::http {

class Http2ServerConnection final : public ServerConnection, private net::Stream::Handler {
 public:
  Http2ServerConnection(net::Loop& loop, Owner& owner, std::shared_ptr<const ServerOptions> options,
                        ServerScratch& scratch, const net::SocketAddress& client);
  ~Http2ServerConnection() override;

  Result<void> start(net::Stream::Detached detached);
  /// Streams in progress end; new ones are taken for a moment of grace.
  void drain() override;
  void kill() override;
  [[nodiscard]] size_t streams() const { return stream_count_; }

 private:
  friend class Http2ServerStream;
  friend struct Http2ServerCallbacks;
  enum class State : uint8_t { open, lingering, closed };

  size_t on_data(std::string_view data) override;
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;

  void create_session();
  void on_receive_error(int error);
  Http2ServerStream* begin_stream(int32_t id);
  void end_stream(Http2ServerStream& stream, uint32_t error_code);
  void unlink(Http2ServerStream& stream);
  void pump_later() { stream_.loop().schedule_last(pump_hook_); }
  void pump();
  void tell_drained();
  void deliver_held();
  /// One event of `kind`; false, and the connection is condemned, when there were too many.
  bool admit(Http2Defence kind);
  void strike(Http2Defence defence);
  void terminate(uint32_t error_code);
  void second_goaway();
  void linger();
  void close_now(const Error& error);
  void on_deadline();
  void check_open(Instant now);
  bool check_output(Instant now);
  void arm(Instant now);

  net::Stream stream_;
  Owner& owner_;
  std::shared_ptr<const ServerOptions> options_;
  ServerScratch& scratch_;
  std::shared_ptr<Http2Recycling<Http2ServerStream>> recycling_;
  nghttp2_session* session_ = nullptr;
  Http2Guard guard_;
  Http2ServerStream* streams_ = nullptr;  ///< owned; a list
  std::vector<Http2ServerStream*> drained_;
  std::vector<std::unique_ptr<Http2ServerStream>> abandoned_;  ///< by close_now, maybe from inside one of them
  net::Hook pump_hook_ = net::Hook::bind<&Http2ServerConnection::pump>(this);
  net::Hook deliver_hook_ = net::Hook::bind<&Http2ServerConnection::deliver_held>(this);
  net::Deadline deadline_ = net::Deadline::bind<&Http2ServerConnection::on_deadline>(this);
  Duration tick_;           ///< how often deadlines are looked at while something is under way
  Instant idle_since_{};    ///< without streams
  Instant header_began_{};  ///< of the header block being read; Instant{}: none
  Instant progress_at_{};   ///< of the output
  Instant goaway_at_{};     ///< the second one, of a drain
  Instant lingering_since_{};
  uint64_t written_at_check_ = 0;
  uint64_t block_bytes_ = 0;  ///< the header block being read, expanded
  size_t stream_count_ = 0;
  State state_ = State::open;
  bool greeted_ = false;  ///< preface and SETTINGS are there
  bool draining_ = false;
  bool goaway_sent_ = false;  ///< no further streams are taken
  bool condemned_ = false;    ///< GOAWAY with an error is all that is left to say
};

}  // namespace weir::http
