// The settings that say what a route does to requests and responses: redirect, answer, rewrite, edits of fields.
#include "model/schema_edits.h"

#include "model/shapes.h"

namespace weir::model {
namespace {

constexpr std::string_view kRedirectStatuses[] = {"301", "302", "303", "307", "308"};
constexpr uint16_t kRedirectCodes[] = {301, 302, 303, 307, 308};

Value redirect_status(const RouteConfig& route) {
  for (uint64_t i = 0; i < std::size(kRedirectCodes); ++i) {
    if (kRedirectCodes[i] == route.redirect.status) return Value{i};
  }
  return Value{uint64_t{0}};
}

void set_redirect_status(RouteConfig& route, const Value& value) {
  route.redirect.status = kRedirectCodes[std::get<uint64_t>(value)];
}

constexpr Shape kEdits = structure("a map with remove, set or add, such as {remove: [x-a], set: {x-b: \"1\"}}");

}  // namespace

std::vector<Setting<RouteConfig>> route_edits() {
  return {
      field<&RouteConfig::redirect, &RedirectConfig::to>(
          "redirect.to", text(0, 2048),
          "Instead of a cluster: where clients are sent, with {scheme}, {host} (without port), {path}, {query} (with "
          "its question mark, or nothing) and the names of match.path. Begins with /, http:// or https://.",
          "most requests are to be answered here"),
      custom<RouteConfig>("redirect.status", choice(kRedirectStatuses),
                          "301 and 308 may be remembered by clients; 307 and 308 repeat the method and the body.",
                          "permanent, and a POST stays one", redirect_status, set_redirect_status),
      structured<RouteConfig>("respond", structure("a map such as {status: 410, body: gone}"),
                              "Instead of a cluster: an answer of Weir's own; see Fixed responses.",
                              "most requests are to be answered by endpoints"),
      field<&RouteConfig::rewrite_path>(
          "rewrite.path", text(0, 2048),
          "What endpoints see in place of the prefix that matched (`/api/*` with `/v2/`), or of the whole path if it "
          "has names of match.path or {path}, or the route no prefix. The query is kept.",
          "what the client asked for"),
      field<&RouteConfig::rewrite_host>("rewrite.host", host().or_word("off"),
                                        "The Host that endpoints see; the client's is told them in X-Forwarded-Host.",
                                        "what the client asked for"),
      structured<RouteConfig>(
          "request_headers", kEdits,
          "Fields of the request that are removed, set in place of what was there, or added. Values "
          "may hold {client_ip}, {host}, {path}, {request_id}, {route}, {scheme} and the names of "
          "match.path; a brace that is one is doubled.",
          "what clients send is for endpoints to judge"),
      structured<RouteConfig>("response_headers", kEdits,
                              "The same of the response, also of redirects and answers of Weir's own, but not of "
                              "refusals.",
                              "what endpoints send is for clients to judge"),
  };
}

}  // namespace weir::model
