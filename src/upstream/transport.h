#pragma once
// How a cluster's endpoints are spoken to: what of its configuration a connection must know. Connections of one
// transport are of no use for another, as after a reload that changes it.

#include <memory>

#include "http/client_connection.h"
#include "model/config.h"
#include "net/loop.h"
#include "proto/http1/parser.h"

namespace weir::upstream {

struct Transport {
  model::Protocol protocol = model::Protocol::http1;
  model::UpstreamHttp2Config http2{};
  Duration answer_timeout = Duration::s(1);  ///< HTTP/2: to a PING
  model::ProxyHeader proxy_protocol = model::ProxyHeader::off;
  std::shared_ptr<net::tls::Peer> tls{};  ///< whom TLS is spoken with; null: without

  static Transport of(const model::ClusterConfig& config, std::shared_ptr<net::tls::Peer> peer);
  /// Do many requests share a connection?
  [[nodiscard]] bool multiplexes() const { return protocol == model::Protocol::h2; }
  /// A connection that has not begun to connect.
  [[nodiscard]] std::unique_ptr<http::ClientConnection> make(net::Loop& loop, http::ClientConnection::Owner& owner,
                                                             const proto::http1::Limits& limits,
                                                             http::ClientScratch& scratch) const;
  bool operator==(const Transport&) const = default;
};

}  // namespace weir::upstream
