#pragma once
// An error says what happened, whose fault it is, and whether trying again is safe. It is a trivially
// copyable value; its text comes from a table (text_of), so making one on the hot path costs nothing.

#include <cstdint>
#include <string_view>

namespace weir {

enum class Code : uint8_t {
  ok,
  // connecting and moving bytes
  connect_refused,
  connect_timeout,
  connect_failed,
  reset,
  closed_early,
  io_failed,
  address_in_use,
  // protocol
  malformed,
  too_large,
  unsupported,
  // time and limits
  timeout,
  limit_reached,
  no_endpoint,
  cancelled,
  draining,
  // control path
  invalid_argument,
  not_found,
  permission,
  out_of_fds,
};

enum class Origin : uint8_t { internal, downstream, upstream };

/// `if_reused`: safe only when the connection had already served a request (it may have died while idle).
enum class Retry : uint8_t { no, yes, if_reused };

struct Error {
  Code code = Code::ok;
  Origin origin = Origin::internal;
  Retry retry = Retry::no;
  int os_error = 0;         ///< errno when the operating system said it, else 0
  const char* detail = "";  ///< a string literal that narrows `code`; never built at run time
};

/// Snake-case name of a code, stable, for headers, logs and metrics.
std::string_view name_of(Code code);
std::string_view name_of(Origin origin);
/// One sentence for people.
std::string_view text_of(Code code);

}  // namespace weir
