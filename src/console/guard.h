#pragma once
// Who may ask the admin interface what. There is no login: whoever reaches the address may use it. What must not reach
// it is somebody else's web page, through the browser of whoever administers Weir. Four doors:
//
//  - Host must be a numeric address or localhost: a page whose name was re-bound to our address (DNS rebinding) still
//    sends that name.
//  - A changing request from a program carries X-Weir-Admin (any value), which a page cannot send to another origin
//    without a preflight that is never granted.
//  - A request that a browser made (it has Origin or Sec-Fetch-Site, which pages cannot forge or leave out) must come
//    from the console's own origin.
//  - A changing request from a browser also carries this process's token, which only that origin can read (the first
//    event of GET /events).
//
// Fetch metadata: W3C Fetch Metadata Request Headers; Origin: RFC 6454 section 7. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::console {

enum class Purpose : uint8_t {
  read,    ///< anybody's GET: pages of another origin cannot read the answer
  listen,  ///< GET /events: holds one of few places
  change,
};

struct Asker {
  Purpose purpose = Purpose::read;
  std::string_view host;  ///< of the request, as received
  std::optional<std::string_view> origin{}, fetch_site{}, token{};
  bool has_admin_field = false;
};

struct Denial {
  uint16_t status = 403;
  std::string text;  ///< one sentence
};

/// Nothing: go ahead.
std::optional<Denial> judge(const Asker& asker, std::string_view token);

/// Whether `authority` (of a Host field) is a numeric address or localhost, with or without a port.
bool is_numeric_host(std::string_view authority);

}  // namespace weir::console
