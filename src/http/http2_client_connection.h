#pragma once
// The client side of one HTTP/2 connection to an endpoint (RFC 9113): nghttp2 knows frames, HPACK and windows; here
// they meet a net::Stream and a ResponseHandler per stream (http2_client_stream.h). Many requests share it, up to what
// the options and the endpoint's SETTINGS_MAX_CONCURRENT_STREAMS grant, and what they have to say in one turn of the
// loop leaves in one write.
//
// What may be repeated elsewhere. A request that has not left the codec, that the endpoint refused (REFUSED_STREAM), or
// that is beyond the last stream of a GOAWAY was not looked at: Retry::yes, and Code::cancelled where the endpoint is
// not to blame. One whose connection died without another word since it was sent: Retry::if_reused. Else Retry::no.
//
// Death that nobody announces: a PING goes out with the first request after a silence, and when a request is given up
// that heard nothing; until it is answered in the second case, nothing new is sent here. No answer and no other sign of
// life within `answer_timeout` ends the connection.
//
// What a hostile endpoint can do: floods end the connection (http2_guard.h); heads, trailers and 1xx are limited;
// pushes are refused. Lifetime and thread rule: as ClientConnection says.

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "http/client_connection.h"
#include "http/http2_client_stream.h"
#include "http/http2_guard.h"
#include "http/http2_recycling.h"
#include "proto/http1/parser.h"
#include "proto/http2/response_fields.h"

namespace weir::http {

struct Http2ClientOptions {
  uint32_t max_streams = 100;                      ///< at once; the endpoint may grant fewer
  uint32_t stream_window_bytes = 256 * 1024;       ///< of a response that may be under way
  uint32_t connection_window_bytes = 1024 * 1024;  ///< of all responses that may be under way or held
  Duration answer_timeout = Duration::s(1);        ///< to a PING
  Duration quiet = Duration::s(10);                ///< who was silent for so long may be gone: a PING finds out
  Http2Allowance allowance{};
};

class Http2ClientConnection final : public ClientConnection {
 public:
  Http2ClientConnection(net::Loop& loop, Owner& owner, const proto::http1::Limits& limits,
                        const Http2ClientOptions& options, ClientScratch& scratch);
  ~Http2ClientConnection() override;

  /// While shareable(). What is opened before the connection is there goes out with it.
  ClientStream& open(ResponseHandler& handler) override;
  [[nodiscard]] bool shareable() const override {
    return state_ == State::open && !draining_ && !suspect_ && in_flight_ < limit_;
  }
  void drain() override;
  /// Says GOAWAY before it goes.
  void close() override;

 private:
  friend class Http2ClientStream;
  friend struct Http2ClientCallbacks;
  /// `ended`: the endpoint is gone, and complete responses wait for their handlers.
  enum class State : uint8_t { open, ended, closed };

  size_t on_data(std::string_view data) override;
  void on_connected() override;
  bool speaks(std::string_view protocol) override { return protocol == "h2"; }
  void on_end() override;
  void on_drained() override;
  void on_closed(const Error& error) override;

  void on_settings();
  void on_goaway();
  void on_pong();
  void end_stream(Http2ClientStream& stream, uint32_t error_code);
  void count_out(Http2ClientStream& stream);
  void forget(Http2ClientStream& stream);
  void pump_later() { stream_.loop().schedule_last(pump_hook_); }
  void pump();
  void tell_drained();
  void deliver_held();
  void ping();
  void suspect();
  void on_answer_deadline();
  /// One event of `kind`; false, and the connection is condemned, when there were too many.
  bool admit(Http2Defence kind);
  void condemn(uint32_t error_code, const char* detail);
  void end(const Error& error);
  void finish();
  void say_goaway();

  proto::http1::Limits limits_;
  Http2ClientOptions options_;
  std::shared_ptr<Http2Recycling<Http2ClientStream>> recycling_;
  nghttp2_session* session_ = nullptr;
  Http2Guard guard_;
  proto::http2::ResponseFields fields_;   ///< the head being read; header blocks do not interleave
  Http2ClientStream* heading_ = nullptr;  ///< whose header block is being read; null: nobody wants to know
  Http2ClientStream* streams_ = nullptr;  ///< owned; a list
  std::vector<Http2ClientStream*> drained_;
  std::vector<std::unique_ptr<Http2ClientStream>> abandoned_;  ///< by finish, maybe from inside one of them
  net::Hook pump_hook_ = net::Hook::bind<&Http2ClientConnection::pump>(this);
  net::Hook deliver_hook_ = net::Hook::bind<&Http2ClientConnection::deliver_held>(this);
  net::Timer answer_timer_ = net::Timer::bind<&Http2ClientConnection::on_answer_deadline>(this);
  Instant heard_at_{};
  Error end_error_{};          ///< why the connection ended
  uint64_t read_at_ping_ = 0;  ///< bytes; what has moved since then is a sign of life
  uint64_t written_at_ping_ = 0;
  uint64_t block_bytes_ = 0;  ///< the header block being read, expanded
  uint32_t limit_;            ///< streams at once
  State state_ = State::open;
  bool greeted_ = false;    ///< the endpoint's SETTINGS are there
  bool draining_ = false;   ///< no further requests
  bool suspect_ = false;    ///< nothing new until the PING is answered
  bool condemned_ = false;  ///< GOAWAY with an error is all that is left to say
};

}  // namespace weir::http
