#include "upstream/proxy_header.h"

#include "proto/proxy/header.h"

namespace weir::upstream {

namespace {

/// Sockets for both families show IPv4 addresses in another dress.
IpPort plain(const IpPort& from) { return {.address = from.address.unmapped(), .port = from.port}; }

}  // namespace

void write_proxy_header(std::string& out, model::ProxyHeader kind, const http::ClientFacts* client) {
  out.clear();
  if (kind == model::ProxyHeader::off) return;
  proto::proxy::Header header;
  if (client != nullptr) header = {plain(client->address.ip_port()), plain(client->destination)};
  const auto version = kind == model::ProxyHeader::v1 ? proto::proxy::Version::v1 : proto::proxy::Version::v2;
  proto::proxy::append(out, version, header);
}

}  // namespace weir::upstream
