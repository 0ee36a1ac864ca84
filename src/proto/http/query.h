#pragma once
// One parameter of a request's query ("/a?user=7&x", WHATWG URL section 5.1 without its decoding): names and values are
// compared and returned as they stand, percent signs and all, because what is decoded twice is how filters are walked
// around. The first of a name counts. Pure; views into the target.

#include <optional>
#include <string_view>

namespace weir::proto::http {

/// The value of the first parameter of that name in `target` ("/path?query"); empty for "name" and "name=". Nothing
/// when there is none.
std::optional<std::string_view> find_query_parameter(std::string_view target, std::string_view name);

}  // namespace weir::proto::http
