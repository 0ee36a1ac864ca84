#pragma once
// How a request can fail to be good, as a load generator counts it. Values; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::load {

enum class Failure : uint8_t {
  connect,      ///< refused, unreachable, or not connected within the timeout
  reset,        ///< the connection broke in the middle
  early_close,  ///< closed by the server before the response was whole
  malformed,    ///< not HTTP
  timeout,      ///< sent, and not answered in time (counted from the intended start)
  not_sent,     ///< waited for a free connection until its time was over
  status_4xx,   ///< a whole response, but the request was refused
  status_5xx,   ///< a whole response that says the server failed
};
inline constexpr size_t kFailures = 8;
inline constexpr std::array<std::string_view, kFailures> kFailureNames{
    "connect", "reset", "early_close", "malformed", "timeout", "not_sent", "status_4xx", "status_5xx"};

}  // namespace weir::load
