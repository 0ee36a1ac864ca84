#pragma once
// What the end of an attempt says about its endpoint: the words of HTTP and of sockets put into those of outlier
// detection (balance/outlier_tally.h). Pure.

#include <cstdint>

#include "balance/outlier_tally.h"
#include "base/error.h"

namespace weir::l7::core {

/// 502, 503, 504: the statuses by which a gateway says that it was not the application who answered.
constexpr bool is_gateway_status(uint16_t status) { return status >= 502 && status <= 504; }

constexpr balance::Outcome outcome_of(uint16_t status) {
  if (is_gateway_status(status)) return balance::Outcome::gateway_failure;
  return status >= 500 ? balance::Outcome::server_error : balance::Outcome::success;
}

/// Of an attempt that got no response. What is our own doing, a limit or a lack, says nothing about the endpoint.
constexpr balance::Outcome outcome_of(Code code) {
  switch (code) {
    case Code::connect_refused:
    case Code::connect_timeout:
    case Code::connect_failed: return balance::Outcome::local_failure;
    case Code::cancelled:
    case Code::out_of_fds:
    case Code::limit_reached: return balance::Outcome::cancelled;
    default: return balance::Outcome::gateway_failure;
  }
}

}  // namespace weir::l7::core
