#pragma once
// Appending JSON text on the hot path (the access log). Building documents is nlohmann-json's job; this only
// escapes strings so that no byte of a request can break out of its field or its line (no log injection).

#include <string>
#include <string_view>

namespace weir {

/// Appends `text` as a quoted JSON string. Control characters, quotes and backslashes are escaped; bytes that are not
/// valid UTF-8 become \u00XX of their value (Latin-1), so that the output is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

}  // namespace weir
