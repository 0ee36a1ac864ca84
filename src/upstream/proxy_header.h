#pragma once
// What a connection to an endpoint begins with where the cluster asks for it (clusters.NAME.proxy_protocol): whose it
// is. Pure.

#include <string>

#include "http/streams.h"
#include "model/config.h"

namespace weir::upstream {

/// Replaces `out`. `client`: null for what nobody's request is sent on (a probe). Empty when the cluster wants none.
void write_proxy_header(std::string& out, model::ProxyHeader kind, const http::ClientFacts* client);

}  // namespace weir::upstream
