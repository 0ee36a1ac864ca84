#include "l7/core/https.h"

#include "l7/core/router.h"

namespace weir::l7::core {

std::string strict_transport_security(const model::HstsConfig& hsts) {
  if (hsts.max_age <= Duration{}) return {};
  std::string value = "max-age=" + std::to_string(hsts.max_age.ms() / 1000);
  if (hsts.include_subdomains) value += "; includeSubDomains";
  if (hsts.preload) value += "; preload";
  return value;
}

std::optional<std::string> https_location(const proto::http::RequestHead& head) {
  const std::string_view host = host_of(head.authority);
  if (host.empty() || head.method == proto::http::Method::connect) return {};
  std::string location = "https://" + std::string(host);
  // "*", which OPTIONS may ask of a server as a whole, is no path.
  location += head.target.starts_with('/') ? head.target : std::string_view("/");
  return location;
}

bool is_acme_challenge(std::string_view path) { return path.starts_with("/.well-known/acme-challenge/"); }

}  // namespace weir::l7::core
