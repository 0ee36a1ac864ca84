#include "l7/core/refusal.h"

#include "base/check.h"

namespace weir::l7::core {

namespace {

struct Row {
  std::string_view name;
  std::string_view text;
  uint16_t status;
};

Row row_of(Rule rule) {
  switch (rule) {
    case Rule::none: return {"none", "", 200};
    case Rule::no_route: return {"no_route", "No route matches this request.", 404};
    case Rule::bad_path:
      return {"bad_path", "The path has dot segments, a NUL, or an encoded slash that makes it mean two things.", 400};
    case Rule::no_host: return {"no_host", "The request names no host, and the redirect needs one.", 400};
    case Rule::method: return {"method", "This method is not served here: a gateway opens no tunnels.", 501};
    case Rule::upgrade:
      return {"upgrade", "The cluster is spoken HTTP/2 with, and no connection can be upgraded there.", 501};
    case Rule::no_endpoint: return {"no_endpoint", "The cluster has no endpoint that may take a request now.", 503};
    case Rule::not_discovered:
      return {"not_discovered", "No endpoint of the cluster has been found: no name of it resolves, no file lists one.",
              503};
    case Rule::max_pending: return {"max_pending", "Too many requests are waiting for the cluster already.", 503};
    case Rule::pending_timeout: return {"pending_timeout", "The cluster had no room for the request in time.", 503};
    case Rule::connect_failed: return {"connect_failed", "No endpoint could be connected to.", 503};
    case Rule::upstream_tls:
      return {"upstream_tls", "TLS with the endpoint failed: it could not prove who it is, or nothing was agreed on.",
              502};
    case Rule::upstream_reset: return {"upstream_reset", "The endpoint closed the connection before it answered.", 502};
    case Rule::upstream_malformed: return {"upstream_malformed", "The endpoint's answer is not valid HTTP.", 502};
    case Rule::try_timeout: return {"try_timeout", "The endpoint did not answer in time.", 504};
    case Rule::route_timeout: return {"route_timeout", "No endpoint answered within the route's timeout.", 504};
    case Rule::out_of_fds: return {"out_of_fds", "The proxy has no file descriptor left for a connection.", 503};
  }
  UNREACHABLE();
}

}  // namespace

std::string_view name_of(Rule rule) { return row_of(rule).name; }
std::string_view text_of(Rule rule) { return row_of(rule).text; }
uint16_t status_of(Rule rule) { return row_of(rule).status; }

void append_refusal(std::string& out, const Refusal& refusal, std::string_view tried) {
  out.append("rule=").append(name_of(refusal.rule));
  if (!refusal.reason.empty()) out.append("; reason=").append(refusal.reason);
  if (!refusal.limit.empty()) {
    out.append("; limit=").append(refusal.limit).append("; value=").append(std::to_string(refusal.value));
  }
  if (!tried.empty()) out.append("; tried=").append(tried);
}

}  // namespace weir::l7::core
