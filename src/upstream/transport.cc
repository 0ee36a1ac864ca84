#include "upstream/transport.h"

#include <utility>

#include "http/http1_client_connection.h"
#include "http/http2_client_connection.h"

namespace weir::upstream {

Transport Transport::of(const model::ClusterConfig& config, std::shared_ptr<net::tls::Peer> peer) {
  Transport transport{.protocol = config.protocol, .proxy_protocol = config.proxy_protocol, .tls = std::move(peer)};
  if (!transport.multiplexes()) return transport;  // what concerns HTTP/2 alone must not part its connections
  transport.http2 = config.http2;
  // Who does not answer a PING for as long as connecting may take is not there.
  transport.answer_timeout = config.connect_timeout;
  return transport;
}

std::unique_ptr<http::ClientConnection> Transport::make(net::Loop& loop, http::ClientConnection::Owner& owner,
                                                        const proto::http1::Limits& limits,
                                                        http::ClientScratch& scratch) const {
  if (!multiplexes()) return std::make_unique<http::Http1ClientConnection>(loop, owner, limits, scratch);
  const http::Http2ClientOptions options{.max_streams = http2.max_streams,
                                         .stream_window_bytes = http2.stream_window_bytes,
                                         .connection_window_bytes = http2.connection_window_bytes,
                                         .answer_timeout = answer_timeout};
  return std::make_unique<http::Http2ClientConnection>(loop, owner, limits, options, scratch);
}

}  // namespace weir::upstream
