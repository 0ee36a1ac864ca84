#pragma once
// Query strings of the admin interface: "endpoint=10.0.0.1:3000&weight=5", percent-encoded (RFC 3986 section 2.1). A
// name that is unknown, twice there or badly encoded is an error, because a misspelt parameter that is ignored does
// something else than what was meant. Pure functions, any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::app {

using Query = std::map<std::string, std::string, std::less<>>;

/// `text`: what follows the question mark. An error is one sentence for people.
Result<Query, std::string> parse_query(std::string_view text, std::span<const std::string_view> known);

/// One value: %41 is A. An error is one sentence for people.
Result<std::string, std::string> percent_decode(std::string_view text);

/// The parameter as a whole number from `min` to `max`, if it is there and is one.
std::optional<uint32_t> number_in(const Query& query, std::string_view name, uint32_t min, uint32_t max);

/// The inverse of percent_decode.
std::string percent_encode(std::string_view text);

}  // namespace weir::app
