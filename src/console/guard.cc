#include "console/guard.h"

#include <fmt/format.h>

#include "model/address.h"
#include "model/units.h"
#include "proto/http/message.h"

namespace weir::console {

namespace {

/// In a time that does not depend on where they differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size() || a.empty()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

bool is_own_origin(std::string_view origin, std::string_view host) {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) && proto::http::iequals(origin.substr(kScheme.size()), host);
}

}  // namespace

bool is_numeric_host(std::string_view authority) {
  return model::parse_address(authority) || model::parse_address(std::string(authority) + ":80");
}

std::optional<Denial> judge(const Asker& asker, std::string_view token) {
  if (!is_numeric_host(asker.host)) {
    return Denial{421,
                  fmt::format("Host {} is refused: use a numeric address or localhost, so that no web page can get "
                              "here by a name of its own",
                              model::quote(asker.host))};
  }
  if (asker.purpose == Purpose::read) return std::nullopt;
  const bool from_browser = asker.origin || asker.fetch_site;
  if (asker.origin && !is_own_origin(*asker.origin, asker.host)) {
    return Denial{403, fmt::format("a page of {} may not ask this", model::quote(*asker.origin))};
  }
  if (asker.fetch_site && *asker.fetch_site != "same-origin") {
    return Denial{403, "only the console's own page may ask this from a browser"};
  }
  if (asker.purpose == Purpose::listen) return std::nullopt;
  if (from_browser && !(asker.token && same_secret(*asker.token, token))) {
    return Denial{403,
                  "a change from a browser needs the token that this process gave its console; load the page again"};
  }
  if (!from_browser && !asker.has_admin_field) {
    return Denial{403, "a changing request needs the field X-Weir-Admin, with any value"};
  }
  return std::nullopt;
}

}  // namespace weir::console
