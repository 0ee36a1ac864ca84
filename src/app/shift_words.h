#pragma once
// Shifts (l7/shifts.h) in words: what is asked for on the command line and over the admin interface, and how they
// stand, as JSON and for a terminal. Pure functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "app/query.h"
#include "base/result.h"
#include "l7/shifts.h"

namespace weir::app {

/// "blue->green", and since shells take > for a redirection also "blue→green" and "blue:green". An error is one
/// sentence for people.
Result<std::pair<std::string, std::string>, std::string> parse_pair(std::string_view text);
/// "2%", "0.5 %", "2": in parts of core::kWholeShare.
Result<uint32_t, std::string> parse_percent(std::string_view text);
std::string format_percent(uint32_t share);

/// From the parameters of POST /shift: from, to, over, steps, abort_on, min_requests.
Result<l7::Shifts::Entry, std::string> read_shift(const Query& query, Instant now);

std::string shifts_json(const l7::Shifts& shifts, Instant now);
/// For a terminal, from that JSON; an error when it is something else.
Result<std::string, std::string> shifts_table(std::string_view json);

}  // namespace weir::app
