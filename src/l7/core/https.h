#pragma once
// What a gateway does so that clients come by TLS: the redirect of requests that came in the clear, and the header that
// makes browsers not ask again (RFC 6797). Pure.

#include <optional>
#include <string>
#include <string_view>

#include "model/config.h"
#include "proto/http/message.h"

namespace weir::l7::core {

/// The value of Strict-Transport-Security; empty: it is not sent.
std::string strict_transport_security(const model::HstsConfig& hsts);

/// Where redirect_to_https sends a request: the same host without its port, the same target. Nothing for what cannot be
/// sent anywhere: a request without a host, and CONNECT.
std::optional<std::string> https_location(const proto::http::RequestHead& head);

/// The path under which an authority looks for proof in the clear, before there is a certificate (RFC 8555
/// section 8.3).
bool is_acme_challenge(std::string_view path);

}  // namespace weir::l7::core
