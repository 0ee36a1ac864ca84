#pragma once
// Every refusal explains itself: which rule answered instead of an endpoint, which limit it met and what that limit's
// value is, and what had been tried. The same words go to the X-Weir-Refusal header, the access log and the metrics, so
// they are stable.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::l7::core {

enum class Rule : uint8_t {
  none,
  no_route,            ///< no route matches the request
  bad_path,            ///< dot segments, a NUL, or an encoded slash on which the route depends
  no_host,             ///< the request names none, and its route's redirect needs one
  method,              ///< CONNECT: this is a gateway, not a tunnel
  upgrade,             ///< a WebSocket or CONNECT, and the cluster is spoken HTTP/2 with
  no_endpoint,         ///< the cluster has nothing that may take a request
  not_discovered,      ///< nobody has yet found an endpoint of the cluster, all of which are names or in files
  max_pending,         ///< the queue for a place is full
  pending_timeout,     ///< no place became free in time
  connect_failed,      ///< no endpoint could be connected to
  upstream_tls,        ///< no endpoint could prove who it is, or agree on TLS
  upstream_reset,      ///< the endpoint broke off before it answered
  upstream_malformed,  ///< what the endpoint said is not HTTP
  try_timeout,         ///< the last try's own deadline passed
  route_timeout,       ///< the route's deadline passed
  out_of_fds,          ///< this process has no file descriptor left
};
inline constexpr size_t kRules = 16;

std::string_view name_of(Rule rule);
/// One sentence for the response's body.
std::string_view text_of(Rule rule);
/// RFC 9110: 404 (15.5.5); 502 an invalid response was received from upstream (15.6.3); 503 cannot serve now (15.6.4,
/// with Retry-After); 504 no timely response from upstream (15.6.5).
uint16_t status_of(Rule rule);

struct Refusal {
  Rule rule = Rule::none;
  std::string_view limit{};   ///< the setting that was met, e.g. "circuit_breaker.max_pending"; empty: none
  int64_t value = 0;          ///< its value (milliseconds for durations)
  std::string_view reason{};  ///< narrows the rule; a literal; empty: nothing more is known
};

/// "rule=max_pending; limit=circuit_breaker.max_pending; value=1024; tried=10.0.0.1:80,10.0.0.2:80"
void append_refusal(std::string& out, const Refusal& refusal, std::string_view tried);

}  // namespace weir::l7::core
